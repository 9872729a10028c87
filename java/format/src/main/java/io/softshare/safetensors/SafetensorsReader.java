package io.softshare.safetensors;

import io.softshare.codec.Limits;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads float tensors of a safetensors file; tensors of whole numbers are checked and passed over. Memory is in proportion
 * to the file and to the {@link Limits}: values are in the file, byte by byte, so that a short one cannot ask for many.
 */
public final class SafetensorsReader {
    /** Those of a .sws file, but 2^31 elements: 8 GiB of memory, for a file of at least half as many bytes. */
    public static final Limits LIMITS = Limits.DEFAULT.withElements(1L << 31);

    private static final int LENGTH_BYTES = 8;
    private static final int CHUNK_BYTES = 1 << 16; // a multiple of every type's size

    private SafetensorsReader() {}

    /** A file by place: fills a buffer from a byte on. */
    private interface Source {
        void read(ByteBuffer into, long at) throws IOException;
    }

    /** As {@link #read(Path, Limits)} within {@link #LIMITS}. */
    public static StateDict read(Path path) throws IOException {
        return read(path, LIMITS);
    }

    /**
     * Reads all float tensors in the order of their values, doubles rounded to float.
     *
     * @throws SafetensorsException if the file is no safetensors file, or is beyond the limits
     */
    public static StateDict read(Path path, Limits limits) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return read((into, at) -> fill(channel, into, at), channel.size(), limits);
        } catch (SafetensorsException e) {
            throw new SafetensorsException(path + ": " + e.getMessage(), e);
        }
    }

    /** As {@link #read(Path, Limits)}, of a file that is in memory. */
    public static StateDict read(byte[] file, Limits limits) throws SafetensorsException {
        try {
            return read((into, at) -> into.put(file, (int) at, into.remaining()), file.length, limits);
        } catch (SafetensorsException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError("memory can be read", e);
        }
    }

    private static StateDict read(Source source, long size, Limits limits) throws IOException {
        if (size < LENGTH_BYTES) {
            throw new SafetensorsException("expected 8 bytes of header length, found a file of " + size + " bytes");
        }
        ByteBuffer start = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        source.read(start, 0);
        long headerBytes = start.getLong(0);
        long most = Math.min(Math.min(SafetensorsHeader.MAX_BYTES, limits.fileBytes()), size - LENGTH_BYTES);
        if (headerBytes < 0 || headerBytes > most) {
            throw new SafetensorsException("expected a header of at most " + most + " bytes, found a length of "
                    + Long.toUnsignedString(headerBytes) + "; is it a safetensors file?");
        }
        ByteBuffer json = ByteBuffer.allocate((int) headerBytes);
        source.read(json, LENGTH_BYTES);
        long data = LENGTH_BYTES + headerBytes;
        SafetensorsHeader header = SafetensorsHeader.parse(json.array(), size - data, limits);
        long elements = 0;
        for (SafetensorsHeader.Entry entry : header.entries()) {
            elements += entry.type().isFloat() ? entry.size() : 0;
            if (elements > limits.elements()) {
                throw new SafetensorsException("expected at most " + limits.elements()
                        + " values of all tensors together, found more, with "
                        + SafetensorsHeader.quote(entry.name()));
            }
        }
        List<NamedTensor> tensors = new ArrayList<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            if (entry.type().isFloat()) {
                tensors.add(new NamedTensor(entry.name(), entry.shape(), values(source, entry, data)));
            }
        }
        return new StateDict(tensors, header.metadata());
    }

    private static float[] values(Source source, SafetensorsHeader.Entry entry, long data) throws IOException {
        float[] values = new float[entry.size()];
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, entry.end() - entry.begin()))
                .order(ByteOrder.LITTLE_ENDIAN);
        long at = data + entry.begin();
        for (int i = 0; i < values.length; ) {
            buffer.clear();
            buffer.limit((int) Math.min(buffer.capacity(), data + entry.end() - at));
            source.read(buffer, at);
            buffer.flip();
            at += buffer.limit();
            while (buffer.hasRemaining()) {
                values[i++] = entry.type().read(buffer);
            }
        }
        return values;
    }

    private static void fill(FileChannel channel, ByteBuffer buffer, long at) throws IOException {
        long next = at;
        while (buffer.hasRemaining()) {
            int count = channel.read(buffer, next);
            if (count < 0) {
                throw new EOFException("the file became shorter while it was read");
            }
            next += count;
        }
    }
}
