package io.softshare.container;

import io.softshare.codec.TestTensors;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.ChannelOrder;
import io.softshare.graph.Preprocessing.Layout;
import io.softshare.graph.Shape;
import io.softshare.graph.Signature;
import io.softshare.graph.Signature.Head;
import io.softshare.graph.models.Models;
import java.util.ArrayList;
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

    /** As from an ONNX file: named after its tensors alone, some of which have names of their own; ends of its own. */
    static Graph imported() {
        List<Node> nodes = new ArrayList<>();
        nodes.add(new Node("features.0", new Operation.Convolution(3, 4, 3, 3, 2, 1, 1, 0, false), List.of("input")));
        nodes.add(new Node("features.1", new Operation.BatchNorm(4, 1e-5f), List.of("features.0")));
        nodes.add(unnamed(nodes, new Operation.Relu(), "features.1"));
        nodes.add(unnamed(nodes, new Operation.AveragePool(3, 2, 3, 2, 1, 1), "relu#2"));
        nodes.add(new Node(
                "convolution#4",
                new Operation.Convolution(4, 4, 1, 1, 1, 1, 0, 0, true),
                List.of("averagePool#3"),
                List.of("onnx::Conv_41", "onnx::Conv_42")));
        nodes.add(unnamed(nodes, new Operation.Add(), "convolution#4", "averagePool#3"));
        nodes.add(unnamed(nodes, new Operation.MaxPool(2, 2, 1, 1, 1, 0), "add#5"));
        nodes.add(unnamed(nodes, new Operation.Flatten(), "maxPool#6"));
        nodes.add(new Node(
                "linear#8",
                new Operation.Linear(36, 5, true, true),
                List.of("flatten#7"),
                List.of("onnx::MatMul_50", "classifier.bias")));
        return new Graph(
                "mine",
                new Shape(3, 9, 8),
                new Preprocessing(List.of(103.9f, 116.8f, 123.7f), List.of(1f, 1f, 1f), ChannelOrder.BGR, Layout.NHWC),
                new Signature("image", "scores", Head.LOG_SOFTMAX),
                nodes);
    }

    private static Node unnamed(List<Node> before, Operation operation, String... inputs) {
        return new Node(Node.unnamed(operation, before.size()), operation, List.of(inputs));
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
