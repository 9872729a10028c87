package io.softshare.simplify;

import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.TensorRole;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How far errors of biases can move the logits: interval arithmetic over the graph, with the worst case everywhere. */
final class ErrorBound {
    private ErrorBound() {}

    /**
     * The bound. It holds for any weights no larger than the model's, so also where some of those that a change
     * travelled through were set to zero later.
     *
     * @param biasErrors largest error of a bias or of a batch-norm's shift, by node
     */
    static double ofLogits(CompressedModel model, Map<String, Double> biasErrors) {
        Graph graph = model.graph();
        Map<String, double[]> errors = new HashMap<>(); // of each channel
        errors.put(Graph.INPUT, new double[graph.input().channels()]);
        List<Node> nodes = graph.nodes();
        for (Node node : nodes) {
            double[] in = errors.get(node.inputs().get(0));
            double[] out = new double[graph.shape(node.name()).channels()];
            Layers layer = Layers.of(node);
            float[] weights = layer == null
                    ? null
                    : model.tensor(node.tensor(TensorRole.WEIGHT)).values();
            double[] factors = node.operation() instanceof Operation.BatchNorm b ? factors(model, node, b) : null;
            for (int c = 0; c < out.length; c++) {
                if (layer != null) {
                    out[c] = biasErrors.getOrDefault(node.name(), 0.0);
                    for (int i = 0; i < in.length; i++) {
                        for (int k = 0; k < layer.kernel(); k++) {
                            out[c] += Math.abs(weights[layer.at(c, i) + k]) * in[i];
                        }
                    }
                } else if (factors != null) {
                    out[c] = factors[c] * in[c] + biasErrors.getOrDefault(node.name(), 0.0);
                } else if (node.operation() instanceof Operation.Add) {
                    out[c] = in[c] + errors.get(node.inputs().get(1))[c];
                } else if (node.operation() instanceof Operation.Flatten) {
                    out[c] = in[c / Layers.area(graph, node)];
                } else {
                    out[c] = in[c]; // rectifier, maximum and mean bring values no further apart
                }
            }
            errors.put(node.name(), out);
        }
        double largest = 0;
        for (double e : errors.get(nodes.get(nodes.size() - 1).name())) {
            largest = Math.max(largest, e);
        }
        return largest;
    }

    private static double[] factors(CompressedModel model, Node node, Operation.BatchNorm operation) {
        float[] scale = model.tensor(node.tensor(TensorRole.SCALE)).values();
        float[] variance =
                model.tensor(node.tensor(TensorRole.RUNNING_VARIANCE)).values();
        double[] factors = new double[scale.length];
        for (int c = 0; c < factors.length; c++) {
            factors[c] = Math.abs(scale[c]) / Math.sqrt((double) variance[c] + operation.epsilon());
        }
        return factors;
    }
}
