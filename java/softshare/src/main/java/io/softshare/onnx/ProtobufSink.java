package io.softshare.onnx;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Fields of a message in protocol buffers' wire format. Three kinds are all that is written here; protobuf's own output
 * stream makes new JVMs warn of its unsafe memory access on standard error, where this program has one line for people.
 */
final class ProtobufSink {
    private static final int VARINT = 0;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private void raw(long value) {
        long rest = value;
        while (rest >>> 7 != 0) {
            out.write((int) rest & 0x7F | 0x80);
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    ProtobufSink whole(int field, long value) {
        raw((long) field << 3 | VARINT);
        raw(value);
        return this;
    }

    ProtobufSink number(int field, float value) {
        raw((long) field << 3 | FIXED32);
        int bits = Float.floatToRawIntBits(value);
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(bits >>> shift);
        }
        return this;
    }

    ProtobufSink text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtobufSink message(int field, ProtobufSink message) {
        return bytes(field, message.toBytes());
    }

    ProtobufSink bytes(int field, byte[] value) {
        length(field, value.length);
        out.write(value, 0, value.length);
        return this;
    }

    /** Announces so many bytes, which the caller writes behind these. */
    ProtobufSink length(int field, long bytes) {
        raw((long) field << 3 | BYTES);
        raw(bytes);
        return this;
    }

    /** Bytes that are fields already. */
    void append(byte[] fields) {
        out.write(fields, 0, fields.length);
    }

    int size() {
        return out.size();
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}
