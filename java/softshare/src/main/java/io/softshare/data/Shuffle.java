package io.softshare.data;

import io.softshare.device.Philox;

/** The order of the examples in an epoch: the same on every machine for the same seed and epoch. */
public final class Shuffle {
    private Shuffle() {}

    /**
     * A permutation of 0 … n−1 by Fisher–Yates. Step i (from n−1 down to 1) swaps places i and j = ⌊d·(i+1) / 2⁶⁴⌋, where d
     * is 64-bit draw number i: block ⌊i/2⌋ of purpose shuffle, words (0, 1) for even i and (2, 3) for odd i, low word
     * first. The bias of the multiply-high is below (i+1) / 2⁶⁴.
     */
    public static int[] permutation(int n, long seed, int epoch) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        int[] words = new int[4];
        int heldBlock = -1;
        for (int i = n - 1; i >= 1; i--) {
            if (heldBlock != i >>> 1) {
                heldBlock = i >>> 1;
                Philox.block(seed, heldBlock, epoch, Philox.PURPOSE_SHUFFLE, words);
            }
            int first = 2 * (i & 1);
            int j = multiplyHigh(words[first], words[first + 1], i + 1);
            int held = order[i];
            order[i] = order[j];
            order[j] = held;
        }
        return order;
    }

    /** ⌊(high·2³² + low) · bound / 2⁶⁴⌋ for unsigned words and a positive bound; no partial sum passes 2⁶³. */
    static int multiplyHigh(int low, int high, int bound) {
        long carry = (low & 0xFFFFFFFFL) * bound >>> 32;
        return (int) ((high & 0xFFFFFFFFL) * bound + carry >>> 32);
    }
}
