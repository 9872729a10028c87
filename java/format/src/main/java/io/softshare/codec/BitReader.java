package io.softshare.codec;

/** The other end of {@link BitWriter}; refuses to read past the end. */
final class BitReader {
    private final byte[] file;
    private final int from;
    private final int to;
    private int at;
    private int left; // bits of the byte before `at` that are still unread

    BitReader(byte[] file, int from, int to) {
        this.file = file;
        this.from = from;
        this.to = to;
        this.at = from;
    }

    int bit() throws MalformedFileException {
        if (left == 0) {
            if (at == to) {
                throw new MalformedFileException(to, "more coded bits", "the end of the payload");
            }
            at++;
            left = 8;
        }
        return file[at - 1] >>> --left & 1;
    }

    int bits(int width) throws MalformedFileException {
        int value = 0;
        for (int i = 0; i < width; i++) {
            value = value << 1 | bit();
        }
        return value;
    }

    int number(int k) throws MalformedFileException {
        int n = 0;
        while (bit() == 0) {
            if (++n + k > 30) {
                throw new MalformedFileException(at - 1, "a number below 2^31", "a larger one");
            }
        }
        return (1 << n + k | bits(n + k)) - (1 << k);
    }

    /** A number of at most {@code max}. */
    int number(int max, String what) throws MalformedFileException {
        int value = number(0);
        if (value > max) {
            throw new MalformedFileException(at - 1, what + " of at most " + max, String.valueOf(value));
        }
        return value;
    }

    /** The byte that holds the bit read last. */
    int offset() {
        return Math.max(from, at - 1);
    }

    double position() {
        return (at - from) * 8.0 - left;
    }

    /** After the last bit: only zeros that fill up its byte may follow. */
    void checkEnd() throws MalformedFileException {
        if (left > 0 && (file[at - 1] & (1 << left) - 1) != 0) {
            throw new MalformedFileException(at - 1, "zeros after the last bit", "ones");
        }
        if (at < to) {
            throw new MalformedFileException(at, "the end of the payload", to - at + " more bytes");
        }
    }
}
