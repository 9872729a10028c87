package io.softshare.codec;

/**
 * The logistic function and its inverse between probabilities in 65536ths and log-odds in 256ths of a nat, from tables
 * that are built by integer arithmetic alone.
 */
final class Logistic {
    /** Largest log-odds: beyond it a probability is below one 65536th. */
    static final int MAX = 2815;

    /** 2^32 · e^(−1/256), rounded. */
    private static final long DECAY = 4_278_222_805L;

    private static final int[] SQUASH = new int[2 * MAX + 1];
    private static final short[] STRETCH = new short[1 << 16];

    static {
        long e = 1L << 30; // 2^30 · e^(−i/256)
        for (int i = 0; i <= MAX; i++) {
            long sum = (1L << 30) + e;
            int p = (int) Math.max(1, ((e << 16) + (sum >> 1)) / sum);
            SQUASH[MAX - i] = p;
            SQUASH[MAX + i] = (1 << 16) - p;
            e = e * DECAY + (1L << 31) >>> 32;
        }
        int x = -MAX;
        for (int p = 1; p <= 1 << 15; p++) {
            while (x < 0 && SQUASH[x + 1 + MAX] <= p) {
                x++;
            }
            STRETCH[p] = (short) x;
            STRETCH[(1 << 16) - p] = (short) -x;
        }
    }

    private Logistic() {}

    /** Log-odds (clipped to ±MAX) to a probability from 1 to 65535. */
    static int squash(int logOdds) {
        return SQUASH[Math.max(-MAX, Math.min(MAX, logOdds)) + MAX];
    }

    /** Probability from 1 to 65535 to log-odds: for p ≤ 32768 the largest x ≤ 0 with squash(x) ≤ p; else −stretch(65536 − p). */
    static int stretch(int p) {
        return STRETCH[p];
    }
}
