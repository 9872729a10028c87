package io.softshare.codec;

import io.softshare.graph.TensorSpec;
import java.util.Arrays;

/**
 * Values that are multiples of a power of two: steps · 2^−fractionBits. Meant for biases.
 *
 * @param steps one a value
 * @param fractionBits 0 to {@value #MAX_FRACTION_BITS}; 5 rounds to 1/32
 */
public record FixedPointTensor(TensorSpec spec, int[] steps, int fractionBits) implements CompressedTensor {
    public static final int MAX_FRACTION_BITS = 30;

    /** Steps lie between −MAX_STEP and MAX_STEP, so that each value is exactly one float. */
    public static final int MAX_STEP = (1 << 24) - 1;

    public FixedPointTensor {
        Checks.size(spec, steps.length);
        if (fractionBits < 0 || fractionBits > MAX_FRACTION_BITS) {
            throw new IllegalArgumentException(
                    spec.name() + ": fraction bits: expected 0 to " + MAX_FRACTION_BITS + ", found " + fractionBits);
        }
        for (int i = 0; i < steps.length; i++) {
            if (steps[i] < -MAX_STEP || steps[i] > MAX_STEP) {
                throw new IllegalArgumentException(spec.name() + ": step of value " + i + ": expected at most "
                        + MAX_STEP + " in size, found " + steps[i]);
            }
        }
    }

    /** The nearest steps for the given values (ties to even). */
    public static FixedPointTensor round(TensorSpec spec, float[] values, int fractionBits) {
        int[] steps = new int[values.length];
        for (int i = 0; i < steps.length; i++) {
            double step = Math.rint(Math.scalb((double) values[i], fractionBits));
            if (!(Math.abs(step) <= MAX_STEP)) {
                throw new IllegalArgumentException(
                        spec.name() + ": value " + i + " (" + values[i] + ") has no step of 2^-" + fractionBits);
            }
            steps[i] = (int) step;
        }
        return new FixedPointTensor(spec, steps, fractionBits);
    }

    @Override
    public float[] values() {
        float[] values = new float[steps.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.scalb((float) steps[i], -fractionBits);
        }
        return values;
    }

    @Override
    public int nonZero() {
        return Checks.nonZero(steps);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FixedPointTensor t
                && spec.equals(t.spec)
                && fractionBits == t.fractionBits
                && Arrays.equals(steps, t.steps);
    }

    @Override
    public int hashCode() {
        return spec.hashCode() * 31 + Arrays.hashCode(steps);
    }

    @Override
    public String toString() {
        return spec.name() + " " + spec.shape() + ", steps of 2^-" + fractionBits;
    }
}
