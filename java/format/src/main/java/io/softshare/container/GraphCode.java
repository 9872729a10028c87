package io.softshare.container;

import io.softshare.codec.LimitException;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphException;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.ShapeRules;
import io.softshare.graph.Signature;
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

    /** The lower bits of the first byte are the graph's number; then: preprocessing is other than the usual. */
    private static final int PREPROCESSING = 0x40;
    /** The signature is other than the usual. */
    private static final int SIGNATURE = 0x80;

    private static final int NUMBER = 0x3F;

    /** Channels of an image: a mean and a scale are made for each. */
    private static final int MAX_CHANNELS = 1 << 20;

    /** Names of built-in graphs from number 1 on. Frozen: new ones are added at the end. */
    private static final List<String> BUILT_IN = List.of("lenet-300-100", "lenet-5", "wrn-16-4");

    private GraphCode() {}

    static void write(ByteSink out, Graph graph) {
        Optional<Graph> builtIn = builtIn(graph);
        Preprocessing usual = builtIn.map(Graph::preprocessing)
                .orElse(Preprocessing.unit(graph.input().channels()));
        boolean preprocessing = !graph.preprocessing().equals(usual);
        boolean signature = !graph.signature().equals(Signature.DEFAULT);
        int number = builtIn.isPresent() ? BUILT_IN.indexOf(graph.name()) + 1 : IN_FULL;
        out.u8(number | (preprocessing ? PREPROCESSING : 0) | (signature ? SIGNATURE : 0));
        if (number == IN_FULL) {
            out.name(graph.name());
        }
        shape(out, graph.input());
        if (number != IN_FULL) {
            out.varint(graph.classes());
        }
        if (preprocessing) {
            EndsCode.write(out, graph.preprocessing());
        }
        if (signature) {
            EndsCode.write(out, graph.signature());
        }
        if (number == IN_FULL) {
            writeNodes(out, graph.nodes());
        }
    }

    /** The built-in graph that has these very nodes. */
    private static Optional<Graph> builtIn(Graph graph) {
        if (!BUILT_IN.contains(graph.name())) {
            return Optional.empty();
        }
        try {
            return Models.find(graph.name(), graph.input(), graph.classes())
                    .filter(made -> made.nodes().equals(graph.nodes()));
        } catch (GraphException e) {
            return Optional.empty();
        }
    }

    private static void shape(ByteSink out, Shape shape) {
        out.varint(shape.channels());
        out.varint(shape.height());
        out.varint(shape.width());
    }

    private static void writeNodes(ByteSink out, List<Node> nodes) {
        boolean allNamed = false;
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            boolean speaks = !node.tensors().isEmpty() && node.tensorNames().isEmpty();
            allNamed |= !speaks && !node.name().equals(Node.unnamed(node.operation(), i));
        }
        out.varint(2L * nodes.size() + (allNamed ? 1 : 0));
        Map<String, Integer> numbers = new HashMap<>();
        numbers.put(Graph.INPUT, 0);
        NameCode names = new NameCode();
        for (Node node : nodes) {
            boolean straight = numbers.get(node.inputs().get(0)) == numbers.size() - 1;
            out.varint(2L * OperationCode.number(node.operation()) + (straight ? 0 : 1));
            for (int i = straight ? 1 : 0; i < node.inputs().size(); i++) {
                out.varint(numbers.size() - 1 - numbers.get(node.inputs().get(i))); // 0: the node before
            }
            boolean namedTensors = !node.tensorNames().isEmpty();
            OperationCode.write(out, node.operation(), namedTensors);
            if (allNamed || !namedTensors && !node.tensors().isEmpty()) {
                names.write(out, node.name());
            }
            for (String name : node.tensorNames()) {
                names.write(out, name);
            }
            numbers.put(node.name(), numbers.size());
        }
    }

    static Graph read(ByteSource in, Limits limits) throws MalformedFileException {
        int start = in.offset();
        int first = in.u8("number of a graph");
        int number = first & NUMBER;
        if (number > BUILT_IN.size()) {
            throw new MalformedFileException(
                    start, "a graph number of at most " + BUILT_IN.size(), number + "; a newer softshare may know it");
        }
        Graph graph;
        try {
            String name =
                    number == IN_FULL ? in.name(limits.nameBytes(), "name of the graph") : BUILT_IN.get(number - 1);
            Shape input = readShape(in, limits);
            Graph builtIn = number == IN_FULL
                    ? null
                    : Models.find(name, input, readClasses(in, limits)).orElseThrow();
            Preprocessing preprocessing = (first & PREPROCESSING) != 0
                    ? EndsCode.readPreprocessing(in, input.channels())
                    : builtIn != null ? builtIn.preprocessing() : Preprocessing.unit(input.channels());
            Signature signature = (first & SIGNATURE) != 0 ? EndsCode.readSignature(in, limits) : Signature.DEFAULT;
            List<Node> nodes = builtIn != null ? builtIn.nodes() : readNodes(in, input, limits);
            graph = new Graph(name, input, preprocessing, signature, nodes);
        } catch (GraphException | ArithmeticException e) {
            throw new MalformedFileException(start, "a graph that fits together", e.getMessage(), e);
        }
        checkSize(graph, start, limits);
        return graph;
    }

    private static Shape readShape(ByteSource in, Limits limits) throws MalformedFileException {
        int start = in.offset();
        int channels = (int) in.varint(MAX_CHANNELS, "channels");
        int height = (int) in.varint(Integer.MAX_VALUE, "height");
        Shape shape = new Shape(channels, height, (int) in.varint(Integer.MAX_VALUE, "width"));
        if (shape.size() > limits.activations()) {
            throw new LimitException(start, "values of one image", limits.activations(), shape.toString());
        }
        return shape;
    }

    private static int readClasses(ByteSource in, Limits limits) throws MalformedFileException {
        return (int) in.limited(Math.min(limits.activations(), Integer.MAX_VALUE), "classes");
    }

    private static List<Node> readNodes(ByteSource in, Shape input, Limits limits) throws MalformedFileException {
        int start = in.offset();
        long counted = in.varint(Long.MAX_VALUE, "number of nodes");
        if (counted / 2 > limits.nodes()) {
            throw new LimitException(start, "nodes", limits.nodes(), String.valueOf(counted / 2));
        }
        boolean allNamed = counted % 2 == 1;
        List<Node> nodes = new ArrayList<>();
        List<String> before = new ArrayList<>(List.of(Graph.INPUT));
        List<Shape> shapes = new ArrayList<>(List.of(input));
        NameCode names = new NameCode(limits);
        for (int i = 0; i < counted / 2; i++) {
            long code = in.varint(Integer.MAX_VALUE, "kind of an operation");
            int number = (int) (code / 2);
            List<String> inputs = new ArrayList<>();
            List<Shape> read = new ArrayList<>();
            for (int k = 0; k < OperationCode.inputs(number); k++) {
                boolean straight = k == 0 && code % 2 == 0;
                int back = straight ? 0 : (int) in.varint(before.size() - 1, "distance to an input");
                inputs.add(before.get(before.size() - 1 - back));
                read.add(shapes.get(before.size() - 1 - back));
            }
            OperationCode.Coded coded = OperationCode.read(in, number, read.get(0));
            Operation operation = coded.operation();
            Node node = new Node(Node.unnamed(operation, i), operation, inputs);
            int tensors = node.tensors().size();
            if (allNamed || !coded.namedTensors() && tensors > 0) {
                node = new Node(names.read(in, "name of a node"), operation, inputs);
            }
            if (coded.namedTensors()) {
                List<String> own = new ArrayList<>();
                for (int k = 0; k < tensors; k++) {
                    own.add(names.read(in, "name of a tensor"));
                }
                node = new Node(node.name(), operation, inputs, own);
            }
            nodes.add(node);
            before.add(node.name());
            shapes.add(ShapeRules.output(node, read));
        }
        return nodes;
    }

    /** Before anything of the tensors' or the activations' size is made. */
    private static void checkSize(Graph graph, int start, Limits limits) throws MalformedFileException {
        for (Node node : graph.nodes()) {
            Shape shape = graph.shape(node.name());
            if (shape.size() > limits.activations()) {
                throw new LimitException(
                        start, "values that a node gives", limits.activations(), shape + " from " + node.name());
            }
        }
        if (graph.tensors().size() > limits.tensors()) {
            throw new LimitException(
                    start,
                    "tensors",
                    limits.tensors(),
                    String.valueOf(graph.tensors().size()));
        }
        long left = limits.elements();
        for (TensorSpec spec : graph.tensors()) {
            long size = 1;
            for (int dimension : spec.shape()) {
                size = Math.min(size * dimension, 1L << 31); // of 2^31 at most each: no overflow
            }
            left -= size;
            if (left < 0) {
                throw new LimitException(
                        start, "elements of all tensors together", limits.elements(), "more, with " + spec.name());
            }
        }
    }
}
