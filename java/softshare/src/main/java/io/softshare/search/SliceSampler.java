package io.softshare.search;

import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/** Slice sampling (Neal 2003), coordinate by coordinate, stepping out and shrinking. Not thread-safe. */
final class SliceSampler {
    private static final int STEPS_OUT = 6;
    private static final double WIDTH = 1.5;

    private final ToDoubleFunction<double[]> logDensity;
    private final double[] state;
    private final SplittableRandom random;
    private double density;

    /**
     * Begins somewhere.
     *
     * @param logDensity up to a constant; minus infinity where there is none
     * @param start where it is not minus infinity
     */
    SliceSampler(ToDoubleFunction<double[]> logDensity, double[] start, SplittableRandom random) {
        this.logDensity = logDensity;
        this.state = start.clone();
        this.random = random;
        density = logDensity.applyAsDouble(state);
    }

    /** Moves every coordinate once; what comes back is a copy. */
    double[] sweep() {
        for (int k = 0; k < state.length; k++) {
            move(k);
        }
        return state.clone();
    }

    private void move(int k) {
        double level = density + Math.log(1 - random.nextDouble());
        double at = state[k];
        double left = at - WIDTH * random.nextDouble();
        double right = left + WIDTH;
        // Neal's limit on steps: they are shared out at random between both sides, which keeps the draw exact.
        int toLeft = random.nextInt(STEPS_OUT);
        int toRight = STEPS_OUT - 1 - toLeft;
        while (toLeft-- > 0 && at(k, left) > level) {
            left -= WIDTH;
        }
        while (toRight-- > 0 && at(k, right) > level) {
            right += WIDTH;
        }
        while (right - left > 1e-9) {
            double tried = left + (right - left) * random.nextDouble();
            double there = at(k, tried);
            if (there > level) {
                density = there;
                return;
            }
            if (tried < at) {
                left = tried;
            } else {
                right = tried;
            }
        }
        state[k] = at;
    }

    /** The density with one coordinate changed, which stays so. */
    private double at(int k, double value) {
        state[k] = value;
        return logDensity.applyAsDouble(state);
    }
}
