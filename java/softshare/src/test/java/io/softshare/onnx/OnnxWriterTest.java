package io.softshare.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.data.Cache;
import io.softshare.data.DataException;
import io.softshare.data.DataSources;
import io.softshare.data.ImageSet;
import io.softshare.data.Progress;
import io.softshare.device.Philox;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.ChannelOrder;
import io.softshare.graph.Preprocessing.Layout;
import io.softshare.graph.Shape;
import io.softshare.graph.Signature;
import io.softshare.graph.Signature.Head;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import io.softshare.pipeline.Predictor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ONNX Runtime computes from our files what our own layers compute. */
class OnnxWriterTest {
    private static final int BATCH = 3;

    @TempDir
    Path folder;

    /** Values as a trained network might have: weights by fan-in, variances positive. */
    private static Map<String, float[]> values(Graph graph) {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        int number = 0;
        for (TensorSpec spec : graph.tensors()) {
            float[] data = numbers(spec.size(), ++number);
            for (int i = 0; i < data.length; i++) {
                if (spec.role() == TensorRole.WEIGHT) {
                    data[i] *= (float) Math.sqrt(2.0 / ((double) spec.columns() * spec.kernel()));
                } else if (spec.role() == TensorRole.RUNNING_VARIANCE) {
                    data[i] = 0.5f + Math.abs(data[i]);
                } else if (spec.role() == TensorRole.SCALE) {
                    data[i] = 0.2f + 0.2f * Math.abs(data[i]);
                } else {
                    data[i] *= 0.2f;
                }
            }
            tensors.put(spec.name(), data);
        }
        return tensors;
    }

    private static float[] numbers(int count, int stream) {
        float[] data = new float[count];
        int[] words = new int[4];
        for (int i = 0; i < count; i++) {
            Philox.block(11, i, stream, Philox.PURPOSE_OTHER, words);
            data[i] = (float) Philox.normal(words[0], words[1]);
        }
        return data;
    }

    /** Writes it, compares the two, and reads it back. */
    private OnnxNetwork check(Graph graph, Map<String, float[]> tensors) throws Exception {
        Path file = folder.resolve("net.onnx");
        OnnxWriter.write(file, graph, tensors);
        Shape s = graph.input();
        float[] x = numbers(BATCH * s.size(), 99);
        float[] wanted = heads(Logits.of(graph, tensors, x), graph);
        try (Ort ort = new Ort(file)) {
            assertEquals(graph.signature().input(), ort.input());
            assertEquals(graph.signature().output(), ort.output());
            float[] found = switch (graph.preprocessing().layout()) {
                case NCHW -> ort.run(x, BATCH, s.channels(), s.height(), s.width());
                case NHWC -> ort.run(Logits.channelsLast(x, s), BATCH, s.height(), s.width(), s.channels());
                case FLAT -> ort.run(x, BATCH, s.size());
            };
            assertArrayEquals(wanted, found, OnnxReaderTest.TOLERANCE);
        }
        OnnxNetwork back = OnnxReader.read(file, graph.input());
        assertEquals(graph.tensors(), back.graph().tensors());
        tensors.forEach((name, data) -> assertArrayEquals(data, back.tensors().get(name), name));
        assertEquals(graph.signature(), back.graph().signature());
        assertEquals(graph.preprocessing(), back.graph().preprocessing());
        assertArrayEquals(wanted, heads(Logits.of(back.graph(), back.tensors(), x), graph), 1e-6f);
        return back;
    }

    private static float[] heads(float[] logits, Graph graph) {
        float[] out = logits.clone();
        int classes = graph.classes();
        for (int row = 0; row < out.length; row += classes) {
            double sum = 0;
            for (int c = 0; c < classes; c++) {
                sum += Math.exp(logits[row + c]);
            }
            for (int c = 0; c < classes && graph.signature().head() != Head.LOGITS; c++) {
                double log = logits[row + c] - Math.log(sum);
                out[row + c] = (float) (graph.signature().head() == Head.SOFTMAX ? Math.exp(log) : log);
            }
        }
        return out;
    }

