package io.softshare.codec;

import io.softshare.graph.TensorSpec;
import java.util.Arrays;

/**
 * Floats as they are, bit for bit. Meant for batch-norm parameters. Low mantissa bits that are zero in all of them cost
 * nothing in the context codec: rounding to bfloat16 or fp16 beforehand makes the file smaller.
 */
public record FloatTensor(TensorSpec spec, float[] values) implements CompressedTensor {
    public FloatTensor {
        Checks.size(spec, values.length);
    }

    @Override
    public int nonZero() {
        int count = 0;
        for (float v : values) {
            count += v != 0 ? 1 : 0;
        }
        return count;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FloatTensor t && spec.equals(t.spec) && Checks.sameBits(values, t.values);
    }

    @Override
    public int hashCode() {
        return spec.hashCode() * 31 + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return spec.name() + " " + spec.shape() + ", floats";
    }
}
