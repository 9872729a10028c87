package io.softshare.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the table compares must be real: every coder gives back what it was given, the yardstick keeps to its formula. */
class CodersTest {
    private static CompressedModel model(String name, Shape input, int components, double density, int largest) {
        Graph graph = Models.find(name, input, 10).orElseThrow();
        Random random = new Random(7);
        float[] codebook = new float[components]; // not in order, so that numbering by value has something to do
        for (int i = 1; i < components; i++) {
            codebook[i] = (i % 2 == 0 ? 0.1f : -0.07f) * (1 + i * 31 % components);
        }
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : graph.tensors()) {
            switch (spec.role()) {
                case WEIGHT -> {
                    int[] indices = new int[spec.size()];
                    for (int i = 0; i < indices.length; i++) {
                        indices[i] = components > 1 && random.nextDouble() < density
                                ? 1 + random.nextInt(components - 1)
                                : 0;
                    }
                    tensors.add(new QuantizedTensor(spec, indices, codebook));
                }
                case BIAS -> {
                    int[] steps = new int[spec.size()];
                    for (int i = 0; i < steps.length; i++) {
                        steps[i] = (int) ((random.nextDouble() * 2 - 1) * largest);
                    }
                    tensors.add(new FixedPointTensor(spec, steps, 9));
                }
                default -> {
                    float[] values = new float[spec.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = i % 5 == 0 ? 0 : (float) random.nextGaussian();
                    }
                    tensors.add(new FloatTensor(spec, values));
                }
            }
        }
        return new CompressedModel(graph, tensors);
    }

    private static void check(CompressedModel model) throws Exception {
        for (Coder coder : Coder.all()) {
            byte[] bytes = coder.encode(model);
            assertEquals(model.tensors(), coder.decode(model, bytes), coder.name());
            assertArrayEquals(bytes, coder.encode(model), coder.name());
        }
        for (boolean choosing : new boolean[] {false, true}) {
            Cabac.Coded coded = new Cabac(choosing).measure(model.tensors());
            assertEquals(coded.idealBits(), 8.0 * coded.bytes().length, 0.03 * coded.idealBits() + 16);
        }
    }

    @Test
    void smallNetworksComeBack() throws Exception {
        Shape image = new Shape(1, 28, 28);
        check(model("lenet-300-100", image, 17, 0.03, 40));
        check(model("lenet-5", image, 2, 0.5, 0));
        check(model("lenet-5", image, 1, 0, 1));
        check(model("lenet-300-100", image, 300, 0.01, 1 << 24));
    }

    @Test
    void residualNetworksComeBack() throws Exception {
        check(model("wrn-16-4", new Shape(3, 32, 32), 33, 0.06, 3));
    }

    @Test
    void denseDecisionsCostOneBit() {
        // Half of the weights are set, at random, with one value: a bit for each weight and no way around it.
        CompressedModel model = model("lenet-300-100", new Shape(1, 28, 28), 2, 0.5, 0);
        double bits = new Cabac(false).measure(model.tensors()).idealBits();
        assertTrue(bits > 266_200 && bits < 1.05 * 266_200, "bits: " + bits);
    }
}
