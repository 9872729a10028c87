package io.softshare.device;

import java.lang.ref.Cleaner;
import java.util.Objects;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A piece of a device's memory, or a view of a part of one. Offsets and counts are in elements of the type read or
 * written; every access is checked against the size. Views are valid until the buffer they belong to is closed, and
 * closing a view does nothing. Not for use by several threads at once.
 */
public final class Buffer implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final int ALIGNMENT = 64;

    /** The memory itself; a buffer nobody closed is freed when neither it nor a view of it is reachable. */
    private static final class Memory implements Runnable {
        private final MemorySpace space;
        private final Pointer base;
        private final long bytes;
        private boolean freed;

        Memory(MemorySpace space, Pointer base, long bytes) {
            this.space = space;
            this.base = base;
            this.bytes = bytes;
        }

        @Override
        public void run() {
            freed = true;
            space.free(base, bytes);
        }
    }

    private final Buffer owner; // null: this is the owner
    private final Memory memory;
    private final Cleaner.Cleanable cleanable;
    private final BytePointer pointer;
    private final long bytes;
    private final FloatPointer floats;

    private Buffer(Buffer owner, Memory memory, BytePointer pointer, long bytes) {
        this.owner = owner;
        this.memory = memory;
        this.cleanable = owner == null ? CLEANER.register(this, memory) : null;
        this.pointer = pointer;
        this.bytes = bytes;
        this.floats = new FloatPointer(pointer);
    }

    /** Zeroed memory of a space. */
    static Buffer of(MemorySpace space, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative size " + bytes);
        }
        long taken = Math.addExact(bytes, ALIGNMENT);
        Pointer base = space.take(taken);
        long shift = (ALIGNMENT - base.address() % ALIGNMENT) % ALIGNMENT;
        BytePointer start = new BytePointer(base).getPointer(BytePointer.class, shift);
        Buffer buffer = new Buffer(null, new Memory(space, base, taken), start, bytes);
        if (!space.onHost()) {
            buffer.clear();
        }
        return buffer;
    }

    /** Size in bytes. */
    public long bytes() {
        return bytes;
    }

    /** So many bytes from an offset in bytes on, in the same memory. */
    public Buffer view(long offset, long length) {
        Objects.checkFromIndexSize(offset, length, bytes);
        return new Buffer(owner == null ? this : owner, memory, open().getPointer(BytePointer.class, offset), length);
    }

    /** A view of floats: offset and count in floats. */
    public Buffer floatView(long offset, long count) {
        return view(Math.multiplyExact(offset, 4L), Math.multiplyExact(count, 4L));
    }

    public void write(long offset, float[] source, int from, int count) {
        check(offset, count, Float.BYTES);
        Objects.checkFromIndexSize(from, count, source.length);
        fill(4L * offset, 4L * count, host -> new FloatPointer(host).put(source, from, count));
    }

    public void write(float... source) {
        write(0, source, 0, source.length);
    }

    public void write(int... source) {
        check(0, source.length, Integer.BYTES);
        fill(0, 4L * source.length, host -> new IntPointer(host).put(source, 0, source.length));
    }

    public void write(double... source) {
        check(0, source.length, Double.BYTES);
        fill(0, 8L * source.length, host -> new DoublePointer(host).put(source, 0, source.length));
    }

    public void write(long... source) {
        check(0, source.length, Long.BYTES);
        fill(0, 8L * source.length, host -> new LongPointer(host).put(source, 0, source.length));
    }

    public void write(byte... source) {
        check(0, source.length, 1);
        fill(0, source.length, host -> new BytePointer(host).put(source, 0, source.length));
    }

    public float[] readFloats(long offset, int count) {
        check(offset, count, Float.BYTES);
        float[] target = new float[count];
        fetch(4L * offset, 4L * count, host -> new FloatPointer(host).get(target, 0, count));
        return target;
    }

    public float[] readFloats() {
        return readFloats(0, Math.toIntExact(bytes / Float.BYTES));
    }

    public int[] readInts(int count) {
        check(0, count, Integer.BYTES);
        int[] target = new int[count];
        fetch(0, 4L * count, host -> new IntPointer(host).get(target, 0, count));
        return target;
    }

    public double[] readDoubles(int count) {
        check(0, count, Double.BYTES);
        double[] target = new double[count];
        fetch(0, 8L * count, host -> new DoublePointer(host).get(target, 0, count));
        return target;
    }

    public long[] readLongs(int count) {
        check(0, count, Long.BYTES);
        long[] target = new long[count];
        fetch(0, 8L * count, host -> new LongPointer(host).get(target, 0, count));
        return target;
    }

    public byte[] readBytes(int count) {
        check(0, count, 1);
        byte[] target = new byte[count];
        fetch(0, count, host -> new BytePointer(host).get(target, 0, count));
        return target;
    }

    /** Lets the filler write host memory: the buffer's own, or a stage that is then copied to the device. */
    private void fill(long offset, long length, Consumer<Pointer> filler) {
        Pointer to = open().getPointer(BytePointer.class, offset);
        if (memory.space.onHost()) {
            filler.accept(to);
        } else if (length > 0) {
            Pointer stage = HostMemory.INSTANCE.take(length);
            try {
                filler.accept(stage);
                memory.space.write(to, stage, length);
            } finally {
                HostMemory.INSTANCE.free(stage, length);
            }
        }
    }

    /** Lets the reader read host memory, after the device's work so far. */
    private void fetch(long offset, long length, Consumer<Pointer> reader) {
        Pointer from = open().getPointer(BytePointer.class, offset);
        if (memory.space.onHost()) {
            reader.accept(from);
        } else if (length > 0) {
            Pointer stage = HostMemory.INSTANCE.take(length);
            try {
                memory.space.read(from, stage, length);
                reader.accept(stage);
            } finally {
                HostMemory.INSTANCE.free(stage, length);
            }
        }
    }

    /** Sets every byte to 0. */
    public void clear() {
        if (bytes > 0) {
            memory.space.clear(open(), bytes);
        }
    }

    /** Copies another buffer of the same device and size into this one. */
    public void copyFrom(Buffer source) {
        if (source.memory.space != memory.space) {
            throw new IllegalArgumentException("copy from another device");
        }
        if (source.bytes != bytes) {
            throw new IllegalArgumentException("copy of " + source.bytes + " bytes into " + bytes);
        }
        if (bytes > 0) {
            memory.space.copy(open(), source.open(), bytes);
        }
    }

    /** Frees the memory; again is harmless. */
    @Override
    public void close() {
        if (owner == null) {
            cleanable.clean();
        }
    }

    FloatPointer floats() {
        open();
        return floats;
    }

    DoublePointer doubles() {
        return new DoublePointer(open());
    }

    IntPointer ints() {
        return new IntPointer(open());
    }

    LongPointer longs() {
        return new LongPointer(open());
    }

    BytePointer open() {
        if (memory.freed) {
            throw new IllegalStateException("the buffer is closed");
        }
        return pointer;
    }

    private void check(long offset, long count, int size) {
        Objects.checkFromIndexSize(offset, count, bytes / size);
    }
}
