package io.softshare.onnx;

import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.TensorSpec;
import io.softshare.onnx.OnnxValue.Weights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Names for nodes, so that their tensors keep the names they have in the file. {@code conv1.weight} and {@code conv1.bias}
 * follow from a node called {@code conv1}; names such as {@code onnx::Conv_12} are kept beside it. Exporters store equal
 * tensors once: what several nodes read is copied, and named after the node where the others of the node's tensors tell.
 */
final class TensorNames {
    private static final String RESERVED = "__metadata__"; // by safetensors
    private static final char UNNAMED = '#'; // as in the names of nodes that nobody named

    private final Set<String> nodes = new HashSet<>(Set.of(Graph.INPUT));
    private final Map<String, Integer> numbers = new HashMap<>();
    private final Set<String> tensors = new HashSet<>(Set.of("", RESERVED));

    /**
     * @param node as it is without a name
     * @param fallback the ONNX node's name, may be empty
     * @param constants its tensors in the file
     * @param shared whether another node reads a tensor too
     * @param copied gets the names of those that are read more than once
     */
    Node name(Node node, String fallback, List<Weights> constants, Predicate<Weights> shared, List<String> copied) {
        List<TensorSpec> specs = node.tensors();
        List<String> suffixes = specs.stream()
                .map(t -> t.name().substring(node.name().length()))
                .toList();
        constants.stream().filter(shared).forEach(w -> copied.add(w.name()));
        for (boolean own : new boolean[] {true, false}) {
            for (int i = 0; i < constants.size(); i++) {
                Weights w = constants.get(i);
                if (w.name().endsWith(suffixes.get(i)) && own != shared.test(w)) {
                    String prefix = w.name()
                            .substring(0, w.name().length() - suffixes.get(i).length());
                    if (fits(prefix, constants, suffixes, shared)) {
                        nodes.add(prefix);
                        suffixes.forEach(s -> tensors.add(prefix + s));
                        return new Node(prefix, node.operation(), node.inputs());
                    }
                }
            }
        }
        List<String> names = new ArrayList<>();
        String base = fallback.isEmpty() ? node.operation().kind() : fallback;
        for (int i = 0; i < constants.size(); i++) {
            Weights w = constants.get(i);
            String name = w.name();
            if (shared.test(w) || tensors.contains(name)) {
                name = free(base, suffixes.get(i));
            }
            tensors.add(name);
            names.add(name);
        }
        return new Node(node.name(), node.operation(), node.inputs(), names);
    }

    /** A name after a base, numbered where it is taken. Numbers go on from call to call: a file may ask for thousands. */
    private String free(String base, String suffix) {
        String name = base + suffix;
        while (tensors.contains(name)) {
            name = base + "_" + numbers.merge(base, 1, Integer::sum) + suffix;
        }
        return name;
    }

    private boolean fits(String prefix, List<Weights> constants, List<String> suffixes, Predicate<Weights> shared) {
        boolean fits = !prefix.isEmpty() && prefix.indexOf(UNNAMED) < 0 && !nodes.contains(prefix);
        for (int i = 0; i < constants.size(); i++) {
            Weights w = constants.get(i);
            boolean free = !tensors.contains(prefix + suffixes.get(i));
            fits &= free && (w.name().equals(prefix + suffixes.get(i)) || shared.test(w) || w.computed());
        }
        return fits;
    }
}
