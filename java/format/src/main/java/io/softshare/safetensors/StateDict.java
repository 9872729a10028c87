package io.softshare.safetensors;

import io.softshare.codec.Limits;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.TensorSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Weights by name, as PyTorch's state_dict has them: convolutions (out, in, height, width), linear layers (out, in).
 *
 * @param tensors each name once; {@code __metadata__} is none
 * @param metadata text that travels with them, e.g. {@code format}: {@code pt}
 */
public record StateDict(List<NamedTensor> tensors, Map<String, String> metadata) {
    private static final String COUNTER = "num_batches_tracked";
    private static final String STATISTIC = "running_mean";

    public StateDict {
        tensors = List.copyOf(tensors);
        metadata = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        Map<String, NamedTensor> seen = new LinkedHashMap<>();
        for (NamedTensor tensor : tensors) {
            if (tensor.name().equals(SafetensorsHeader.METADATA) || seen.put(tensor.name(), tensor) != null) {
                throw new IllegalArgumentException("a tensor cannot be named " + tensor.name() + " here, or not twice");
            }
        }
    }

    /** Reads a safetensors file. */
    public static StateDict read(Path path) throws IOException {
        return SafetensorsReader.read(path);
    }

    /** As {@link #read(Path)}, within the caller's limits. */
    public static StateDict read(Path path, Limits limits) throws IOException {
        return SafetensorsReader.read(path, limits);
    }

    /**
     * The tensors of a graph, in its order; {@code values} has all of them under the graph's names. In front of them, for
     * each batch-norm, PyTorch's counter of batches, without which it refuses a state_dict: 0, since nothing counts them
     * and a batch-norm with a momentum does not use it.
     */
    public static StateDict of(Graph graph, Map<String, float[]> values) {
        List<NamedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : graph.tensors()) {
            if (spec.name().endsWith("." + STATISTIC)) {
                String of = spec.name().substring(0, spec.name().length() - STATISTIC.length());
                tensors.add(new NamedTensor(of + COUNTER, List.of(), new float[1]));
            }
        }
        Set<String> turned = transposed(graph);
        for (TensorSpec spec : graph.tensors()) {
            float[] found = values.get(spec.name());
            if (found == null) {
                throw new IllegalArgumentException(graph.name() + ": no values for tensor " + spec.name());
            }
            boolean transposed = turned.contains(spec.name());
            tensors.add(new NamedTensor(
                    spec.name(),
                    shape(spec, transposed),
                    transposed ? transpose(found, spec.rows(), spec.columns()) : found));
        }
        return new StateDict(tensors, Map.of("format", "pt"));
    }

    /** Writes a safetensors file whole or not at all. */
    public void write(Path path) throws IOException {
        SafetensorsWriter.write(path, tensors, metadata);
    }

    /**
     * Values of each of the graph's tensors, in its order and under its names. Names may share a prefix that ends in a
     * dot, such as {@code module.}; counters of batches are passed over.
     *
     * @throws SafetensorsException naming every tensor that is missing, superfluous or of another shape
     */
    public Map<String, float[]> forGraph(Graph graph) throws SafetensorsException {
        Map<String, NamedTensor> left = new LinkedHashMap<>();
        for (NamedTensor tensor : tensors) {
            if (!isCounter(tensor)) {
                left.put(tensor.name(), tensor);
            }
        }
        String prefix = prefix(graph, left);
        Map<String, float[]> values = new LinkedHashMap<>();
        List<String> faults = new ArrayList<>();
        Set<String> turned = transposed(graph);
        for (TensorSpec spec : graph.tensors()) {
            NamedTensor found = left.remove(prefix + spec.name());
            boolean transposed = turned.contains(spec.name());
            List<Long> expected = shape(spec, transposed);
            if (found == null) {
                faults.add("tensor " + spec.name() + " is missing");
            } else if (!found.shape().equals(expected)) {
                faults.add("tensor " + spec.name() + ": expected shape " + expected + ", found "
                        + SafetensorsHeader.brief(found.shape()));
            } else {
                values.put(
                        spec.name(),
                        transposed ? transpose(found.values(), spec.columns(), spec.rows()) : found.values());
            }
        }
        left.keySet().forEach(name -> faults.add("tensor " + SafetensorsHeader.quote(name) + " is not part of it"));
        if (!faults.isEmpty()) {
            int shown = Math.min(4, faults.size());
            throw new SafetensorsException("these weights do not fit " + graph.name() + ": "
                    + String.join("; ", faults.subList(0, shown))
                    + (faults.size() > shown ? "; and " + (faults.size() - shown) + " more" : ""));
        }
        return values;
    }

    /** Whether a tensor is a batch-norm's counter of batches: a whole number, no weight. */
    static boolean isCounter(NamedTensor tensor) {
        return tensor.name().equals(COUNTER) || tensor.name().endsWith("." + COUNTER);
    }

    /** What stands before the graph's names: taken from the tensor that ends like the graph's first, if all have it. */
    private static String prefix(Graph graph, Map<String, NamedTensor> found) {
        if (graph.tensors().isEmpty()) {
            return "";
        }
        String first = graph.tensors().get(0).name();
        for (String name : found.keySet()) {
            String before = name.endsWith("." + first) ? name.substring(0, name.length() - first.length()) : "";
            if (!before.isEmpty() && found.keySet().stream().allMatch(n -> n.startsWith(before))) {
                return before;
            }
        }
        return "";
    }

    /** Weights that lie as (in, out) outside. */
    private static Set<String> transposed(Graph graph) {
        Set<String> names = new HashSet<>();
        for (Node node : graph.nodes()) {
            if (node.operation() instanceof Operation.Linear linear && linear.transposed()) {
                names.add(node.tensors().get(0).name());
            }
        }
        return names;
    }

    private static List<Long> shape(TensorSpec spec, boolean transposed) {
        List<Long> shape = new ArrayList<>();
        spec.shape().forEach(d -> shape.add(transposed ? 0 : shape.size(), (long) d));
        return shape;
    }

    /** The values of a (rows, columns) matrix in the order of its transpose. */
    public static float[] transpose(float[] values, int rows, int columns) {
        float[] turned = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                turned[c * rows + r] = values[r * columns + c];
            }
        }
        return turned;
    }
}
