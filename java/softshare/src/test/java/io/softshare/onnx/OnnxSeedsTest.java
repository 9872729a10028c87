package io.softshare.onnx;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.softshare.Seeds;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small network of convolutions and one of linear layers, as the writer writes them. */
class OnnxSeedsTest {
    @TempDir
    Path folder;

    @Test
    void files() throws Exception {
        Graph convolutions = new Graph(
                "c",
                new Shape(2, 6, 6),
                Preprocessing.unit(2),
                List.of(
                        new Node("c", new Operation.Convolution(2, 3, 3, 3, 1, 1, 1, 1, true), List.of("input")),
                        new Node("n", new Operation.BatchNorm(3, 1e-3f), List.of("c")),
                        new Node("r", new Operation.Relu(), List.of("n")),
                        new Node("s", new Operation.Add(), List.of("r", "c")),
                        new Node("m", new Operation.MaxPool(2, 2, 2, 2, 0, 0), List.of("s")),
                        new Node("g", new Operation.GlobalAveragePool(), List.of("m")),
                        new Node("l", new Operation.Linear(3, 2, true), List.of("g"))));
        Graph linear = new Graph(
                "l",
                new Shape(1, 2, 2),
                Preprocessing.unit(1),
                List.of(
                        new Node("f", new Operation.Flatten(), List.of("input")),
                        new Node("l", new Operation.Linear(4, 3, true), List.of("f")),
                        new Node("r", new Operation.Relu(), List.of("l")),
                        new Node("m", new Operation.Linear(3, 2, false), List.of("r"))));
        Seeds.check(
                OnnxFuzzTest.class,
                "anyBytes",
                List.of(seed("convolutions", convolutions), seed("linear", linear)),
                data -> assertFalse(OnnxReader.read(data, null, OnnxLimits.DEFAULT)
                        .tensors()
                        .isEmpty()));
    }

    private Seeds.Seed seed(String name, Graph graph) throws Exception {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        for (TensorSpec spec : graph.tensors()) {
            float[] values = new float[spec.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = 0.5f + i;
            }
            tensors.put(spec.name(), values);
        }
        Path path = folder.resolve(name + ".onnx");
        OnnxWriter.write(path, graph, tensors);
        return new Seeds.Seed(name, Files.readAllBytes(path));
    }
}
