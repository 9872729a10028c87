package io.softshare.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.graph.Graph;
import io.softshare.graph.Operation;
import io.softshare.graph.Shape;
import io.softshare.graph.Signature;
import io.softshare.graph.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files from PyTorch's exporters compute what PyTorch computes. */
class OnnxReaderTest {
    static final float TOLERANCE = 1e-4f;

    @ParameterizedTest
    @ValueSource(strings = {"strided", "residual", "pools"})
    void logitsArePyTorchs(String name) throws Exception {
        check(Fixtures.file(name), Fixtures.FOLDER.resolve(name + ".safetensors"));
    }

    private static OnnxNetwork check(Path file, Path expected) throws Exception {
        OnnxNetwork network = OnnxReader.read(file, null);
        Fixtures.Case wanted = Fixtures.expected(expected);
        assertArrayEquals(
                wanted.logits(), Logits.of(network.graph(), network.tensors(), wanted.x()), TOLERANCE, file.toString());
        return network;
    }

    /** Every network by both exporters, opset 13 to 20, batch open and fixed, batch-norm folded and kept. */
    @Test
    void allWaysToExport() throws Exception {
        String folder = System.getenv("SOFTSHARE_ONNX_SWEEP");
        assumeTrue(
                folder != null,
                "SKIPPED: SOFTSHARE_ONNX_SWEEP names no folder that `onnx_fixtures.py --sweep FOLDER` filled");
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            List<Path> models =
                    files.filter(f -> f.toString().endsWith(".onnx")).sorted().toList();
            assertTrue(models.size() > 90, "found only " + models.size());
            for (Path model : models) {
                String name = model.getFileName().toString().replaceFirst("-.*", "");
                check(model, Path.of(folder, name + ".safetensors"));
            }
        }
    }

    private static List<String> names(Graph graph) {
        return graph.tensors().stream().map(TensorSpec::name).toList();
    }

    @Test
    void namesAreThoseOfTheStateDict() throws Exception {
        Graph graph = OnnxReader.read(Fixtures.file("residual"), null).graph();
        assertEquals(
                List.of(
                        "stem.weight",
                        "bn.weight",
                        "bn.bias",
                        "bn.running_mean",
                        "bn.running_var",
                        "conv1.weight",
                        "bn1.weight",
                        "bn1.bias",
                        "bn1.running_mean",
                        "bn1.running_var",
                        "conv2.weight",
                        "bn2.weight",
                        "bn2.bias",
                        "bn2.running_mean",
                        "bn2.running_var",
                        "shortcut.weight",
                        "shortcut.bias",
                        "fc.weight",
                        "fc.bias"),
                names(graph));
        assertEquals(new Shape(3, 12, 12), graph.input());
        assertEquals(new Signature("image", "scores", Signature.Head.LOGITS), graph.signature());
        assertEquals(4, graph.classes());
        assertTrue(graph.nodes().stream().allMatch(n -> n.tensorNames().isEmpty()));
    }

    @Test
    void foldedTensorsKeepTheExportersNames() throws Exception {
        Graph graph = OnnxReader.read(Fixtures.file("strided"), null).graph();
        List<String> names = names(graph);
        assertTrue(names.get(0).startsWith("onnx::Conv_"), names.toString());
        assertTrue(
                names.containsAll(List.of("features.5.weight", "features.5.bias", "hidden.weight")), names.toString());
        assertTrue(names.get(names.size() - 1).startsWith("onnx::MatMul_"), names.toString());
        Operation last = graph.nodes().get(graph.nodes().size() - 1).operation();
        assertEquals(new Operation.Linear(24, 4, false, true), last);
        assertEquals(Signature.Head.SOFTMAX, graph.signature().head());
        assertEquals(
                Signature.Head.LOG_SOFTMAX,
                OnnxReader.read(Fixtures.file("pools"), null)
                        .graph()
                        .signature()
                        .head());
    }
}
