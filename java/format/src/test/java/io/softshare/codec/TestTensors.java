package io.softshare.codec;

import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Tensors like those of pruned networks, and unlike any. */
public final class TestTensors {
    private TestTensors() {}

    public static TensorSpec weight(String name, Integer... shape) {
        return new TensorSpec(name, TensorRole.WEIGHT, List.of(shape));
    }

    public static TensorSpec bias(String name, int size) {
        return new TensorSpec(name, TensorRole.BIAS, List.of(size));
    }

    /** A zero and {@code components − 1} sorted values on both sides of it, each one exactly a half. */
    public static float[] codebook(int components) {
        float[] codebook = new float[components];
        for (int i = 1; i < components; i++) {
            int at = i <= components / 2 ? i - 1 - components / 2 : i - components / 2;
            codebook[i] = Half.toFloat(Half.fromFloat(0.1f * at + 0.013f * (i % 3)));
        }
        return codebook;
    }

    /** Each weight independently non-zero. */
    public static QuantizedTensor random(Random random, TensorSpec spec, float[] codebook, double density) {
        int[] indices = new int[spec.size()];
        for (int i = 0; i < indices.length; i++) {
            if (codebook.length > 1 && random.nextDouble() < density) {
                indices[i] = 1 + random.nextInt(codebook.length - 1);
            }
        }
        return new QuantizedTensor(spec, indices, codebook);
    }

    public static FixedPointTensor steps(Random random, TensorSpec spec, int fractionBits, int largest) {
        int[] steps = new int[spec.size()];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = random.nextBoolean() ? 0 : (int) ((random.nextDouble() * 2 - 1) * largest);
        }
        return new FixedPointTensor(spec, steps, fractionBits);
    }

    /** A value for any tensor of a network, by its role. */
    public static List<CompressedTensor> network(List<TensorSpec> specs, float[] codebook, double density, long seed) {
        Random random = new Random(seed);
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : specs) {
            switch (spec.role()) {
                case WEIGHT -> tensors.add(random(random, spec, codebook, density));
                case BIAS -> tensors.add(steps(random, spec, 5, 40));
                default -> {
                    float[] values = new float[spec.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = Half.toFloat(Half.fromFloat((float) random.nextGaussian()));
                    }
                    tensors.add(new FloatTensor(spec, values));
                }
            }
        }
        return tensors;
    }
}
