package io.softshare.codec;

import java.util.Arrays;

/**
 * A table of adaptive bits. Each is one int: 22 bits of probability above a 10-bit count of what it has seen. A new slot
 * learns fast (by one over the count), an old one slowly.
 */
final class Slots {
    private static final int ONE = 1 << 22;
    private static final int MIN = 64;
    /** 65536 / (n + 2): the step after n observations. */
    private static final int[] STEP = new int[1024];

    static {
        for (int n = 0; n < STEP.length; n++) {
            STEP[n] = (1 << 16) / (n + 2);
        }
    }

    private final int[] slots;
    private final int limit;

    /** @param limit count at which slots stop slowing down, up to 1023 */
    Slots(int size, int limit) {
        this.slots = new int[size];
        this.limit = limit;
        fill(1 << 15);
    }

    /** All slots to the probability p (in 65536ths) and count 0. */
    void fill(int p) {
        Arrays.fill(slots, p << 16);
    }

    /** Probability of a 1 in 65536ths, 1 to 65535. */
    int p(int slot) {
        return slots[slot] >>> 16;
    }

    /** How often the slot was updated, up to the limit. */
    int count(int slot) {
        return slots[slot] & 1023;
    }

    void update(int slot, int bit) {
        int state = slots[slot];
        int n = state & 1023;
        int p = state >>> 10;
        p += (int) ((long) ((bit << 22) - p) * STEP[n] >> 16);
        p = Math.max(MIN, Math.min(ONE - MIN, p));
        slots[slot] = p << 10 | (n < limit ? n + 1 : n);
    }

    /** Codes a bit by one slot alone. */
    int code(BinaryCoder coder, int slot, int bit) {
        int result = coder.code(bit, p(slot));
        update(slot, result);
        return result;
    }
}
