package io.softshare.codec;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;

/** Splits a coder's position into parts: each call of {@link #charge} books what went by since the last one. */
final class CostMeter {
    enum Part {
        STRUCTURE,
        ZERO_MAP,
        SIGNS,
        INDICES,
        CODEBOOK,
        OTHER
    }

    private final DoubleSupplier position;
    private final double[] parts = new double[Part.values().length];
    private final List<TensorCost> costs = new ArrayList<>();
    private double last;

    CostMeter(DoubleSupplier position) {
        this.position = position;
        this.last = position.getAsDouble();
    }

    void charge(Part part) {
        double now = position.getAsDouble();
        parts[part.ordinal()] += now - last;
        last = now;
    }

    void endTensor(String name) {
        costs.add(new TensorCost(name, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]));
        java.util.Arrays.fill(parts, 0);
    }

    List<TensorCost> costs() {
        return List.copyOf(costs);
    }
}
