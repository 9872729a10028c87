package io.softshare.device;

/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011): a
 * block of four 32-bit words is a pure function of a 128-bit counter and a 64-bit key. No state is carried, so every
 * device, thread and resumed run draws the same numbers for the same example.
 *
 * <p>The project's layout (a C header of the native kernels mirrors it word for word):
 *
 * <pre>
 *   key     = (seed low 32 bits, seed high 32 bits)
 *   counter = (index low 32 bits, index high 32 bits, epoch, purpose)
 * </pre>
 *
 * The index is that of the thing drawn for (an example in its set, a weight in its tensor, a step of a shuffle); the
 * purpose is one of the constants below and keeps the streams of one seed apart.
 */
public final class Philox {
    /** Order of the examples in an epoch. */
    public static final int PURPOSE_SHUFFLE = 0;
    /** Shifts and flips of one example in one epoch. */
    public static final int PURPOSE_AUGMENTATION = 1;
    /** Start values of weights. */
    public static final int PURPOSE_INITIALISATION = 2;
    /** Everything else (timing inputs, tests). */
    public static final int PURPOSE_OTHER = 3;

    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    /** Golden ratio and √3 − 1 as 32-bit fractions: the Weyl steps of the key. */
    private static final int KEY_STEP_0 = 0x9E3779B9;

    private static final int KEY_STEP_1 = 0xBB67AE85;

    private Philox() {}

    /** Writes the four words of one block to {@code out[0..3]}. */
    public static void block(int c0, int c1, int c2, int c3, int k0, int k1, int[] out) {
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * (c0 & 0xFFFFFFFFL);
            long product1 = MULTIPLIER_1 * (c2 & 0xFFFFFFFFL);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += KEY_STEP_0;
            k1 += KEY_STEP_1;
        }
        out[0] = c0;
        out[1] = c1;
        out[2] = c2;
        out[3] = c3;
    }

    /** One block in the project's layout of key and counter. */
    public static void block(long seed, long index, int epoch, int purpose, int[] out) {
        block((int) index, (int) (index >>> 32), epoch, purpose, (int) seed, (int) (seed >>> 32), out);
    }

    /** Uniform in [0, 1) from the upper 24 bits of a word, so that a float holds it exactly. */
    public static float uniform(int word) {
        return (word >>> 8) * 0x1p-24f;
    }

    /**
     * Standard normal from two words by Box–Muller in double: √(−2 ln u) cos(2πv) with u in (0, 1] and v in [0, 1).
     * {@link StrictMath} gives the same bits on every JVM.
     */
    public static double normal(int word0, int word1) {
        double u = ((word0 & 0xFFFFFFFFL) + 1) * 0x1p-32;
        double v = (word1 & 0xFFFFFFFFL) * 0x1p-32;
        return StrictMath.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(2 * Math.PI * v);
    }
}
