package io.softshare.network;

import io.softshare.device.PriorOperation.TensorLayout;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each tensor of a graph lies: weights under the prior first, one after another; then biases and batch-norm's affine
 * parameters; running statistics in a buffer of their own. Offsets in floats.
 */
public final class ParameterLayout {
    /** A tensor and where it begins, within its buffer. */
    public record Slot(TensorSpec spec, long offset) {
        /** One past its last element. */
        public long end() {
            return offset + spec.size();
        }
    }

    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final List<Slot> weights = new ArrayList<>();
    private final List<Slot> others = new ArrayList<>();
    private final List<Slot> statistics = new ArrayList<>();
    private final long weightCount;
    private final long parameterCount;
    private final long statisticCount;

    public ParameterLayout(Graph graph) {
        long offset = 0;
        for (TensorSpec spec : graph.tensors()) {
            if (spec.role() == TensorRole.WEIGHT) {
                offset = place(weights, spec, offset);
            }
        }
        weightCount = offset;
        for (TensorSpec spec : graph.tensors()) {
            if (spec.role() != TensorRole.WEIGHT && spec.role().trainable()) {
                offset = place(others, spec, offset);
            }
        }
        parameterCount = offset;
        long place = 0;
        for (TensorSpec spec : graph.tensors()) {
            if (!spec.role().trainable()) {
                place = place(statistics, spec, place);
            }
        }
        statisticCount = place;
    }

    private long place(List<Slot> list, TensorSpec spec, long offset) {
        Slot slot = new Slot(spec, offset);
        list.add(slot);
        slots.put(spec.name(), slot);
        return slot.end();
    }

    /** Weights under the prior, from offset 0. */
    public List<Slot> weights() {
        return List.copyOf(weights);
    }

    /** Trainable parameters that are no weights, behind the weights. */
    public List<Slot> others() {
        return List.copyOf(others);
    }

    /** Running statistics, from offset 0 of their own buffer. */
    public List<Slot> statistics() {
        return List.copyOf(statistics);
    }

    /** Where the named tensor lies. */
    public Slot slot(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException("no tensor is named " + name);
        }
        return slot;
    }

    public long weightCount() {
        return weightCount;
    }

    /** Weights and other trainable parameters. */
    public long parameterCount() {
        return parameterCount;
    }

    public long statisticCount() {
        return statisticCount;
    }

    /** What the prior's kernels need to know of the weights. */
    public List<TensorLayout> priorLayout() {
        List<TensorLayout> layout = new ArrayList<>();
        for (Slot slot : weights) {
            TensorSpec spec = slot.spec();
            layout.add(new TensorLayout(slot.offset(), spec.rows(), spec.columns(), spec.kernel()));
        }
        return layout;
    }
}
