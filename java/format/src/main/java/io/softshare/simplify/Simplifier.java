package io.softshare.simplify;

import io.softshare.codec.CompressedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.TensorRole;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes out of a network what does not reach its outputs.
 *
 * <p>A channel that is the same number everywhere, whatever the image, is a constant: the output of a unit whose incoming
 * weights are all zero, after batch-norm, rectifier and pooling. Its outgoing weights go into the biases of the layers
 * that read it, unless those pad with zeros (the edges would differ) or have no bias; a residual sum is a constant only if
 * both parts are. A constant of zero needs no bias. A channel that no weight reads is nothing: the weights, bias and
 * batch-norm values that make it become zero (its variance one). A constant that must stay becomes the shift of the batch-norm that gives it, whose scale is
 * zero then, so that what led to it is nothing too. All of this is repeated until nothing changes.
 */
public final class Simplifier {
    /** A stored bias may lie this far from its exact value: a thirty-second of what rounding to 1/32 does already. */
    public static final double TOLERANCE = 0x1p-11;

    private final Graph graph;
    private final Parameters parameters;
    private final double tolerance;
    private final Map<String, Double> shiftErrors = new HashMap<>();
    private int folded;

    private Simplifier(CompressedModel model, double tolerance) {
        this.graph = model.graph();
        this.parameters = new Parameters(model, tolerance);
        this.tolerance = tolerance;
    }

    /** With the default tolerance. */
    public static Simplified simplify(CompressedModel model) {
        return simplify(model, TOLERANCE);
    }

    /**
     * Simplifies a network. The same network and tolerance give the same result.
     *
     * @param tolerance how far a stored bias may lie from its exact value, 0 or more. Biases in steps of a power of two
     *     get finer steps where that is needed to keep to it; what cannot be held stays as it was
     */
    public static Simplified simplify(CompressedModel model, double tolerance) {
        if (!(tolerance >= 0)) {
            throw new IllegalArgumentException("tolerance of a bias: expected 0 or more, found " + tolerance);
        }
        Simplifier simplifier = new Simplifier(model, tolerance);
        do {
            boolean changed = true;
            while (changed) {
                changed = simplifier.foldConstants();
                changed |= simplifier.dropUnread();
            }
        } while (simplifier.storeConstants());
        return simplifier.result(model);
    }

    /** For each value its channels' constants; NaN: none. */
    private Map<String, double[]> constants() {
        Map<String, double[]> constants = new HashMap<>();
        double[] image = new double[graph.input().channels()];
        Arrays.fill(image, Double.NaN);
        constants.put(Graph.INPUT, image);
        for (Node node : graph.nodes()) {
            double[] in = constants.get(node.inputs().get(0));
            double[] out = new double[graph.shape(node.name()).channels()];
            Layers layer = Layers.of(node);
            for (int c = 0; c < out.length; c++) {
                double value;
                if (layer != null) {
                    value = !layer.emptyRow(weights(node), c) ? Double.NaN : layer.bias() ? bias(node)[c] : 0;
                } else if (node.operation() instanceof Operation.BatchNorm b) {
                    value = normalized(node, b, c, in[c]);
                } else if (node.operation() instanceof Operation.Relu) {
                    value = Math.max(in[c], 0); // NaN stays NaN
                } else if (node.operation() instanceof Operation.Add) {
                    value = in[c] + constants.get(node.inputs().get(1))[c];
                } else if (node.operation() instanceof Operation.Flatten) {
                    value = in[c / Layers.area(graph, node)];
                } else {
                    value = in[c]; // pooling: no window lies wholly in the padding
                }
                out[c] = Double.isFinite(value) ? value : Double.NaN;
            }
            constants.put(node.name(), out);
        }
        return constants;
    }

    private double normalized(Node node, Operation.BatchNorm operation, int c, double in) {
        double variance = parameters.get(node.tensor(TensorRole.RUNNING_VARIANCE))[c] + operation.epsilon();
        if (!(variance > 0)) {
            return Double.NaN;
        }
        double scale = parameters.get(node.tensor(TensorRole.SCALE))[c];
        double shift = parameters.get(node.tensor(TensorRole.SHIFT))[c];
        double mean = parameters.get(node.tensor(TensorRole.RUNNING_MEAN))[c];
        return scale == 0 ? shift : scale * (in - mean) / Math.sqrt(variance) + shift;
    }

