package io.softshare.container;

import io.softshare.codec.MalformedFileException;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphException;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A graph as bytes: the number of a built-in one with its input and classes, or all its nodes. */
final class GraphCode {
    /** Stands for a graph in full. */
    private static final int IN_FULL = 0;

    /** Names of built-in graphs from number 1 on. Frozen: new ones are added at the end. */
    private static final List<String> BUILT_IN = List.of("lenet-300-100", "lenet-5", "wrn-16-4");

    private GraphCode() {}

    static void write(ByteSink out, Graph graph) {
        int number = BUILT_IN.indexOf(graph.name()) + 1;
        if (number > 0 && rebuilt(graph).filter(graph::equals).isPresent()) {
            out.u8(number);
            shape(out, graph.input());
            out.varint(graph.classes());
            return;
        }
        out.u8(IN_FULL);
        out.name(graph.name());
        shape(out, graph.input());
        for (int c = 0; c < graph.input().channels(); c++) {
            out.f32(graph.preprocessing().mean().get(c));
            out.f32(graph.preprocessing().scale().get(c));
        }
        out.varint(graph.nodes().size());
        Map<String, Integer> numbers = new HashMap<>();
        numbers.put(Graph.INPUT, 0);
        for (Node node : graph.nodes()) {
            out.name(node.name());
            OperationCode.write(out, node.operation());
            for (String input : node.inputs()) {
                out.varint(numbers.size() - 1 - numbers.get(input)); // 0: the node before
            }
            numbers.put(node.name(), numbers.size());
        }
    }

    private static Optional<Graph> rebuilt(Graph graph) {
        try {
            return Models.find(graph.name(), graph.input(), graph.classes());
        } catch (GraphException e) {
            return Optional.empty();
        }
    }

    private static void shape(ByteSink out, Shape shape) {
        out.varint(shape.channels());
        out.varint(shape.height());
        out.varint(shape.width());
    }

    static Graph read(ByteSource in, Limits limits) throws MalformedFileException {
        int start = in.offset();
        int number = in.u8("number of a graph");
        if (number > BUILT_IN.size()) {
            throw new MalformedFileException(
                    start, "a graph number of at most " + BUILT_IN.size(), number + "; a newer softshare may know it");
        }
        Graph graph;
        try {
            graph = number == IN_FULL ? readFull(in, limits) : readBuiltIn(in, BUILT_IN.get(number - 1));
        } catch (GraphException | ArithmeticException e) {
            throw new MalformedFileException(start, "a graph that fits together", e.getMessage(), e);
        }
        checkSize(graph, start, limits);
        return graph;
    }

    private static Graph readBuiltIn(ByteSource in, String name) throws MalformedFileException {
        Shape input = readShape(in);
        int classes = (int) in.varint(Integer.MAX_VALUE, "classes");
        return Models.find(name, input, classes).orElseThrow();
    }

    private static Shape readShape(ByteSource in) throws MalformedFileException {
        int channels = (int) in.varint(Integer.MAX_VALUE, "channels");
        int height = (int) in.varint(Integer.MAX_VALUE, "height");
        return new Shape(channels, height, (int) in.varint(Integer.MAX_VALUE, "width"));
    }

    private static Graph readFull(ByteSource in, Limits limits) throws MalformedFileException {
        String name = in.name(limits.nameBytes(), "name of the graph");
        Shape input = readShape(in);
        List<Float> mean = new ArrayList<>();
        List<Float> scale = new ArrayList<>();
        for (int c = 0; c < input.channels(); c++) {
            mean.add(in.f32("mean of a channel"));
            scale.add(in.f32("scale of a channel"));
        }
        int count = (int) in.varint(limits.nodes(), "number of nodes");
        List<Node> nodes = new ArrayList<>();
        List<String> names = new ArrayList<>(List.of(Graph.INPUT));
        for (int i = 0; i < count; i++) {
            String node = in.name(limits.nameBytes(), "name of a node");
            Operation operation = OperationCode.read(in);
            List<String> inputs = new ArrayList<>();
            for (int k = 0; k < OperationCode.inputs(operation); k++) {
                int back = (int) in.varint(names.size() - 1, "distance to an input");
                inputs.add(names.get(names.size() - 1 - back));
            }
            nodes.add(new Node(node, operation, inputs));
            names.add(node);
        }
        return new Graph(name, input, new Preprocessing(mean, scale), nodes);
    }

    /** Before anything of the tensors' size is made. */
    private static void checkSize(Graph graph, int start, Limits limits) throws MalformedFileException {
        long left = limits.elements();
        for (TensorSpec spec : graph.tensors()) {
            long size = 1;
            for (int dimension : spec.shape()) {
                size = Math.min(size * dimension, 1L << 31); // of 2^31 at most each: no overflow
            }
            left -= size;
            if (left < 0) {
                throw new MalformedFileException(
                        start, "tensors of at most " + limits.elements() + " values", "more, with " + spec.name());
            }
        }
    }
}
