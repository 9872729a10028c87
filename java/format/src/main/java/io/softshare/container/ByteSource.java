package io.softshare.container;

import io.softshare.codec.LimitException;
import io.softshare.codec.MalformedFileException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads what {@link ByteSink} wrote, up to a limit, and only in its shortest form. */
final class ByteSource {
    private final byte[] file;
    private final int end;
    private int at;

    ByteSource(byte[] file, int from, int end) {
        this.file = file;
        this.at = from;
        this.end = end;
    }

    int offset() {
        return at;
    }

    int u8(String what) throws MalformedFileException {
        need(1, what);
        return file[at++] & 0xFF;
    }

    /** A number from 0 to {@code max}, which is below 2^63. */
    long varint(long max, String what) throws MalformedFileException {
        int start = at;
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            int b = u8(what);
            value |= (long) (b & 0x7F) << shift;
            if (b < 0x80) {
                if (b == 0 && shift > 0) {
                    throw new MalformedFileException(start, what + " in its shortest form", "a longer one");
                }
                if (value > max) {
                    throw new MalformedFileException(start, what + " of at most " + max, String.valueOf(value));
                }
                return value;
            }
        }
        throw new MalformedFileException(start, what + " of at most " + max, "a number above 2^63");
    }

    /** A number that is held against one of the reader's limits, named in the plural. */
    long limited(long most, String limit) throws MalformedFileException {
        int start = at;
        long value = varint(Long.MAX_VALUE, limit);
        if (value > most) {
            throw new LimitException(start, limit, most, String.valueOf(value));
        }
        return value;
    }

    float f32(String what) throws MalformedFileException {
        need(4, what);
        int bits = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            bits |= (file[at++] & 0xFF) << shift;
        }
        return Float.intBitsToFloat(bits);
    }

    String name(int maxBytes, String what) throws MalformedFileException {
        int length = (int) limited(maxBytes, "bytes of the " + what);
        need(length, what);
        try {
            String name = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(file, at, length))
                    .toString();
            at += length;
            return name;
        } catch (CharacterCodingException e) {
            throw new MalformedFileException(at, what + " in UTF-8", "other bytes", e);
        }
    }

    private void need(int count, String what) throws MalformedFileException {
        if (count > end - at) {
            throw new MalformedFileException(at, what + " (" + count + " bytes)", (end - at) + " bytes left");
        }
    }
}