    @ParameterizedTest
    @CsvSource({"lenet-300-100, 1, 28", "lenet-5, 1, 28", "wrn-16-4, 3, 32"})
    void builtInNetworks(String name, int channels, int size) throws Exception {
        Graph graph = Models.find(name, new Shape(channels, size, size), 10).orElseThrow();
        check(graph, values(graph));
    }

    @ParameterizedTest
    @ValueSource(strings = {"strided", "residual", "pools"})
    void networksFromPyTorch(String name) throws Exception {
        OnnxNetwork network = OnnxReader.read(Fixtures.file(name), null);
        OnnxNetwork back = check(network.graph(), network.tensors());
        assertEquals(network.graph().nodes(), back.graph().nodes());
    }

    private static Graph graph(Shape input, Preprocessing preprocessing, Signature signature, Object... steps) {
        List<Node> nodes = new ArrayList<>();
        String last = Graph.INPUT;
        for (Object step : steps) {
            Operation operation = (Operation) step;
            List<String> inputs = operation instanceof Operation.Add ? List.of(last, last) : List.of(last);
            nodes.add(new Node("n" + nodes.size(), operation, inputs));
            last = nodes.get(nodes.size() - 1).name();
        }
        return new Graph("made", input, preprocessing, signature, nodes);
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void layouts(Layout layout) throws Exception {
        Preprocessing p =
                new Preprocessing(List.of(1f, 2f, 3.5f), Collections.nCopies(3, 60.25f), ChannelOrder.BGR, layout);
        Signature signature = new Signature("x", "y", Head.SOFTMAX);
        Graph convolutions = graph(
                new Shape(3, 6, 5),
                p,
                signature,
                new Operation.Convolution(3, 4, 3, 2, 2, 1, 1, 0, true),
                new Operation.Relu(),
                new Operation.Flatten(),
                new Operation.Linear(48, 3, true, true));
        check(convolutions, values(convolutions));
        Graph vectors =
                graph(new Shape(3, 6, 5), p, signature, new Operation.Flatten(), new Operation.Linear(90, 3, false));
        check(vectors, values(vectors));
    }

    /** Flat values where images are expected, and the other way round, and sums of both. */
    @Test
    void flatAndNotFlat() throws Exception {
        Graph graph = new Graph(
                "ranks",
                new Shape(2, 4, 4),
                Preprocessing.unit(2),
                List.of(
                        new Node("c", new Operation.Convolution(2, 5, 3, 3, 1, 1, 1, 1, true), List.of("input")),
                        new Node("g", new Operation.GlobalAveragePool(), List.of("c")),
                        new Node("l", new Operation.Linear(5, 5, true), List.of("g")),
                        new Node("a", new Operation.Add(), List.of("g", "l")),
                        new Node("b", new Operation.BatchNorm(5, 1e-3f), List.of("a")),
                        new Node("m", new Operation.MaxPool(1, 1, 1, 1, 0, 0), List.of("b")),
                        new Node("k", new Operation.Convolution(5, 4, 1, 1, 1, 1, 0, 0, false), List.of("m")),
                        new Node("r", new Operation.Relu(), List.of("k"))));
        Path file = folder.resolve("ranks.onnx");
        Map<String, float[]> tensors = values(graph);
        OnnxWriter.write(file, graph, tensors);
        float[] x = numbers(BATCH * 32, 5);
        try (Ort ort = new Ort(file)) {
            assertArrayEquals(Logits.of(graph, tensors, x), ort.run(x, BATCH, 2, 4, 4), OnnxReaderTest.TOLERANCE);
        }
    }

    /** A node that is called as a tensor is, or as an end of the network. */
    @Test
    void namesThatMeet() throws Exception {
        Signature signature = new Signature("n0", "n0.weight_2", Head.LOGITS);
        Graph graph = new Graph(
                "names",
                Shape.flat(4),
                Preprocessing.unit(4),
                signature,
                List.of(
                        new Node("n0", new Operation.Linear(4, 5, true), List.of("input")),
                        new Node("n0.weight", new Operation.Relu(), List.of("n0")),
                        new Node("x", new Operation.Linear(5, 3, true), List.of("n0.weight"), List.of("a b", "n0_2"))));
        check(
                graph.with(new Preprocessing(
                        graph.preprocessing().mean(), graph.preprocessing().scale(), ChannelOrder.RGB, Layout.FLAT)),
                values(graph));
    }

    @Test
    void theSameBytesEachTime() throws Exception {
        Graph graph = Models.find("lenet-300-100", new Shape(1, 8, 8), 4).orElseThrow();
        OnnxWriter.write(folder.resolve("a.onnx"), graph, values(graph));
        OnnxWriter.write(folder.resolve("b.onnx"), graph, values(graph));
        assertArrayEquals(Files.readAllBytes(folder.resolve("a.onnx")), Files.readAllBytes(folder.resolve("b.onnx")));
    }

    private static ImageSet mnistTest() {
        try {
            return DataSources.open("mnist", Cache.standard(), Progress.SILENT).test();
        } catch (DataException e) {
            assumeTrue(false, "SKIPPED: MNIST is not there and cannot be fetched: " + e.getMessage());
            throw new AssertionError(e);
        }
    }

    /** Preprocessed inputs in PyTorch's order, of images from…to. */
    private static float[] inputs(ImageSet set, Preprocessing p, int from, int to) {
        int size = set.shape().size();
        float[] x = new float[(to - from) * size];
        for (int i = 0; i < x.length; i++) { // one channel: no order to change
            x[i] = ((set.pixels()[from * size + i] & 0xFF) - p.mean().get(0))
                    / p.scale().get(0);
        }
        return x;
    }

    /** Every MNIST test image through the compressed network of the documentation. */
    @Test
    void everyMnistImage() throws Exception {
        ImageSet test = mnistTest();
        Path sws = Path.of("../../docs/examples/lenet-300-100.sws");
        SwsFile file = SwsReader.read(sws);
        Map<String, float[]> tensors = new LinkedHashMap<>();
        file.model().tensors().forEach(t -> tensors.put(t.spec().name(), t.values()));
        float[] ours;
        try (Predictor predictor = Predictor.open(sws)) {
            ours = predictor.logits(test.pixels());
        }
        compare(test, file.model().graph(), tensors, ours);
    }

    private void compare(ImageSet test, Graph graph, Map<String, float[]> tensors, float[] ours) throws Exception {
        Path onnx = folder.resolve("mnist.onnx");
        OnnxWriter.write(onnx, graph, tensors);
        int classes = graph.classes();
        Shape s = graph.input();
        try (Ort ort = new Ort(onnx)) {
            for (int from = 0; from < test.count(); from += 1000) {
                int to = Math.min(test.count(), from + 1000);
                float[] theirs = ort.run(
                        inputs(test, graph.preprocessing(), from, to), to - from, s.channels(), s.height(), s.width());
                for (int i = from; i < to; i++) {
                    float[] a = java.util.Arrays.copyOfRange(ours, i * classes, (i + 1) * classes);
                    float[] b = java.util.Arrays.copyOfRange(theirs, (i - from) * classes, (i - from + 1) * classes);
                    assertArrayEquals(a, b, OnnxReaderTest.TOLERANCE, "image " + i);
                    assertEquals(best(a), best(b), "class of image " + i);
                }
            }
        }
    }

    private static int best(float[] row) {
        int best = 0;
        for (int c = 1; c < row.length; c++) {
            best = row[c] > row[best] ? c : best;
        }
        return best;
    }
}
