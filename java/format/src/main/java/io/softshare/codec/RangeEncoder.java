package io.softshare.codec;

import java.io.ByteArrayOutputStream;

/**
 * Binary range coder with carry. {@code low} has 33 bits: bit 32 is a carry into bytes already set aside, which is why a
 * byte and any 0xFF after it are held back until it is known.
 */
final class RangeEncoder implements BinaryCoder {
    static final long FULL = 0xFFFF_FFFFL;
    static final long SMALL = 1L << 24;

    private final ByteArrayOutputStream out;
    private long low;
    private long range = FULL;
    private int held = -1; // −1: no byte yet; nothing can carry into it, as low starts at 0
    private long pending;
    private long shifts;

    /** @param keepBytes false to measure only */
    RangeEncoder(boolean keepBytes) {
        out = keepBytes ? new ByteArrayOutputStream() : null;
    }

    @Override
    public int code(int bit, int p) {
        long bound = range * p >>> 16;
        if (bit != 0) {
            range = bound;
        } else {
            low += bound;
            range -= bound;
        }
        while (range < SMALL) {
            shift();
            range <<= 8;
        }
        return bit;
    }

    private void shift() {
        shifts++;
        if (out != null) {
            if (low < 0xFF00_0000L || low > FULL) {
                int carry = (int) (low >>> 32);
                if (held >= 0) {
                    out.write(held + carry);
                }
                for (; pending > 0; pending--) {
                    out.write(0xFF + carry);
                }
                held = (int) (low >>> 24 & 0xFF);
            } else {
                pending++;
            }
        }
        low = (low & 0x00FF_FFFFL) << 8;
    }

    @Override
    public double position() {
        return position(shifts, range);
    }

    static double position(long shifts, long range) {
        return 8.0 * shifts + 32 - StrictMath.log(range) / StrictMath.log(2);
    }

    /** Ends with the fewest bytes that still name a number within the range; a decoder reads zeros after them. */
    byte[] finish() {
        for (int bytes = 0; bytes <= 4; bytes++) {
            long rest = (1L << 32 - 8 * bytes) - 1;
            long value = low + rest & ~rest;
            if (value < low + range) {
                low = value;
                for (int i = 0; i <= bytes; i++) {
                    shift();
                }
                break;
            }
        }
        return out.toByteArray();
    }
}
