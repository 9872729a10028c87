package io.softshare.device;

/**
 * Where a network lives and runs. Used by one thread at a time. Closing frees the context and its operations; buffers
 * are closed by whoever allocated them.
 */
public interface Device extends AutoCloseable {

    /** One line for people and checkpoints: kind, instruction set or model, library versions, threads. */
    String describe();

    /** Short kind: {@code cpu} or {@code cuda}. */
    String kind();

    /** Zeroed memory of the device, 64-byte aligned. The caller closes it. */
    Buffer allocate(long bytes);

    /** The kernels, on this device. */
    Kernels kernels();

    /** Zeroed memory for so many floats. */
    default Buffer floats(long count) {
        return allocate(Math.multiplyExact(count, (long) Float.BYTES));
    }

    @Override
    void close();
}
