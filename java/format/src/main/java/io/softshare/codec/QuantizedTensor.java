package io.softshare.codec;

import io.softshare.graph.TensorSpec;
import java.util.Arrays;

/**
 * Weights that share the values of a codebook.
 *
 * @param indices one component a weight; 0 is the zero weight
 * @param codebook the components' values; the first is +0. Sorted ones code best, and tensors that share one array of
 *     equal values store it once
 */
public record QuantizedTensor(TensorSpec spec, int[] indices, float[] codebook) implements CompressedTensor {
    /** Components at most, the zero one included. */
    public static final int MAX_COMPONENTS = 65_535;

    public QuantizedTensor {
        Checks.size(spec, indices.length);
        if (codebook.length < 1 || codebook.length > MAX_COMPONENTS) {
            throw new IllegalArgumentException(
                    spec.name() + ": a codebook has 1 to " + MAX_COMPONENTS + " components, found " + codebook.length);
        }
        if (Float.floatToRawIntBits(codebook[0]) != 0) {
            throw new IllegalArgumentException(
                    spec.name() + ": component 0 is the zero weight, expected value 0, found " + codebook[0]);
        }
        for (int i = 0; i < indices.length; i++) {
            if (indices[i] < 0 || indices[i] >= codebook.length) {
                throw new IllegalArgumentException(spec.name() + ": index of weight " + i + ": expected 0 to "
                        + (codebook.length - 1) + ", found " + indices[i]);
            }
        }
    }

    @Override
    public float[] values() {
        float[] values = new float[indices.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = codebook[indices[i]];
        }
        return values;
    }

    @Override
    public int nonZero() {
        return Checks.nonZero(indices);
    }

    /** Whether another tensor's codebook has the same values, bit for bit. */
    public boolean hasCodebookOf(QuantizedTensor other) {
        return Checks.sameBits(codebook, other.codebook);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof QuantizedTensor t
                && spec.equals(t.spec)
                && Arrays.equals(indices, t.indices)
                && Checks.sameBits(codebook, t.codebook);
    }

    @Override
    public int hashCode() {
        return spec.hashCode() * 31 + Arrays.hashCode(indices);
    }

    @Override
    public String toString() {
        return spec.name() + " " + spec.shape() + ", " + nonZero() + " non-zero, " + codebook.length + " components";
    }
}
