package io.softshare.graph;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Computes a graph's outputs in double precision, one image at a time, by the definitions and nothing else. */
public final class ReferenceNetwork {
    private final Graph graph;
    private final Function<String, float[]> tensors;

    /** @param tensors values by name */
    public ReferenceNetwork(Graph graph, Function<String, float[]> tensors) {
        this.graph = graph;
        this.tensors = tensors;
    }

    /**
     * The logits.
     *
     * @param image preprocessed, channel × height × width
     */
    public double[] logits(double[] image) {
        Map<String, double[]> values = new HashMap<>();
        values.put(Graph.INPUT, image);
        for (Node node : graph.nodes()) {
            List<String> inputs = node.inputs();
            double[] in = values.get(inputs.get(0));
            Shape from = graph.shape(inputs.get(0));
            Shape to = graph.shape(node.name());
            double[] out;
            if (node.operation() instanceof Operation.Convolution c) {
                out = convolution(node, c, in, from, to);
            } else if (node.operation() instanceof Operation.Linear l) {
                out = linear(node, l, in);
            } else if (node.operation() instanceof Operation.BatchNorm b) {
                out = batchNorm(node, b, in);
            } else if (node.operation() instanceof Operation.Relu) {
                out = in.clone();
                for (int i = 0; i < out.length; i++) {
                    out[i] = Math.max(0, out[i]);
                }
            } else if (node.operation() instanceof Operation.MaxPool p) {
                out = pool(
                        in,
                        from,
                        to,
                        p.kernelHeight(),
                        p.kernelWidth(),
                        p.strideHeight(),
                        p.strideWidth(),
                        p.padHeight(),
                        p.padWidth(),
                        true);
            } else if (node.operation() instanceof Operation.AveragePool p) {
                out = pool(
                        in,
                        from,
                        to,
                        p.kernelHeight(),
                        p.kernelWidth(),
                        p.strideHeight(),
                        p.strideWidth(),
                        0,
                        0,
                        false);
            } else if (node.operation() instanceof Operation.GlobalAveragePool) {
                out = pool(in, from, to, from.height(), from.width(), 1, 1, 0, 0, false);
            } else if (node.operation() instanceof Operation.Add) {
                double[] other = values.get(inputs.get(1));
                out = in.clone();
                for (int i = 0; i < out.length; i++) {
                    out[i] += other[i];
                }
            } else { // Flatten: the order in memory is channel, height, width already
                out = in;
            }
            values.put(node.name(), out);
        }
        return values.get(graph.nodes().get(graph.nodes().size() - 1).name());
    }

    private double[] convolution(Node node, Operation.Convolution c, double[] in, Shape from, Shape to) {
        float[] weights = tensors.apply(node.tensor(TensorRole.WEIGHT));
        float[] bias = c.bias() ? tensors.apply(node.tensor(TensorRole.BIAS)) : null;
        double[] out = new double[to.size()];
        int at = 0;
        for (int o = 0; o < to.channels(); o++) {
            for (int y = 0; y < to.height(); y++) {
                for (int x = 0; x < to.width(); x++) {
                    double sum = bias == null ? 0 : bias[o];
                    int w = o * from.channels() * c.kernelHeight() * c.kernelWidth();
                    for (int i = 0; i < from.channels(); i++) {
                        for (int ky = 0; ky < c.kernelHeight(); ky++) {
                            for (int kx = 0; kx < c.kernelWidth(); kx++) {
                                int row = y * c.strideHeight() - c.padHeight() + ky;
                                int column = x * c.strideWidth() - c.padWidth() + kx;
                                if (row >= 0 && row < from.height() && column >= 0 && column < from.width()) {
                                    sum += weights[w] * in[(i * from.height() + row) * from.width() + column];
                                }
                                w++;
                            }
                        }
                    }
                    out[at++] = sum;
                }
            }
        }
        return out;
    }

    private double[] linear(Node node, Operation.Linear l, double[] in) {
        float[] weights = tensors.apply(node.tensor(TensorRole.WEIGHT));
        float[] bias = l.bias() ? tensors.apply(node.tensor(TensorRole.BIAS)) : null;
        double[] out = new double[l.outFeatures()];
        for (int o = 0; o < out.length; o++) {
            out[o] = bias == null ? 0 : bias[o];
            for (int i = 0; i < in.length; i++) {
                out[o] += weights[o * in.length + i] * in[i];
            }
        }
        return out;
    }

    private double[] batchNorm(Node node, Operation.BatchNorm b, double[] in) {
        float[] scale = tensors.apply(node.tensor(TensorRole.SCALE));
        float[] shift = tensors.apply(node.tensor(TensorRole.SHIFT));
        float[] mean = tensors.apply(node.tensor(TensorRole.RUNNING_MEAN));
        float[] variance = tensors.apply(node.tensor(TensorRole.RUNNING_VARIANCE));
        double[] out = in.clone();
        int area = in.length / b.channels();
        for (int i = 0; i < out.length; i++) {
            int c = i / area;
            out[i] = scale[c] * (in[i] - mean[c]) / Math.sqrt((double) variance[c] + b.epsilon()) + shift[c];
        }
        return out;
    }

    private static double[] pool(
            double[] in,
            Shape from,
            Shape to,
            int kernelHeight,
            int kernelWidth,
            int strideHeight,
            int strideWidth,
            int padHeight,
            int padWidth,
            boolean max) {
        double[] out = new double[to.size()];
        int at = 0;
        for (int c = 0; c < to.channels(); c++) {
            for (int y = 0; y < to.height(); y++) {
                for (int x = 0; x < to.width(); x++) {
                    double largest = Double.NEGATIVE_INFINITY;
                    double sum = 0;
                    for (int ky = 0; ky < kernelHeight; ky++) {
                        for (int kx = 0; kx < kernelWidth; kx++) {
                            int row = y * strideHeight - padHeight + ky;
                            int column = x * strideWidth - padWidth + kx;
                            if (row >= 0 && row < from.height() && column >= 0 && column < from.width()) {
                                double value = in[(c * from.height() + row) * from.width() + column];
                                largest = Math.max(largest, value);
                                sum += value;
                            }
                        }
                    }
                    out[at++] = max ? largest : sum / (kernelHeight * kernelWidth);
                }
            }
        }
        return out;
    }
}
