package io.softshare.bench;

import java.io.ByteArrayOutputStream;

/** Binary arithmetic coder of 32 bits with carry, bytes out. */
final class ArithmeticEncoder implements BinSink {
    private static final long MASK = 0xFFFF_FFFFL;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Contexts contexts;
    private long low; // bit 32 is a carry into bytes held back
    private long range = MASK;
    private int held = -1;
    private long full; // bytes of 0xFF after the held one, which a carry would run through

    ArithmeticEncoder(Contexts contexts) {
        this.contexts = contexts;
    }

    @Override
    public void bit(int context, int bit) {
        code(bit, contexts.p(context));
        contexts.update(context, bit);
    }

    @Override
    public void even(int value, int count) {
        for (int i = count - 1; i >= 0; i--) {
            code(value >>> i & 1, 1 << 15);
        }
    }

    private void code(int bit, int p) {
        long bound = range * p >>> 16;
        if (bit != 0) {
            range = bound;
        } else {
            low += bound;
            range -= bound;
        }
        while (range < 1L << 24) {
            shift();
            range <<= 8;
        }
    }

    private void shift() {
        if (low > MASK || low < 0xFF00_0000L) {
            int carry = (int) (low >>> 32);
            if (held >= 0) {
                out.write(held + carry);
            }
            for (; full > 0; full--) {
                out.write(0xFF + carry);
            }
            held = (int) (low >>> 24 & 0xFF);
        } else {
            full++;
        }
        low = low << 8 & MASK;
    }

    /** As few bytes as name a number in the last interval; the decoder reads zeros behind them. */
    byte[] finish() {
        int bytes = 0;
        long value = 0;
        for (; bytes <= 4; bytes++) {
            long rest = (1L << 32 - 8 * bytes) - 1;
            value = low + rest & ~rest;
            if (value < low + range) {
                break;
            }
        }
        low = value;
        for (int i = 0; i <= bytes; i++) {
            shift();
        }
        return out.toByteArray();
    }
}
