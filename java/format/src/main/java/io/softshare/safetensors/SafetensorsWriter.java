package io.softshare.safetensors;

import io.softshare.container.AtomicFile;
import io.softshare.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes tensors as F32 (counters of batches as I64), in the order given, whole or not at all. The same tensors give the same bytes. */
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;
    private static final int CHUNK_BYTES = 1 << 16;

    private SafetensorsWriter() {}

    public static void write(Path path, List<NamedTensor> tensors, Map<String, String> metadata) throws IOException {
        ByteBuffer start = header(tensors, metadata);
        AtomicFile.write(path, channel -> {
            AtomicFile.writeFully(channel, start);
            ByteBuffer buffer = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (NamedTensor tensor : tensors) {
                ElementType type = type(tensor);
                for (float value : tensor.values()) {
                    if (buffer.remaining() < type.bytes()) {
                        drain(channel, buffer);
                    }
                    if (type == ElementType.I64) {
                        buffer.putLong((long) value);
                    } else {
                        buffer.putFloat(value);
                    }
                }
            }
            drain(channel, buffer);
        });
    }

    private static ElementType type(NamedTensor tensor) {
        return StateDict.isCounter(tensor) ? ElementType.I64 : ElementType.F32;
    }

    private static void drain(FileChannel channel, ByteBuffer buffer) throws IOException {
        buffer.flip();
        AtomicFile.writeFully(channel, buffer);
        buffer.clear();
    }

    /** Length and header, padded with spaces so that the values begin at a multiple of eight bytes. */
    private static ByteBuffer header(List<NamedTensor> tensors, Map<String, String> metadata) {
        Map<String, Object> object = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            object.put(SafetensorsHeader.METADATA, metadata);
        }
        long at = 0;
        for (NamedTensor tensor : tensors) {
            long end = at + (long) type(tensor).bytes() * tensor.values().length;
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", type(tensor));
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", List.of(at, end));
            object.put(tensor.name(), entry);
            at = end;
        }
        byte[] json = Json.write(object).getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer out = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(padded).put(json);
        while (out.hasRemaining()) {
            out.put((byte) ' ');
        }
        return out.flip();
    }
}
