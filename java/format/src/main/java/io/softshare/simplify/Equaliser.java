package io.softshare.simplify;

import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.TensorRole;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rewrites a network so that one mixture suits the weights of all its layers: the same function, with weights of the same
 * size in every layer.
 *
 * <p>Each value v of the graph becomes g_v · v with a g_v &gt; 0. Image and logits stay, g = 1. Rectifier, pooling and
 * flattening hand g on, a residual sum needs the same g on all that it adds: such values are one class. A layer from class a to class b
 * multiplies its weights by g_b / g_a and its bias by g_b. Batch-norm takes up any g on both sides: running mean and
 * variance follow g_a, scale and shift g_b, and the scale makes up for epsilon, which does not follow, channel by channel.
 *
 * <p>The g are those that bring the logarithms of the layers' root mean squares nearest to that of {@link #TARGET}, in the sense of
 * least squares. With a batch-norm between any two layers all reach it; a chain without batch-norm can but move factors from layer to
 * layer, and all its layers reach their geometric mean.
 */
public final class Equaliser {
    /** Root mean square that a layer's weights get where they are free to: what the recipes' sigmas are made for. */
    public static final double TARGET = 0.05;

    /** A layer of smaller weights is as good as nothing, and would only cost others their accuracy. */
    private static final double LEAST = 0x1p-20;

    /** Chooses among equally good factors those nearest to 1; moves the others by about this share. */
    private static final double RIDGE = 1e-9;

    private final Graph graph;
    private final Map<String, float[]> tensors;
    private final Map<String, Integer> classes = new HashMap<>(); // of each value
    private final List<Integer> parents = new ArrayList<>();

    private Equaliser(Graph graph, Map<String, float[]> tensors) {
        this.graph = graph;
        this.tensors = tensors;
    }

    /**
     * Equalises a network. Logits stay the same but for the rounding of values to floats.
     *
     * @param tensors all of the graph's by name, in PyTorch's layouts; not changed
     */
    public static Equalised equalise(Graph graph, Map<String, float[]> tensors) {
        Equaliser equaliser = new Equaliser(graph, tensors);
        equaliser.collect();
        return equaliser.apply(equaliser.solve());
    }

    private void collect() {
        classes.put(Graph.INPUT, fresh());
        List<Node> nodes = graph.nodes();
        for (Node node : nodes) {
            int in = classes.get(node.inputs().get(0));
            if (Layers.of(node) != null || node.operation() instanceof Operation.BatchNorm) {
                in = fresh();
            } else if (node.operation() instanceof Operation.Add) {
                union(in, classes.get(node.inputs().get(1)));
            }
            classes.put(node.name(), in);
        }
        union(classes.get(Graph.INPUT), classes.get(nodes.get(nodes.size() - 1).name())); // both stay: one class, g = 1
    }

    private int fresh() {
        parents.add(parents.size());
        return parents.size() - 1;
    }

    private int root(int value) {
        int at = value;
        while (parents.get(at) != at) {
            at = parents.get(at);
        }
        return at;
    }

    private void union(int a, int b) {
        int first = root(a);
        int second = root(b);
        parents.set(Math.max(first, second), Math.min(first, second)); // the image's, 0, stays a root
    }

    private int classOf(String value) {
        return root(classes.get(value));
    }

    private static double size(float[] weights) {
        double sum = 0;
        for (float w : weights) {
            sum += (double) w * w;
        }
        return Math.sqrt(sum / weights.length);
    }

    /** Factor g of each class: solves the normal equations of ln size + ln g_b − ln g_a = ln target over all layers. */
    private double[] solve() {
        int n = parents.size();
        double[][] matrix = new double[n][n];
        double[] right = new double[n];
        for (int i = 0; i < n; i++) {
            matrix[i][i] = RIDGE;
        }
        for (Node node : graph.nodes()) {
            int a = classOf(node.inputs().get(0));
            int b = classOf(node.name());
            if (Layers.of(node) == null || a == b) {
                continue;
            }
            double size = size(tensors.get(node.tensor(TensorRole.WEIGHT)));
            if (size < LEAST) {
                continue;
            }
            double wanted = Math.log(TARGET / size);
            matrix[a][a]++;
            matrix[b][b]++;
            matrix[a][b]--;
            matrix[b][a]--;
            right[a] -= wanted;
            right[b] += wanted;
        }
        for (int i = 1; i < n; i++) { // ln g of the image is 0
            matrix[i][0] = 0;
            matrix[0][i] = 0;
        }
        right[0] = 0;
        double[] factors = cholesky(matrix, right);
        for (int i = 0; i < n; i++) {
            factors[i] = Math.exp(factors[i]);
        }
        return factors;
    }

    /** Solves A x = b for a symmetric positive definite A, which is overwritten. (This artifact has no dependency to take it from.) */
    private static double[] cholesky(double[][] a, double[] b) {
        int n = b.length;
        double[] x = b.clone();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = a[i][j];
                for (int k = 0; k < j; k++) {
                    sum -= a[i][k] * a[j][k];
                }
                a[i][j] = i == j ? Math.sqrt(sum) : sum / a[j][j];
            }
        }
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < i; k++) {
                x[i] -= a[i][k] * x[k];
            }
            x[i] /= a[i][i];
        }
        for (int i = n - 1; i >= 0; i--) {
            for (int k = i + 1; k < n; k++) {
                x[i] -= a[k][i] * x[k];
            }
            x[i] /= a[i][i];
        }
        return x;
    }

    private Equalised apply(double[] factors) {
        Map<String, float[]> result = new LinkedHashMap<>();
        tensors.forEach((name, values) -> result.put(name, values.clone()));
        List<Equalised.Layer> layers = new ArrayList<>();
        for (Node node : graph.nodes()) {
            double in = factors[classOf(node.inputs().get(0))];
            double out = factors[classOf(node.name())];
            Layers layer = Layers.of(node);
            if (layer != null) {
                float[] weights = result.get(node.tensor(TensorRole.WEIGHT));
                double before = size(weights);
                multiply(weights, out / in);
                if (layer.bias()) {
                    multiply(result.get(node.tensor(TensorRole.BIAS)), out);
                }
                if (before > 0) {
                    layers.add(new Equalised.Layer(node.name(), out / in, before, size(weights)));
                }
            } else if (node.operation() instanceof Operation.BatchNorm b) {
                normalisation(node, b, result, in, out);
            }
        }
        return new Equalised(result, List.copyOf(layers));
    }

    private static void normalisation(
            Node node, Operation.BatchNorm operation, Map<String, float[]> tensors, double in, double out) {
        multiply(tensors.get(node.tensor(TensorRole.RUNNING_MEAN)), in);
        multiply(tensors.get(node.tensor(TensorRole.SHIFT)), out);
        float[] variance = tensors.get(node.tensor(TensorRole.RUNNING_VARIANCE));
        float[] scale = tensors.get(node.tensor(TensorRole.SCALE));
        for (int c = 0; c < scale.length; c++) {
            double before = Math.sqrt((double) variance[c] + operation.epsilon());
            variance[c] = (float) (variance[c] * in * in);
            double after = Math.sqrt((double) variance[c] + operation.epsilon());
            scale[c] = (float) (scale[c] * out * after / (in * before));
        }
    }

    private static void multiply(float[] values, double factor) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] * factor);
        }
    }
}
