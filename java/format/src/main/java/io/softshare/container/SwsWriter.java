package io.softshare.container;

import io.softshare.codec.Codec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Makes .sws files. The same network and codec give the same bytes, anywhere and at any time. */
public final class SwsWriter {
    private SwsWriter() {}

    public static byte[] encode(CompressedModel model, Codec codec) {
        ByteSink graph = new ByteSink();
        GraphCode.write(graph, model.graph());
        byte[] payload = codec.encode(model.tensors()).bytes();

        ByteSink rest = new ByteSink(); // what follows the length
        rest.varint(0); // required features
        rest.varint(0); // optional features
        rest.varint(codec.id());
        rest.bytes(graph.toBytes());
        rest.bytes(payload);

        ByteSink out = new ByteSink();
        for (int m : SwsConstants.MAGIC) {
            out.u8(m);
        }
        out.u8(SwsConstants.MAJOR);
        out.u8(SwsConstants.MINOR);
        out.varint((long) rest.size() + SwsConstants.CHECKSUM_BYTES);
        out.bytes(rest.toBytes());
        CRC32C crc = new CRC32C();
        crc.update(out.toBytes());
        out.u32((int) crc.getValue());
        return out.toBytes();
    }

    /** Writes the file whole or not at all; returns its size. */
    public static long write(Path path, CompressedModel model, Codec codec) throws IOException {
        byte[] bytes = encode(model, codec);
        AtomicFile.write(path, bytes);
        return bytes.length;
    }
}
