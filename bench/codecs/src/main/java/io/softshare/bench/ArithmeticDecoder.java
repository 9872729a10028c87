package io.softshare.bench;

/** The other end of {@link ArithmeticEncoder}. */
final class ArithmeticDecoder {
    private final byte[] bytes;
    private final Contexts contexts;
    private int at;
    private long code;
    private long range = 0xFFFF_FFFFL;

    ArithmeticDecoder(byte[] bytes, Contexts contexts) {
        this.bytes = bytes;
        this.contexts = contexts;
        for (int i = 0; i < 4; i++) {
            code = code << 8 | next();
        }
    }

    int bit(int context) {
        int bit = decode(contexts.p(context));
        contexts.update(context, bit);
        return bit;
    }

    int even(int count) {
        int value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 1 | decode(1 << 15);
        }
        return value;
    }

    private int decode(int p) {
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
        while (range < 1L << 24) {
            code = code << 8 | next();
            range <<= 8;
        }
        return bit;
    }

    private int next() {
        return at < bytes.length ? bytes[at++] & 0xFF : 0;
    }
}
