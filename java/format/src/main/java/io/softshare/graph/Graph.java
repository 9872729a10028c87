package io.softshare.graph;

import io.softshare.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A network: nodes in an order in which each reads only earlier ones, the last giving the logits.
 *
 * <p>Immutable and checked: an instance exists only if every shape fits, so whoever holds one may rely on it.
 */
public final class Graph {
    /** Name by which nodes read the image. */
    public static final String INPUT = "input";

    /** Means something else in a safetensors file. */
    private static final String RESERVED = "__metadata__";

    private final String name;
    private final Shape input;
    private final Preprocessing preprocessing;
    private final Signature signature;
    private final List<Node> nodes;
    private final Map<String, Shape> shapes;
    private final List<TensorSpec> tensors;

    /**
     * @param name e.g. {@code lenet-5}; for people, and for the recipe that belongs to it. It and all names in it
     *     are any text of one line without control characters: they come from files and go to people's terminals
     * @param input shape of one image
     * @param preprocessing one mean and scale for each input channel
     * @param signature its ends in an ONNX file
     * @throws GraphException naming the node at which something does not fit
     */
    public Graph(String name, Shape input, Preprocessing preprocessing, Signature signature, List<Node> nodes) {
        this.name = name;
        this.input = input;
        this.preprocessing = preprocessing;
        this.signature = signature;
        this.nodes = List.copyOf(nodes);
        if (preprocessing.mean().size() != input.channels()) {
            throw new GraphException("preprocessing is for "
                    + preprocessing.mean().size() + " channels, the input has " + input.channels());
        }
        if (this.nodes.isEmpty()) {
            throw new GraphException("a graph needs at least one node");
        }
        checkName("the graph", name);
        Map<String, Shape> inferred = new LinkedHashMap<>();
        inferred.put(INPUT, input);
        List<TensorSpec> specs = new ArrayList<>();
        Set<String> tensorNames = new HashSet<>();
        for (Node node : this.nodes) {
            List<Shape> read = new ArrayList<>();
            for (String from : node.inputs()) {
                Shape shape = inferred.get(from);
                if (shape == null) {
                    throw new GraphException(
                            "node " + node.name() + " reads " + from + ", which is not an earlier node");
                }
                read.add(shape);
            }
            if (inferred.put(node.name(), ShapeRules.output(node, read)) != null) {
                throw new GraphException("two nodes are named " + node.name());
            }
            for (TensorSpec spec : node.tensors()) {
                if (!tensorNames.add(spec.name()) || spec.name().equals(RESERVED)) {
                    throw new GraphException("node " + node.name() + ": a tensor cannot be named " + spec.name()
                            + " here, or not twice");
                }
                specs.add(spec);
            }
        }
        if (output(inferred).height() != 1 || output(inferred).width() != 1) {
            throw new GraphException("the last node must give one value a class, it gives " + output(inferred));
        }
        this.shapes = Map.copyOf(new HashMap<>(inferred));
        this.tensors = List.copyOf(specs);
    }

    /** A graph that came from no ONNX file. */
    public Graph(String name, Shape input, Preprocessing preprocessing, List<Node> nodes) {
        this(name, input, preprocessing, Signature.DEFAULT, nodes);
    }

    /** The same network for other images. */
    public Graph with(Preprocessing other) {
        return new Graph(name, input, other, signature, nodes);
    }

    /** Names come from files and go to people's terminals, in messages too: one line of text without control characters. */
    static void checkName(String what, String name) {
        boolean plain = name.chars().noneMatch(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029);
        if (!plain || !StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
            throw new GraphException("the name of " + what + " has a control character or is no text: "
                    + Json.write(name.length() <= 100 ? name : name.substring(0, 100) + "…"));
        }
    }

    private Shape output(Map<String, Shape> inferred) {
        return inferred.get(nodes.get(nodes.size() - 1).name());
    }

    public String name() {
        return name;
    }

    public Shape input() {
        return input;
    }

    public Preprocessing preprocessing() {
        return preprocessing;
    }

    public Signature signature() {
        return signature;
    }

    public List<Node> nodes() {
        return nodes;
    }

    /** Shape of what the named node gives ({@link #INPUT}: the image). */
    public Shape shape(String node) {
        Shape shape = shapes.get(node);
        if (shape == null) {
            throw new GraphException("no node is named " + node);
        }
        return shape;
    }

    /** Number of classes: values of the last node. */
    public int classes() {
        return shape(nodes.get(nodes.size() - 1).name()).channels();
    }

    /** All tensors in the order of the nodes; within a node weight, bias; or scale, shift, running mean, variance. */
    public List<TensorSpec> tensors() {
        return tensors;
    }

    /** Trainable parameters: the numerator of a compression ratio is four bytes for each. */
    public long parameterCount() {
        return tensors.stream()
                .filter(t -> t.role().trainable())
                .mapToLong(TensorSpec::size)
                .sum();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Graph g
                && name.equals(g.name)
                && input.equals(g.input)
                && preprocessing.equals(g.preprocessing)
                && signature.equals(g.signature)
                && nodes.equals(g.nodes);
    }

    @Override
    public int hashCode() {
        return nodes.hashCode();
    }

    @Override
    public String toString() {
        return name + " " + input + " → " + classes() + " classes, " + parameterCount() + " parameters";
    }
}
