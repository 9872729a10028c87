package io.softshare.network;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.device.Buffer;
import io.softshare.device.ConvolutionOperation;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import io.softshare.device.LayerOperations;
import io.softshare.device.LinearOperation;
import io.softshare.device.PoolOperation;
import io.softshare.device.Precision;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What is handed on in bfloat16 is what each convolution would have rounded itself: the same bits, wherever it may be and nowhere else. */
class RoundingTest {
    private static final Shape IMAGE = new Shape(3, 8, 8);

    /** A device's layers, whose convolutions say that they do not compute in bf16 (able false), or tell what they take (able true). */
    private static final class Watched implements LayerOperations {
        private final LayerOperations layers;
        private final boolean able;
        private final List<Convolution> convolutions = new ArrayList<>();

        Watched(LayerOperations layers, boolean able) {
            this.layers = layers;
            this.able = able;
        }

        /** What each takes, by the order of the network: networks are made from the last layer. */
        List<String> taken() {
            List<String> all = new ArrayList<>();
            convolutions.forEach(c -> all.add(0, c.takes));
            return all;
        }

        @Override
        public boolean fusesRectifier() {
            return layers.fusesRectifier();
        }

        @Override
        public ConvolutionOperation convolution(ConvolutionOperation.Sizes sizes) {
            Convolution made = new Convolution(layers.convolution(sizes), able);
            convolutions.add(made);
            return made;
        }

        @Override
        public LinearOperation linear(int batch, int in, int out, int flags) {
            return layers.linear(batch, in, out, flags);
        }

        @Override
        public PoolOperation pool(PoolOperation.Sizes sizes) {
            return layers.pool(sizes);
        }

        @Override
        public void reluForward(long count, Buffer x, Buffer y) {
            layers.reluForward(count, x, y);
        }

        @Override
        public void reluBackward(long count, Buffer y, Buffer dy, Buffer dx) {
            layers.reluBackward(count, y, dy, dx);
        }
    }

    private static final class Convolution implements ConvolutionOperation {
        private final ConvolutionOperation op;
        private final boolean able;
        private String takes = "";

        Convolution(ConvolutionOperation op, boolean able) {
            this.op = op;
            this.able = able;
        }

        @Override
        public boolean computesInBf16() {
            return able && op.computesInBf16();
        }

        @Override
        public void takeBf16(boolean x, boolean dy) {
            takes = (x ? "x" : "") + (dy ? "dy" : "");
            op.takeBf16(x, dy);
        }

        @Override
        public void forward(Buffer x, Buffer weights, Buffer bias, Buffer y) {
            op.forward(x, weights, bias, y);
        }

        @Override
        public void backward(Buffer x, Buffer y, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias) {
            op.backward(x, y, dy, weights, dx, dweights, dbias);
        }

        @Override
        public String implementation() {
            return op.implementation();
        }

        @Override
        public void close() {
            op.close();
        }
    }

    private static GraphBuilder stem() {
        return new GraphBuilder("rounded", IMAGE, Preprocessing.unit(3)).convolution("c1", 16, 3, 1, 1, false);
    }

    private static Graph end(GraphBuilder graph) {
        return graph.globalAveragePool("pool").flatten("flat").linear("fc", 10).build();
    }

    @Test
    void betweenBatchNormAndConvolution() {
        // The stem's output is read by the sum too, c3's gradient comes from the sum.
        check(
                List.of("", "xdy", "x"),
                end(stem().batchNorm("b1")
                        .relu("b1.relu")
                        .convolution("c2", 32, 3, 1, 1, false)
                        .batchNorm("b2")
                        .convolution("c3", 16, 3, 1, 1, true)
                        .addTo("sum", "c1")));
    }

    @Test
    void oneBatchNormForTwoConvolutions() {
        check(
                List.of("dy", "x", "x"),
                end(stem().batchNorm("b1")
                        .relu("b1.relu")
                        .convolution("shortcut", 32, 1, 2, 0, false)
                        .from("b1.relu")
                        .convolution("c2", 32, 3, 2, 1, true)
                        .addTo("sum", "shortcut")));
    }

    @Test
    void notWhereAnotherLayerReadsOrMasks() {
        // b1 is read by the sum; c2's own rectifier masks its gradient; b3 ends in the pool.
        check(
                List.of("dy", "", "dy"),
                end(stem().batchNorm("b1")
                        .convolution("c2", 16, 3, 1, 1, true)
                        .relu("c2.relu")
                        .batchNorm("b2")
                        .addTo("sum", "b1")
                        .convolution("c3", 16, 3, 1, 1, false)
                        .batchNorm("b3")
                        .relu("b3.relu")));
    }

    @Test
    void theWideResidualNetwork() {
        Graph graph = Models.find("wrn-16-4", new Shape(3, 16, 16), 10).orElseThrow();
        List<String> taken = check(null, graph);
        // Six blocks: two convolutions each that read a batch-norm, one writes to the first's gradient; three
        // shortcuts. The stem.
        Map<String, Integer> counts = new TreeMap<>();
        taken.forEach(t -> counts.merge(t, 1, Integer::sum));
        assertEquals(Map.of("dy", 1, "x", 9, "xdy", 6), counts);
    }

    /** expected: what each convolution takes, in order; null: anything. @return what each takes */
    private static List<String> check(List<String> expected, Graph graph) {
        try (Device device = CpuDevice.open(2, Precision.BF16)) {
            Watched rounded = new Watched(device.layers(true), true);
            List<float[]> found = results(device, rounded, graph);
            Watched plain = new Watched(device.layers(true), false);
            List<float[]> wanted = results(device, plain, graph);
            for (int i = 0; i < wanted.size(); i++) {
                assertArrayEquals(wanted.get(i), found.get(i), 0, "result " + i);
            }
            if (expected != null) {
                assertEquals(expected, rounded.taken());
            }
            return rounded.taken();
        } catch (DeviceException e) {
            assumeTrue(!e.getMessage().contains("avx512_bf16"), "SKIPPED: " + e.getMessage());
            throw e;
        }
    }

    /** Logits in training, all gradients, running statistics, and logits in inference. */
    private static List<float[]> results(Device device, Watched operations, Graph graph) {
        List<float[]> results = new ArrayList<>();
        try (Arena arena = new Arena(device, graph, true);
                Network training = new Network(device, operations, graph, arena, NetworkTest.BATCH, true);
                Buffer labels = device.allocate(4 * NetworkTest.BATCH);
                Buffer totals = device.allocate(32)) {
            arena.initialise(3);
            labels.write(0, 1, 2, 3, 4, 5, 6, 7);
            float[] images = NetworkTest.normals((int) (training.input().bytes() / 4), 1);
            training.input().write(images);
            NetworkTest.loss(device, training, labels, totals, true);
            training.backward();
            results.add(training.logits().readFloats());
            results.add(arena.gradient().readFloats());
            results.add(arena.values().readFloats());
            Watched again = new Watched(operations.layers, operations.able);
            try (Network inference = new Network(device, again, graph, arena, NetworkTest.BATCH, false)) {
                inference.input().write(images);
                inference.forward();
                results.add(inference.logits().readFloats());
            }
        }
        return results;
    }
}
