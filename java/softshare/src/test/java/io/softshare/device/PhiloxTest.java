package io.softshare.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** The known answers that come with Random123. */
    @Test
    void givesThePublishedVectors() {
        assertArrayEquals(
                new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, words(0, 0, 0, 0, 0, 0), "all zeros");
        assertArrayEquals(
                new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, words(-1, -1, -1, -1, -1, -1), "all ones");
        assertArrayEquals(
                new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
                words(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0),
                "digits of pi");
    }

    @Test
    void laysOutSeedIndexEpochAndPurpose() {
        int[] out = new int[4];
        Philox.block(0x299f31d0_a4093822L, 0x85a308d3_243f6a88L, 0x13198a2e, 0x03707344, out);
        assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, out);
    }

    /** Kept from the kernels' philox.h: seeds 1 and −7, an example number of 33 bits, epoch 2, purpose augmentation. */
    @Test
    void drawsWhatTheKernelsDraw() {
        int[] out = new int[4];
        Philox.block(1, 1, 2, Philox.PURPOSE_AUGMENTATION, out);
        assertArrayEquals(new int[] {0xe2fc8385, 0xdcef9e27, 0xcd84c344, 0x67b5f04b}, out);
        Philox.block(-7, 5_000_000_000L, 2, Philox.PURPOSE_AUGMENTATION, out);
        assertArrayEquals(new int[] {0x839c5fda, 0xea8317fa, 0x57e3f45d, 0x0f697647}, out);
    }

    @Test
    void uniformCoversZeroToBelowOne() {
        assertEquals(0f, Philox.uniform(0));
        assertEquals(0f, Philox.uniform(255), "the lower eight bits do not count");
        assertEquals(0x1p-24f, Philox.uniform(256));
        assertEquals(1 - 0x1p-24f, Philox.uniform(-1));
    }

    @Test
    void normalHasTheMomentsOfANormal() {
        int[] out = new int[4];
        int n = 100_000;
        double sum = 0;
        double squares = 0;
        double fourths = 0;
        for (int i = 0; i < n; i++) {
            Philox.block(1, i, 0, Philox.PURPOSE_OTHER, out);
            double x = Philox.normal(out[0], out[1]);
            sum += x;
            squares += x * x;
            fourths += x * x * x * x;
        }
        // Four standard errors of each moment: 1, √2 and √96 over √n.
        double error = 4 / Math.sqrt(n);
        assertEquals(0, sum / n, error);
        assertEquals(1, squares / n, error * Math.sqrt(2));
        assertEquals(3, fourths / n, error * Math.sqrt(96));
        assertTrue(Double.isFinite(Philox.normal(0, 0)) && Double.isFinite(Philox.normal(-1, -1)), "ends of the range");
    }

    private static int[] words(int c0, int c1, int c2, int c3, int k0, int k1) {
        int[] out = new int[4];
        Philox.block(c0, c1, c2, c3, k0, k1, out);
        return out;
    }
}
