package io.softshare.train;

import io.softshare.network.Arena;
import java.util.Arrays;

/** What prunes works with masks so: bits of live weights, the largest of some numbers, and the arena under another mask. */
final class Masks {
    /** Of a weight that is no candidate for {@link #largest}. */
    static final double NONE = Double.NEGATIVE_INFINITY;

    private Masks() {}

    static boolean isLive(int[] mask, int i) {
        return (mask[i >> 5] >>> (i & 31) & 1) != 0;
    }

    static void set(int[] mask, int i, boolean live) {
        int bit = 1 << (i & 31);
        mask[i >> 5] = live ? mask[i >> 5] | bit : mask[i >> 5] & ~bit;
    }

    /** The mask of so many weights from first on, in words of its own. */
    static int[] part(int[] mask, int first, int count) {
        int[] part = new int[(count + 31) / 32];
        for (int i = 0; i < count; i++) {
            set(part, i, isLive(mask, first + i));
        }
        return part;
    }

    /** Puts such a part back. */
    static void replace(int[] mask, int first, int count, int[] part) {
        for (int i = 0; i < count; i++) {
            set(mask, first + i, isLive(part, i));
        }
    }

    /** Sets, in {@code chosen}, the places of so many of the largest candidates, of all if there are fewer; of equal ones the first. */
    static void largest(double[] values, long wanted, boolean[] chosen) {
        double[] sorted = Arrays.stream(values).filter(x -> x != NONE).sorted().toArray();
        int number = (int) Math.min(Math.max(0, wanted), sorted.length);
        if (number == 0) {
            return;
        }
        double least = sorted[sorted.length - number];
        int left = number;
        for (int i = 0; i < values.length; i++) {
            if (values[i] > least) {
                chosen[i] = true;
                left--;
            }
        }
        for (int i = 0; left > 0; i++) {
            if (values[i] == least) {
                chosen[i] = true;
                left--;
            }
        }
    }

    /** Makes these weights live and no others: whatever changes, either way, begins at 0, with moments of 0. */
    static void keep(Arena arena, boolean[] live) {
        arena.mask();
        int[] mask = arena.readMask();
        float[] values = arena.values().readFloats(0, live.length);
        float[] moment1 = arena.moment1().readFloats(0, live.length);
        float[] moment2 = arena.moment2().readFloats(0, live.length);
        for (int i = 0; i < live.length; i++) {
            if (isLive(mask, i) != live[i]) {
                set(mask, i, live[i]);
                values[i] = 0;
                moment1[i] = 0;
                moment2[i] = 0;
            }
        }
        arena.writeMask(mask);
        arena.values().write(0, values, 0, live.length);
        arena.moment1().write(0, moment1, 0, live.length);
        arena.moment2().write(0, moment2, 0, live.length);
    }
}
