package io.softshare.onnx;

import io.softshare.graph.Graph;
import java.util.List;
import java.util.Map;

/**
 * A network from an ONNX file.
 *
 * @param tensors values by the graph's names, linear weights as (out, in); shared, not copied
 * @param notes what a user should know of the reading, a line each
 */
public record OnnxNetwork(Graph graph, Map<String, float[]> tensors, List<String> notes) {
    public OnnxNetwork {
        notes = List.copyOf(notes);
    }
}
