package io.softshare.simplify;

import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which channels may be put into another order together. Whatever makes or reads the channels of one value follows: a
 * residual sum ties the values that it adds, batch-norm, rectifier and pooling hand the order on, flattening makes a
 * block of features of each channel. The image's channels and the classes stay where they are.
 */
final class ChannelGroups {
    /** How a tensor follows: by its rows, its columns, or its elements where it is a vector. */
    enum Axis {
        ROWS,
        COLUMNS,
        ELEMENTS
    }

    /**
     * A tensor that follows.
     *
     * @param block rows, columns or elements a channel
     */
    record Use(String tensor, Axis axis, int block) {}

    /** Channels that are free to move, and all that moves with them. */
    record Group(int channels, List<Use> uses) {}

    private record Value(int space, int block) {}

    private final List<Integer> parents = new ArrayList<>();
    private final List<Integer> sizes = new ArrayList<>();
    private final List<Boolean> fixed = new ArrayList<>();
    private final List<Map.Entry<Integer, Use>> uses = new ArrayList<>();

    private ChannelGroups() {}

    /** The groups of a graph, those nearest to its output first. */
    static List<Group> of(Graph graph) {
        ChannelGroups groups = new ChannelGroups();
        groups.collect(graph);
        Map<Integer, Group> byRoot = new LinkedHashMap<>();
        for (int i = groups.uses.size() - 1; i >= 0; i--) {
            int root = groups.root(groups.uses.get(i).getKey());
            if (!groups.fixed.get(root)) {
                byRoot.computeIfAbsent(root, r -> new Group(groups.sizes.get(r), new ArrayList<>()))
                        .uses()
                        .add(groups.uses.get(i).getValue());
            }
        }
        return List.copyOf(byRoot.values());
    }

    private void collect(Graph graph) {
        Map<String, Value> values = new HashMap<>();
        values.put(Graph.INPUT, space(graph.input().channels(), true));
        for (Node node : graph.nodes()) {
            Value in = values.get(node.inputs().get(0));
            Layers layer = Layers.of(node);
            Value out = in;
            if (layer != null) {
                use(in, node.tensor(TensorRole.WEIGHT), Axis.COLUMNS);
                out = space(layer.rows(), false);
                use(out, node.tensor(TensorRole.WEIGHT), Axis.ROWS);
                if (layer.bias()) {
                    use(out, node.tensor(TensorRole.BIAS), Axis.ELEMENTS);
                }
            } else if (node.operation() instanceof Operation.BatchNorm) {
                for (TensorSpec tensor : node.tensors()) {
                    use(in, tensor.name(), Axis.ELEMENTS);
                }
            } else if (node.operation() instanceof Operation.Flatten) {
                out = new Value(in.space(), in.block() * Layers.area(graph, node));
            } else if (node.operation() instanceof Operation.Add) {
                tie(in, values.get(node.inputs().get(1)));
            }
            values.put(node.name(), out);
        }
        List<Node> nodes = graph.nodes();
        fixed.set(root(values.get(nodes.get(nodes.size() - 1).name()).space()), true);
    }

    private Value space(int channels, boolean stays) {
        parents.add(parents.size());
        sizes.add(channels);
        fixed.add(stays);
        return new Value(parents.size() - 1, 1);
    }

    private void use(Value value, String tensor, Axis axis) {
        uses.add(Map.entry(value.space(), new Use(tensor, axis, value.block())));
    }

    private int root(int space) {
        int at = space;
        while (parents.get(at) != at) {
            at = parents.get(at);
        }
        return at;
    }

    private void tie(Value a, Value b) {
        int first = root(a.space());
        int second = root(b.space());
        boolean alike = a.block() == b.block() && sizes.get(first).equals(sizes.get(second));
        boolean stays = fixed.get(first) || fixed.get(second) || !alike;
        if (alike) {
            parents.set(second, first);
        }
        fixed.set(first, stays); // blocks of different sizes could not follow one order
        fixed.set(second, stays);
    }
}
