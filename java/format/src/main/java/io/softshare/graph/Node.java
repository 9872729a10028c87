package io.softshare.graph;

import java.util.List;

/**
 * One step of a network.
 *
 * @param name unique; the prefix of its tensors' names, e.g. {@code blocks.0.conv1}
 * @param operation what it computes
 * @param inputs names of the nodes it reads, earlier in the graph; {@link Graph#INPUT} is the image
 */
public record Node(String name, Operation operation, List<String> inputs) {
    public Node {
        inputs = List.copyOf(inputs);
    }
}
