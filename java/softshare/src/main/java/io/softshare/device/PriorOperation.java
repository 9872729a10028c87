package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.bytes;
import static io.softshare.device.Pointers.doubles;
import static io.softshare.device.Pointers.floats;
import static io.softshare.device.Pointers.ints;
import static io.softshare.device.Pointers.size;

import org.bytedeco.javacpp.LongPointer;

/**
 * The mixture prior over the weights of an arena: see softshare.h for formulas. Buffers that may be null say so.
 *
 * <p>Sizes: weights, gradient, moments: {@link #weights()} floats; live: a bit a weight in 32-bit words, or null; mixture:
 * 3·K doubles (π, μ, σ); row and column offsets and counts: {@link #rows()} and {@link #columns()} floats, or null;
 * statistics: 3·K + 1 doubles, or null.
 */
public final class PriorOperation extends NativeOperation {
    /** A tensor of the arena: weight (r, c, k) lies at offset + (r·columns + c)·kernel + k. */
    public record TensorLayout(long offset, long rows, long columns, long kernel) {}

    /** Row and column offsets of the structured zero component; both null for the global one. */
    public record Offsets(Buffer rows, Buffer columns) {
        /** The global zero component. */
        public static final Offsets NONE = new Offsets(null, null);
    }

    /** Where sums over the weights go; any may be null. */
    public record Sums(Buffer statistics, Buffer rowCounts, Buffer columnCounts) {
        /** No sums. */
        public static final Sums NONE = new Sums(null, null, null);
    }

    /** Adam's constants. */
    public record Adam(float beta1, float beta2, float epsilon) {
        /** The usual ones. */
        public static final Adam DEFAULT = new Adam(0.9f, 0.999f, 1e-8f);
    }

    private final int components;
    private final long weights;
    private final long rows;
    private final long columns;

    PriorOperation(Kernels kernels, long handle, Iterable<TensorLayout> tensors, int components) {
        super(kernels, handle);
        this.components = components;
        long weightCount = 0;
        long rowCount = 0;
        long columnCount = 0;
        for (TensorLayout tensor : tensors) {
            weightCount += size(tensor.rows(), tensor.columns(), tensor.kernel());
            rowCount += tensor.rows();
            columnCount += tensor.columns();
        }
        this.weights = weightCount;
        this.rows = rowCount;
        this.columns = columnCount;
    }

    public int components() {
        return components;
    }

    public long weights() {
        return weights;
    }

    public long rows() {
        return rows;
    }

    public long columns() {
        return columns;
    }

    /** Words of 32 bits in a live mask. */
    public long liveWords() {
        return (weights + 31) / 32;
    }

    /** Fused, no update: gradient (may be null) = ∂/∂w of the prior's value, unscaled. */
    public void evaluate(Buffer values, Buffer live, Buffer mixture, Offsets offsets, Buffer gradient, Sums sums) {
        check(Native.softshare_prior_evaluate(
                handle(),
                floats("weights", values, weights),
                ints("live", live, liveWords()),
                doubles("mixture", mixture, 3L * components),
                floats("row offsets", offsets.rows(), rows),
                floats("column offsets", offsets.columns(), columns),
                floats("gradient", gradient, weights),
                doubles("statistics", sums.statistics(), 3L * components + 1),
                floats("row counts", sums.rowCounts(), rows),
                floats("column counts", sums.columnCounts(), columns)));
    }

    /** Fused step: task gradient + scalars[TAU]·∂/∂w, then Adam, in one pass. */
    public void step(
            Buffer values,
            Buffer gradient,
            Buffer moment1,
            Buffer moment2,
            Buffer live,
            Buffer mixture,
            Offsets offsets,
            Buffer scalars,
            Adam adam,
            Sums sums) {
        check(Native.softshare_prior_step(
                handle(),
                floats("weights", values, weights),
                floats("gradient", gradient, weights),
                floats("moment 1", moment1, weights),
                floats("moment 2", moment2, weights),
                ints("live", live, liveWords()),
                doubles("mixture", mixture, 3L * components),
                floats("row offsets", offsets.rows(), rows),
                floats("column offsets", offsets.columns(), columns),
                floats("scalars", scalars, Kernels.SCALARS),
                adam.beta1(),
                adam.beta2(),
                adam.epsilon(),
                doubles("statistics", sums.statistics(), 3L * components + 1),
                floats("row counts", sums.rowCounts(), rows),
                floats("column counts", sums.columnCounts(), columns)));
    }