    private double[] weights(Node node) {
        return parameters.get(node.tensor(TensorRole.WEIGHT));
    }

    private double[] bias(Node node) {
        return parameters.get(node.tensor(TensorRole.BIAS));
    }

    private boolean foldConstants() {
        boolean changed = false;
        Map<String, double[]> constants = constants();
        for (Node node : graph.nodes()) {
            Layers layer = Layers.of(node);
            if (layer == null) {
                continue;
            }
            double[] in = constants.get(node.inputs().get(0));
            for (int column = 0; column < layer.columns(); column++) {
                if (!Double.isNaN(in[column])) {
                    changed |= foldColumn(node, layer, column, in[column]);
                }
            }
        }
        return changed;
    }

    private boolean foldColumn(Node node, Layers layer, int column, double constant) {
        double[] weights = weights(node);
        double[] shifted = layer.bias() ? bias(node).clone() : new double[layer.rows()];
        boolean any = false;
        for (int row = 0; row < layer.rows(); row++) {
            if (!layer.empty(weights, row, column)) {
                any = true;
                double sum = 0;
                for (int k = 0; k < layer.kernel(); k++) {
                    sum += weights[layer.at(row, column) + k];
                }
                shifted[row] += sum * constant;
            }
        }
        if (!any) {
            return false;
        }
        if (constant != 0) {
            if (layer.padded() || !layer.bias()) {
                return false;
            }
            String name = node.tensor(TensorRole.BIAS);
            if (!parameters.canHold(name, shifted)) {
                return false;
            }
            parameters.set(name, shifted);
            folded++;
        }
        for (int row = 0; row < layer.rows(); row++) {
            Arrays.fill(weights, layer.at(row, column), layer.at(row, column) + layer.kernel(), 0);
        }
        return true;
    }

    /** For each value, which channels have an influence on the outputs. */
    private Map<String, boolean[]> read() {
        Map<String, boolean[]> read = new HashMap<>();
        read.put(Graph.INPUT, new boolean[graph.input().channels()]);
        for (Node node : graph.nodes()) {
            read.put(node.name(), new boolean[graph.shape(node.name()).channels()]);
        }
        List<Node> nodes = graph.nodes();
        Arrays.fill(read.get(nodes.get(nodes.size() - 1).name()), true);
        for (int n = nodes.size() - 1; n >= 0; n--) {
            Node node = nodes.get(n);
            boolean[] out = read.get(node.name());
            Layers layer = Layers.of(node);
            for (String from : node.inputs()) {
                boolean[] in = read.get(from);
                for (int c = 0; c < out.length; c++) {
                    if (!out[c]) {
                        continue;
                    }
                    if (layer != null) {
                        for (int i = 0; i < in.length; i++) {
                            in[i] |= !layer.empty(weights(node), c, i);
                        }
                    } else if (node.operation() instanceof Operation.Flatten) {
                        in[c / Layers.area(graph, node)] = true;
                    } else if (node.operation() instanceof Operation.BatchNorm) {
                        in[c] |= parameters.get(node.tensor(TensorRole.SCALE))[c] != 0;
                    } else {
                        in[c] = true;
                    }
                }
            }
        }
        return read;
    }

    private boolean dropUnread() {
        boolean changed = false;
        Map<String, boolean[]> read = read();
        for (Node node : graph.nodes()) {
            Layers layer = Layers.of(node);
            boolean[] out = read.get(node.name());
            for (int c = 0; c < out.length; c++) {
                if (layer != null && !out[c]) {
                    changed |= clear(weights(node), layer.at(c, 0), layer.columns() * layer.kernel(), 0);
                    changed |= layer.bias() && clear(bias(node), c, 1, 0);
                } else if (node.operation() instanceof Operation.BatchNorm) {
                    changed |= dropNorm(node, c, out[c]);
                }
            }
        }
        return changed;
    }

