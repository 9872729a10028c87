package io.softshare.graph;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes a graph in the order in which it is computed. Each call adds a node that reads the last one, unless
 * {@link #from} names another; channel and feature counts follow from what is read.
 */
public final class GraphBuilder {
    private final String name;
    private final Shape input;
    private final Preprocessing preprocessing;
    private final List<Node> nodes = new ArrayList<>();
    private String last = Graph.INPUT;

    public GraphBuilder(String name, Shape input, Preprocessing preprocessing) {
        this.name = name;
        this.input = input;
        this.preprocessing = preprocessing;
    }

    /** The next node reads the named one instead of the last. */
    public GraphBuilder from(String node) {
        last = node;
        return this;
    }

    /** Name of the last node added: what the next one reads. */
    public String last() {
        return last;
    }

    public GraphBuilder convolution(String node, int outChannels, int kernel, int stride, int pad, boolean bias) {
        return add(
                node,
                new Operation.Convolution(
                        shape().channels(), outChannels, kernel, kernel, stride, stride, pad, pad, bias));
    }

    public GraphBuilder linear(String node, int outFeatures) {
        return add(node, new Operation.Linear(shape().channels(), outFeatures, true));
    }

    public GraphBuilder batchNorm(String node) {
        return add(node, new Operation.BatchNorm(shape().channels(), 1e-5f));
    }

    public GraphBuilder relu(String node) {
        return add(node, new Operation.Relu());
    }

    public GraphBuilder maxPool(String node, int kernel, int stride) {
        return add(node, new Operation.MaxPool(kernel, kernel, stride, stride, 0, 0));
    }

    public GraphBuilder globalAveragePool(String node) {
        return add(node, new Operation.GlobalAveragePool());
    }

    public GraphBuilder flatten(String node) {
        return add(node, new Operation.Flatten());
    }

    /** Adds the last node and the named one. */
    public GraphBuilder addTo(String node, String other) {
        nodes.add(new Node(node, new Operation.Add(), List.of(last, other)));
        last = node;
        return this;
    }

    public Graph build() {
        return new Graph(name, input, preprocessing, nodes);
    }

    private GraphBuilder add(String node, Operation operation) {
        nodes.add(new Node(node, operation, List.of(last)));
        last = node;
        return this;
    }

    private Shape shape() {
        return last.equals(Graph.INPUT) ? input : build0().shape(last);
    }

    private Graph build0() {
        // Graph checks that the last node is flat, which an unfinished graph need not be; close it with a pool.
        List<Node> closed = new ArrayList<>(nodes);
        closed.add(new Node(" end", new Operation.GlobalAveragePool(), List.of(last)));
        return new Graph(name, input, preprocessing, closed);
    }
}
