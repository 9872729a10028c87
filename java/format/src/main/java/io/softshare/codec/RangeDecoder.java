package io.softshare.codec;

/** The other end of {@link RangeEncoder}. Never fails: past the end it reads zeros, and {@link #check} tells. */
final class RangeDecoder implements BinaryCoder {
    private final byte[] file;
    private final int from;
    private final int to;
    private long at;
    private long code; // the file's number minus low, below range
    private long range = RangeEncoder.FULL;

    RangeDecoder(byte[] file, int from, int to) {
        this.file = file;
        this.from = from;
        this.to = to;
        this.at = from;
        for (int i = 0; i < 4; i++) {
            code = code << 8 | next();
        }
    }

    @Override
    public int code(int ignored, int p) {
        long bound = range * p >>> 16;
        int bit;
        if (code < bound) {
            range = bound;
            bit = 1;
        } else {
            code -= bound;
            range -= bound;
            bit = 0;
        }
        while (range < RangeEncoder.SMALL) {
            code = code << 8 | next();
            range <<= 8;
        }
        return bit;
    }

    private int next() {
        int b = at < to ? file[(int) at] & 0xFF : 0;
        at++;
        return b;
    }

    @Override
    public double position() {
        return RangeEncoder.position(at - from - 4, range);
    }

    /** The byte that is read next. */
    long offset() {
        return at;
    }

    /** Looked at between tensors: an encoder never leaves more than four bytes to be imagined. */
    void check() throws MalformedFileException {
        if (at > to + 4L) {
            throw new MalformedFileException(to, "more coded bytes", "the end of the payload");
        }
    }

    /** Looked at after the last decision: all bytes must have been read. */
    void checkEnd() throws MalformedFileException {
        check();
        if (at < to) {
            throw new MalformedFileException(at, "the end of the payload", to - at + " more bytes");
        }
    }
}
