package io.softshare.container;

import io.softshare.codec.TestTensors;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import java.util.List;

/** Networks to write and read. */
final class Examples {
    private Examples() {}

    /** Every kind of operation, stored in full. */
    static Graph every() {
        Preprocessing preprocessing = new Preprocessing(List.of(1.5f, 2f), List.of(63f, 0.1f));
        return new Graph(
                "täst",
                new Shape(2, 9, 8),
                preprocessing,
                List.of(
                        new Node("c", new Operation.Convolution(2, 3, 3, 2, 1, 1, 1, 0, true), List.of("input")),
                        new Node("n", new Operation.BatchNorm(3, 1e-3f), List.of("c")),
                        new Node("r", new Operation.Relu(), List.of("n")),
                        new Node("s", new Operation.Add(), List.of("r", "c")),
                        new Node("m", new Operation.MaxPool(3, 3, 2, 2, 1, 1), List.of("s")),
                        new Node("a", new Operation.AveragePool(2, 1, 1, 1), List.of("m")),
                        new Node("f", new Operation.Flatten(), List.of("a")),
                        new Node("l", new Operation.Linear(48, 5, false), List.of("f")),
                        new Node("g", new Operation.GlobalAveragePool(), List.of("l"))));
    }

    /** A handful of weights. */
    static Graph tiny() {
        return new GraphBuilder("tiny", Shape.flat(4), Preprocessing.unit(4))
                .linear("fc1", 5)
                .relu("relu")
                .linear("fc2", 3)
                .build();
    }

    static Graph builtIn(String name) {
        Shape input = name.equals("wrn-16-4") ? new Shape(3, 32, 32) : new Shape(1, 28, 28);
        return Models.find(name, input, 10).orElseThrow();
    }

    static CompressedModel model(Graph graph, double density) {
        return new CompressedModel(graph, TestTensors.network(graph.tensors(), TestTensors.codebook(9), density, 11));
    }
}
