package io.softshare.codec;

import java.util.Arrays;

/**
 * Weighs several opinions about one bit: the log-odds are a weighted sum of the inputs, the weights learn by gradient
 * descent on the code length, fast at first. A weight set is selected for each bit.
 */
final class Mixer {
    /** A weight of one. */
    static final int ONE = 1 << 16;

    private static final int LIMIT = 16 * ONE;
    private static final int SHIFT = 20;

    /** Inputs for the next bit, in log-odds. */
    final int[] inputs;

    private final int[] initial;
    private final int[] weights;
    private final int[] seen;
    private final int slowRate;
    private final int fastRate;
    private int set;
    private int p;

    /**
     * @param sets number of weight sets
     * @param initial weights each set starts with, one an input
     * @param slowRate learning rate in 4096ths after many bits
     * @param fastRate what is added to it at first; halved after {@value #HALF} bits, and so on as one over their count
     */
    Mixer(int sets, int[] initial, int slowRate, int fastRate) {
        this.inputs = new int[initial.length];
        this.initial = initial;
        this.weights = new int[sets * initial.length];
        this.seen = new int[sets];
        this.slowRate = slowRate;
        this.fastRate = fastRate;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = initial[i % initial.length];
        }
    }

    static final int HALF = 256;

    /** Probability of a 1 in 65536ths by the inputs and the weight set. */
    int mix(int set) {
        this.set = set;
        long sum = 0;
        int w = set * inputs.length;
        for (int i = 0; i < inputs.length; i++) {
            sum += (long) inputs[i] * weights[w + i];
        }
        long logOdds = Math.max(-Logistic.MAX, Math.min(Logistic.MAX, sum >> 16));
        p = Logistic.squash((int) logOdds);
        return p;
    }

    /** Learns from the bit that came. */
    void update(int bit) {
        int n = seen[set];
        int error = ((bit << 16) - p) * (slowRate + fastRate * HALF / (HALF + n));
        int w = set * inputs.length;
        for (int i = 0; i < inputs.length; i++) {
            long step = (long) inputs[i] * error + (1 << SHIFT - 1) >> SHIFT;
            weights[w + i] = (int) Math.max(-LIMIT, Math.min(LIMIT, weights[w + i] + step));
        }
        if (n < 1 << 16) {
            seen[set] = n + 1;
        }
    }

    Mixer copy() {
        Mixer copy = new Mixer(seen.length, initial, slowRate, fastRate);
        System.arraycopy(weights, 0, copy.weights, 0, weights.length);
        System.arraycopy(seen, 0, copy.seen, 0, seen.length);
        return copy;
    }

    @Override
    public String toString() {
        return Arrays.toString(weights);
    }
}
