package io.softshare.bench;

/** Adaptive probabilities in integers, the same at both ends of the yardstick's code. */
final class Contexts {
    private static final int BITS = 22;

    private final int[] fast;
    private final int[] slow;
    private final int[] fastShift;
    private final int[] slowShift;

    Contexts(int size) {
        fast = new int[size];
        slow = new int[size];
        fastShift = new int[size];
        slowShift = new int[size];
        for (int c = 0; c < size; c++) {
            set(c, Adaptation.PLAIN);
        }
    }

    void set(int context, Adaptation adaptation) {
        int p = (int) (adaptation.start() * (1 << BITS));
        fast[context] = p;
        slow[context] = p;
        fastShift[context] = adaptation.fast();
        slowShift[context] = adaptation.slow();
    }

    /** Probability of a 1 in 65536ths, 1 to 65535. */
    int p(int context) {
        return Math.max(1, Math.min(65535, fast[context] + slow[context] >>> BITS + 1 - 16));
    }

    void update(int context, int bit) {
        int one = bit << BITS;
        fast[context] += one - fast[context] >> fastShift[context];
        slow[context] += one - slow[context] >> slowShift[context];
    }
}
