package io.softshare.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.BitSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ShuffleTest {
    @Property(tries = 200, seed = "1")
    void isAPermutation(
            @ForAll @IntRange(max = 2000) int n, @ForAll long seed, @ForAll @IntRange(max = 500) int epoch) {
        int[] order = Shuffle.permutation(n, seed, epoch);
        assertEquals(n, order.length);
        BitSet seen = new BitSet(n);
        for (int i : order) {
            assertFalse(seen.get(i), "twice: " + i);
            seen.set(i);
        }
        assertEquals(n, seen.cardinality());
    }

    @Property(tries = 1000, seed = "2")
    void multiplyHighIsExact(@ForAll int low, @ForAll int high, @ForAll @IntRange(min = 1) int bound) {
        BigInteger draw =
                BigInteger.valueOf(high & 0xFFFFFFFFL).shiftLeft(32).add(BigInteger.valueOf(low & 0xFFFFFFFFL));
        int expected = draw.multiply(BigInteger.valueOf(bound)).shiftRight(64).intValueExact();
        assertEquals(expected, Shuffle.multiplyHigh(low, high, bound));
    }

    /**
     * Kept figures, from a second program on the kernels' own philox.h and 128-bit products: an order that changes would
     * change every trained network.
     */
    @Test
    void orderIsKept() {
        int[] order = Shuffle.permutation(60_000, 1, 0);
        assertArrayEquals(new int[] {606, 43842, 11115, 5432, 1380, 56455, 32137, 59404}, Arrays.copyOf(order, 8));
        assertArrayEquals(new int[] {9, 1, 2, 5, 7, 8, 4, 3, 0, 6}, Shuffle.permutation(10, -7, 3));
    }

    @Test
    void seedsAndEpochsDiffer() {
        int[] one = Shuffle.permutation(100, 1, 0);
        assertFalse(Arrays.equals(one, Shuffle.permutation(100, 1, 1)));
        assertFalse(Arrays.equals(one, Shuffle.permutation(100, 2, 0)));
        assertFalse(Arrays.equals(one, Shuffle.permutation(100, 1L << 32 | 1, 0)), "upper half of the seed");
    }

    /** Each of the 24 orders of four comes about as often: chi-square with 23 degrees, 99.9 % point 49.7. */
    @Test
    void ordersComeEquallyOften() {
        int[] counts = new int[256];
        int draws = 24_000;
        for (int epoch = 0; epoch < draws; epoch++) {
            int[] p = Shuffle.permutation(4, 5, epoch);
            counts[p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]]++;
        }
        double chiSquare = Arrays.stream(counts)
                .filter(count -> count > 0)
                .mapToDouble(count -> (count - 1000.0) * (count - 1000.0) / 1000)
                .sum();
        assertEquals(24, Arrays.stream(counts).filter(count -> count > 0).count());
        assertTrue(chiSquare < 49.7, "chi-square " + chiSquare);
    }
}