    /** Unfused: the responsibility matrix (weights × K floats); value (a double) may be null. */
    public void responsibilities(
            Buffer values, Buffer live, Buffer mixture, Offsets offsets, Buffer responsibilities, Buffer value) {
        check(Native.softshare_prior_responsibilities(
                handle(),
                floats("weights", values, weights),
                ints("live", live, liveWords()),
                doubles("mixture", mixture, 3L * components),
                floats("row offsets", offsets.rows(), rows),
                floats("column offsets", offsets.columns(), columns),
                floats("responsibilities", responsibilities, size(weights, components)),
                doubles("value", value, 1)));
    }

    /** Unfused: ∂/∂w from the responsibility matrix. */
    public void gradient(Buffer values, Buffer live, Buffer mixture, Buffer responsibilities, Buffer gradient) {
        check(Native.softshare_prior_gradient(
                handle(),
                floats("weights", values, weights),
                ints("live", live, liveWords()),
                doubles("mixture", mixture, 3L * components),
                floats("responsibilities", responsibilities, size(weights, components)),
                floats("gradient", gradient, weights)));
    }

    /** Unfused: sums from the responsibility matrix; the value (statistics[0]) is left as it is. */
    public void statistics(Buffer values, Buffer live, Buffer mixture, Buffer responsibilities, Sums sums) {
        check(Native.softshare_prior_statistics(
                handle(),
                floats("weights", values, weights),
                ints("live", live, liveWords()),
                doubles("mixture", mixture, 3L * components),
                floats("responsibilities", responsibilities, size(weights, components)),
                doubles("statistics", sums.statistics(), 3L * components + 1),
                floats("row counts", sums.rowCounts(), rows),
                floats("column counts", sums.columnCounts(), columns)));
    }

    /** Most responsible component of each weight, a byte each. */
    public void assign(Buffer values, Buffer live, Buffer mixture, Offsets offsets, Buffer assignment) {
        check(Native.softshare_prior_assign(
                handle(),
                floats("weights", values, weights),
                ints("live", live, liveWords()),
                doubles("mixture", mixture, 3L * components),
                floats("row offsets", offsets.rows(), rows),
                floats("column offsets", offsets.columns(), columns),
                bytes("assignment", assignment, weights)));
    }

    /**
     * Freezes live weights whose zero responsibility exceeds the threshold, at +0.
     *
     * @return how many were frozen just now
     */
    public long freeze(Buffer values, Buffer live, Buffer mixture, Offsets offsets, float threshold) {
        try (LongPointer frozen = new LongPointer(1)) {
            check(Native.softshare_prior_freeze(
                    handle(),
                    floats("weights", values, weights),
                    ints("live", live, liveWords()),
                    doubles("mixture", mixture, 3L * components),
                    floats("row offsets", offsets.rows(), rows),
                    floats("column offsets", offsets.columns(), columns),
                    threshold,
                    frozen));
            return frozen.get();
        }
    }

    /** Offsets of the structured zero component from soft non-zero counts. */
    public void offsets(Buffer mixture, Buffer rowCounts, Buffer columnCounts, Offsets result) {
        check(Native.softshare_prior_offsets(
                handle(),
                doubles("mixture", mixture, 3L * components),
                floats("row counts", rowCounts, rows),
                floats("column counts", columnCounts, columns),
                floats("row offsets", result.rows(), rows),
                floats("column offsets", result.columns(), columns)));
    }

    /** Updates the mixture from the statistics of a step: see softshare_mixture_update. moments: 6·K doubles; hyper: 7. */
    public void updateMixture(
            Buffer mixture, Buffer moments, Buffer statistics, Buffer scalars, Buffer hyper, boolean learnSigma) {
        check(Native.softshare_mixture_update(
                handle(),
                doubles("mixture", mixture, 3L * components),
                doubles("moments", moments, 6L * components),
                doubles("statistics", statistics, 3L * components + 1),
                floats("scalars", scalars, Kernels.SCALARS),
                doubles("hyper", hyper, 7),
                learnSigma ? 1 : 0));
    }
}
