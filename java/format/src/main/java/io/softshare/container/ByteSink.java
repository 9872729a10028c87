package io.softshare.container;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Bytes, varints (seven bits a byte, low ones first, the high bit set on all but the last), floats and names. */
final class ByteSink {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void u8(int value) {
        out.write(value);
    }

    void varint(long value) {
        long rest = value;
        while (rest >>> 7 != 0) {
            out.write((int) rest & 0x7F | 0x80);
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    void u32(int value) {
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(value >>> shift);
        }
    }

    void f32(float value) {
        u32(Float.floatToRawIntBits(value));
    }

    void name(String name) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        varint(utf8.length);
        bytes(utf8);
    }

    void bytes(byte[] bytes) {
        out.write(bytes, 0, bytes.length);
    }

    int size() {
        return out.size();
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}
