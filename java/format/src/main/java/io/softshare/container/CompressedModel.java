package io.softshare.container;

import io.softshare.codec.CompressedTensor;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorSpec;
import java.util.List;

/**
 * A network ready to be stored: its graph, and each of its tensors in the graph's own order.
 *
 * @throws IllegalArgumentException if the tensors are not exactly those of the graph
 */
public record CompressedModel(Graph graph, List<CompressedTensor> tensors) {
    public CompressedModel {
        tensors = List.copyOf(tensors);
        List<TensorSpec> specs = graph.tensors();
        for (int i = 0; i < Math.max(specs.size(), tensors.size()); i++) {
            String expected = i < specs.size() ? describe(specs.get(i)) : "no more tensors";
            String found = i < tensors.size() ? describe(tensors.get(i).spec()) : "none";
            if (i >= specs.size()
                    || i >= tensors.size()
                    || !specs.get(i).equals(tensors.get(i).spec())) {
                throw new IllegalArgumentException(
                        "tensor " + i + " of " + graph.name() + ": expected " + expected + ", found " + found);
            }
        }
    }

    private static String describe(TensorSpec spec) {
        return spec.name() + " " + spec.shape() + " " + spec.role();
    }

    /** The tensor of that name. */
    public CompressedTensor tensor(String name) {
        return tensors.stream()
                .filter(t -> t.spec().name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(graph.name() + " has no tensor " + name));
    }

    /** Non-zero values among trainable parameters. */
    public long nonZero() {
        return tensors.stream()
                .filter(t -> t.spec().role().trainable())
                .mapToLong(CompressedTensor::nonZero)
                .sum();
    }
}
