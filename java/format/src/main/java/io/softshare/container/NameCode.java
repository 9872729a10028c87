package io.softshare.container;

import io.softshare.codec.LimitException;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Names one after another, each as what it has beyond the start it shares with the one before: nodes of a network are
 * called alike. One byte holds both lengths where they are below 15.
 */
final class NameCode {
    private static final int MORE = 15;

    /** Bytes of names that a tensor of the reader's limit is worth: what is shared makes long names of few bytes. */
    private static final int BYTES_PER_TENSOR = 100;

    private final int most;
    private final long mostTogether;
    private byte[] last = new byte[0];
    private long together;

    /** For writing. */
    NameCode() {
        this(Limits.DEFAULT);
    }

    /** For reading names that may be so long, alone and together. */
    NameCode(Limits limits) {
        most = limits.nameBytes();
        mostTogether = (long) BYTES_PER_TENSOR * limits.tensors();
    }

    void write(ByteSink out, String name) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        int shared = 0;
        while (shared < Math.min(last.length, utf8.length) && last[shared] == utf8[shared]) {
            shared++;
        }
        int rest = utf8.length - shared;
        out.u8(Math.min(shared, MORE) << 4 | Math.min(rest, MORE));
        for (int length : new int[] {shared, rest}) {
            if (length >= MORE) {
                out.varint(length - MORE);
            }
        }
        for (int i = shared; i < utf8.length; i++) {
            out.u8(utf8[i]);
        }
        last = utf8;
    }

    String read(ByteSource in, String what) throws MalformedFileException {
        int start = in.offset();
        int lengths = in.u8(what);
        long shared = lengths >> 4;
        long rest = lengths & MORE;
        if (shared == MORE) {
            shared += in.varint(Integer.MAX_VALUE, "length of the " + what);
        }
        if (rest == MORE) {
            rest += in.varint(Integer.MAX_VALUE, "length of the " + what);
        }
        if (shared > last.length) {
            throw new MalformedFileException(
                    start, what + " with at most " + last.length + " bytes of the one before", String.valueOf(shared));
        }
        if (shared + rest > most) {
            throw new LimitException(start, "bytes of the " + what, most, String.valueOf(shared + rest));
        }
        together += shared + rest;
        if (together > mostTogether) {
            throw new LimitException(start, "bytes of all names together", mostTogether, "more");
        }
        byte[] utf8 = new byte[(int) (shared + rest)];
        System.arraycopy(last, 0, utf8, 0, (int) shared);
        for (int i = (int) shared; i < utf8.length; i++) {
            utf8[i] = (byte) in.u8(what);
        }
        last = utf8;
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new MalformedFileException(start, what + " in UTF-8", "other bytes", e);
        }
    }
}
