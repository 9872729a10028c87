package io.softshare.simplify;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.CompressedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.ReferenceNetwork;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class EqualiserTest {
    /** Weights of layers of very different sizes, norms of any statistics, some variances below epsilon. */
    private static Map<String, float[]> random(Graph graph, long seed) {
        Random random = new Random(seed);
        Map<String, float[]> tensors = new LinkedHashMap<>();
        for (TensorSpec spec : graph.tensors()) {
            double size = spec.role() == TensorRole.WEIGHT
                    ? Math.pow(10, -random.nextDouble() * 1.5) / Math.sqrt(spec.columns() * spec.kernel() / 8.0)
                    : 0.5;
            float[] values = new float[spec.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (size * random.nextGaussian());
                if (spec.role() == TensorRole.RUNNING_VARIANCE) {
                    values[i] = random.nextInt(5) == 0 ? 1e-6f : values[i] * values[i];
                }
            }
            tensors.put(spec.name(), values);
        }
        return tensors;
    }

    /** A logit sums up numbers of the others' size, each rounded to a float. */
    private static void sameLogits(Graph graph, Map<String, float[]> before, Map<String, float[]> after, String where) {
        Random random = new Random(7);
        for (int image = 0; image < 2; image++) {
            double[] pixels = random.doubles(graph.input().size(), -2, 2).toArray();
            double[] expected = new ReferenceNetwork(graph, before::get).logits(pixels);
            double[] found = new ReferenceNetwork(graph, after::get).logits(pixels);
            double largest = 1;
            for (double logit : expected) {
                largest = Math.max(largest, Math.abs(logit));
            }
            assertArrayEquals(expected, found, 2e-5 * largest, where);
        }
    }

    private static Map<String, float[]> tensors(CompressedModel model) {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        for (CompressedTensor tensor : model.tensors()) {
            tensors.put(tensor.spec().name(), tensor.values());
        }
        return tensors;
    }

    private static double unevenness(Equalised equalised, boolean after) {
        return equalised.layers().stream()
                .mapToDouble(l -> Math.pow(Math.log((after ? l.after() : l.before()) / Equaliser.TARGET), 2))
                .sum();
    }

    @Property(tries = 300, seed = "2017")
    void randomNetworksComputeTheSame(@ForAll long seed) {
        CompressedModel pruned = RandomNetworks.network(seed);
        for (Map<String, float[]> before : List.of(tensors(pruned), random(pruned.graph(), seed))) {
            Equalised equalised = Equaliser.equalise(pruned.graph(), before);
            sameLogits(pruned.graph(), before, equalised.tensors(), "seed " + seed);
            assertTrue(unevenness(equalised, true) <= unevenness(equalised, false) * (1 + 1e-6) + 1e-6, "seed " + seed);
            Equalised again = Equaliser.equalise(pruned.graph(), equalised.tensors());
            again.layers()
                    .forEach(l -> assertEquals(1, l.factor(), 1e-5, "seed " + seed + ", " + l + ": once is enough"));
        }
    }

    /** All of a wide residual network's layers end before a batch-norm or begin behind one. */
    @Test
    void residualNetworkReachesTheTarget() {
        Graph graph = Models.find("wrn-16-4", new Shape(3, 8, 8), 10).orElseThrow();
        Map<String, float[]> before = random(graph, 1);
        Equalised equalised = Equaliser.equalise(graph, before);
        assertEquals(17, equalised.layers().size());
        equalised.layers().forEach(l -> assertEquals(Equaliser.TARGET, l.after(), 1e-6, l.toString()));
        sameLogits(graph, before, equalised.tensors(), "wrn-16-4");
    }

    /** Without batch-norm factors can only move from layer to layer: their product is 1. */
    @Test
    void chainReachesItsGeometricMean() {
        for (String name : List.of("lenet-300-100", "lenet-5")) {
            Graph graph = Models.find(name, new Shape(1, 28, 28), 10).orElseThrow();
            Map<String, float[]> before = random(graph, 2);
            Equalised equalised = Equaliser.equalise(graph, before);
            double mean = Math.exp(equalised.layers().stream()
                    .mapToDouble(l -> Math.log(l.before()))
                    .average()
                    .orElseThrow());
            equalised.layers().forEach(l -> assertEquals(mean, l.after(), 1e-6 * mean, name + ": " + l));
            sameLogits(graph, before, equalised.tensors(), name);
        }
    }

    /** A stream that nothing normalises has the image's and the logits' scale: its layers keep theirs as far as they must. */
    @Test
    void residualSumTiesWhatItAdds() {
        Graph graph = new GraphBuilder("tied", new Shape(3, 4, 4), Preprocessing.unit(3))
                .convolution("a", 3, 3, 1, 1, true)
                .addTo("sum", Graph.INPUT)
                .relu("r")
                .convolution("b", 4, 4, 1, 0, true)
                .build();
        Map<String, float[]> before = random(graph, 3);
        Equalised equalised = Equaliser.equalise(graph, before);
        equalised.layers().forEach(l -> assertEquals(1, l.factor(), 0, l.toString()));
        assertArrayEquals(before.get("a.bias"), equalised.tensors().get("a.bias"));
    }

    @Test
    void emptyLayerStaysOutOfIt() {
        Graph graph = Models.find("lenet-300-100", new Shape(1, 28, 28), 10).orElseThrow();
        Map<String, float[]> before = random(graph, 4);
        before.put("fc2.weight", new float[before.get("fc2.weight").length]);
        Equalised equalised = Equaliser.equalise(graph, before);
        assertEquals(
                List.of("fc1", "fc3"),
                equalised.layers().stream().map(Equalised.Layer::node).toList());
        equalised.layers().forEach(l -> assertEquals(Equaliser.TARGET, l.after(), 1e-6, l.toString()));
        sameLogits(graph, before, equalised.tensors(), "empty layer");
    }

    /** The running variance is that of the values as they are now: so training goes on as it would have. */
    @Test
    void statisticsFollowTheValues() {
        Graph graph = Models.find("wrn-16-4", new Shape(3, 8, 8), 10).orElseThrow();
        Map<String, float[]> before = random(graph, 5);
        Equalised equalised = Equaliser.equalise(graph, before);
        double factor = equalised.layers().get(0).factor(); // conv0, from the image to the first norm
        for (int c = 0; c < 16; c++) {
            float was = before.get("blocks.0.bn1.running_var")[c];
            float is = equalised.tensors().get("blocks.0.bn1.running_var")[c];
            assertEquals(was * factor * factor, is, 1e-6 * is + 1e-12);
        }
    }
}
