package io.softshare.graph;

import java.util.List;

/**
 * One step of a network.
 *
 * @param name unique; the prefix of its tensors' names, e.g. {@code blocks.0.conv1}, unless they have names of their own
 * @param operation what it computes
 * @param inputs names of the nodes it reads, earlier in the graph; {@link Graph#INPUT} is the image
 * @param tensorNames the tensors' own names in the order of {@link #tensors()}, e.g. {@code onnx::Conv_12}; empty: they
 *     follow from the node's
 * @throws GraphException if a name has a control character
 */
public record Node(String name, Operation operation, List<String> inputs, List<String> tensorNames) {
    public Node {
        inputs = List.copyOf(inputs);
        tensorNames = List.copyOf(tensorNames);
        Graph.checkName("a node", name);
        inputs.forEach(from -> Graph.checkName("an input of a node", from));
        tensorNames.forEach(tensor -> Graph.checkName("a tensor", tensor));
    }

    /** A node whose tensors are named after it. */
    public Node(String name, Operation operation, List<String> inputs) {
        this(name, operation, inputs, List.of());
    }

    /** Name of a node that nobody named: what it is, and its place in the graph from 0 on. */
    public static String unnamed(Operation operation, int place) {
        return operation.kind() + "#" + place;
    }

    /** Its tensors: weight, bias; or scale, shift, running mean, variance; or none. */
    public List<TensorSpec> tensors() {
        return ShapeRules.tensors(this);
    }

    /**
     * Name of its tensor of that role.
     *
     * @throws IllegalArgumentException if it has none
     */
    public String tensor(TensorRole role) {
        for (TensorSpec spec : tensors()) {
            if (spec.role() == role) {
                return spec.name();
            }
        }
        throw new IllegalArgumentException("node " + name + " has no tensor of the role " + role);
    }
}