    private boolean dropNorm(Node node, int c, boolean read) {
        boolean changed = false;
        String varianceName = node.tensor(TensorRole.RUNNING_VARIANCE);
        double[] scale = parameters.get(node.tensor(TensorRole.SCALE));
        if (!read) {
            changed |= clear(scale, c, 1, 0);
            changed |= clear(parameters.get(node.tensor(TensorRole.SHIFT)), c, 1, 0);
        }
        if (scale[c] == 0) { // the shift is all that it gives
            changed |= clear(parameters.get(node.tensor(TensorRole.RUNNING_MEAN)), c, 1, 0);
            double[] variance = parameters.get(varianceName).clone();
            variance[c] = 1; // zero would do as well, but divides by the square root of epsilon
            if (parameters.get(varianceName)[c] != 1 && parameters.canHold(varianceName, variance)) {
                parameters.set(varianceName, variance);
                changed = true;
            }
        }
        return changed;
    }

    /** A constant that batch-norm gives and that must stay becomes its shift, so that what led to it is not read. */
    private boolean storeConstants() {
        boolean changed = false;
        Map<String, double[]> constants = constants();
        for (Node node : graph.nodes()) {
            if (!(node.operation() instanceof Operation.BatchNorm)) {
                continue;
            }
            double[] scale = parameters.get(node.tensor(TensorRole.SCALE));
            double[] shift = parameters.get(node.tensor(TensorRole.SHIFT));
            double[] out = constants.get(node.name());
            for (int c = 0; c < out.length; c++) {
                double stored = parameters.nearest(node.tensor(TensorRole.SHIFT), out[c]);
                double error = Math.abs(stored - out[c]);
                if (scale[c] != 0 && error <= tolerance) { // no constant: NaN, which is not
                    scale[c] = 0;
                    shift[c] = stored;
                    shiftErrors.merge(node.name(), error, Math::max);
                    changed = true;
                }
            }
        }
        return changed;
    }

    private static boolean clear(double[] values, int from, int count, double to) {
        boolean changed = false;
        for (int i = from; i < from + count; i++) {
            changed |= values[i] != to;
            values[i] = to;
        }
        return changed;
    }

    private Simplified result(CompressedModel before) {
        CompressedModel after = parameters.build();
        int dropped = 0;
        int kept = 0;
        double biasError =
                shiftErrors.values().stream().mapToDouble(e -> e).max().orElse(0);
        Map<String, Double> biasErrors = new HashMap<>(shiftErrors);
        List<Node> nodes = graph.nodes();
        for (Node node : nodes) {
            Layers layer = Layers.of(node);
            if (layer == null) {
                continue;
            }
            float[] weightsBefore =
                    before.tensor(node.tensor(TensorRole.WEIGHT)).values();
            float[] biasBefore =
                    layer.bias() ? before.tensor(node.tensor(TensorRole.BIAS)).values() : new float[layer.rows()];
            float[] biasAfter =
                    layer.bias() ? after.tensor(node.tensor(TensorRole.BIAS)).values() : new float[layer.rows()];
            boolean last = node == nodes.get(nodes.size() - 1);
            double largest = 0;
            for (int row = 0; row < layer.rows(); row++) {
                boolean something = biasBefore[row] != 0;
                for (int i = layer.at(row, 0); i < layer.at(row + 1, 0); i++) {
                    something |= weightsBefore[i] != 0;
                }
                boolean empty = layer.emptyRow(weights(node), row);
                dropped += something && empty && biasAfter[row] == 0 ? 1 : 0;
                kept += empty && biasAfter[row] != 0 && !last ? 1 : 0;
                if (layer.bias()) {
                    largest = Math.max(largest, Math.abs(biasAfter[row] - bias(node)[row]));
                }
            }
            biasErrors.put(node.name(), largest);
            biasError = Math.max(biasError, largest);
        }
        long othersBefore = before.nonZero() - weightsOf(before);
        long othersAfter = after.nonZero() - weightsOf(after);
        return new Simplified(
                after,
                dropped,
                folded,
                kept,
                weightsOf(before) - weightsOf(after),
                othersBefore - othersAfter,
                biasError,
                ErrorBound.ofLogits(before, biasErrors));
    }

    private static long weightsOf(CompressedModel model) {
        return model.tensors().stream()
                .filter(t -> t.spec().role() == TensorRole.WEIGHT)
                .mapToLong(CompressedTensor::nonZero)
                .sum();
    }
}
