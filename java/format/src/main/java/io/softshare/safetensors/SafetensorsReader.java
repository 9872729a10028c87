package io.softshare.safetensors;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Reads float tensors of a safetensors file; tensors of whole numbers are checked and passed over. */
public final class SafetensorsReader {
    /** Values that are read at most, of all tensors: 8 GiB of memory. */
    public static final long MAX_ELEMENTS = 1L << 31;

    private static final int LENGTH_BYTES = 8;
    private static final int CHUNK_BYTES = 1 << 16; // a multiple of every type's size

    private SafetensorsReader() {}

    /**
     * Reads all float tensors in the order of their values, doubles rounded to float.
     *
     * @throws SafetensorsException if the file is no safetensors file
     */
    public static StateDict read(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return read(channel);
        } catch (SafetensorsException e) {
            throw new SafetensorsException(path + ": " + e.getMessage(), e);
        }
    }

    private static StateDict read(FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < LENGTH_BYTES) {
            throw new SafetensorsException("expected 8 bytes of header length, found a file of " + size + " bytes");
        }
        ByteBuffer start = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        fill(channel, start, 0);
        long headerBytes = start.getLong(0);
        long most = Math.min(SafetensorsHeader.MAX_BYTES, size - LENGTH_BYTES);
        if (headerBytes < 0 || headerBytes > most) {
            throw new SafetensorsException("expected a header of at most " + most + " bytes, found a length of "
                    + Long.toUnsignedString(headerBytes) + "; is it a safetensors file?");
        }
        ByteBuffer json = ByteBuffer.allocate((int) headerBytes);
        fill(channel, json, LENGTH_BYTES);
        long data = LENGTH_BYTES + headerBytes;
        SafetensorsHeader header = SafetensorsHeader.parse(json.array(), size - data);
        long elements = 0;
        List<NamedTensor> tensors = new ArrayList<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            if (entry.type().isFloat()) {
                elements += entry.size();
                if (elements > MAX_ELEMENTS) {
                    throw new SafetensorsException("expected at most " + MAX_ELEMENTS + " values, found more");
                }
                tensors.add(new NamedTensor(entry.name(), entry.shape(), values(channel, entry, data)));
            }
        }
        return new StateDict(tensors, header.metadata());
    }

    private static float[] values(FileChannel channel, SafetensorsHeader.Entry entry, long data) throws IOException {
        float[] values = new float[entry.size()];
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, entry.end() - entry.begin()))
                .order(ByteOrder.LITTLE_ENDIAN);
        long at = data + entry.begin();
        for (int i = 0; i < values.length; ) {
            buffer.clear();
            buffer.limit((int) Math.min(buffer.capacity(), data + entry.end() - at));
            fill(channel, buffer, at);
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
