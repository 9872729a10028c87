package io.softshare.container;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of a tensor that are coded together: all of them, unless the tensor is very large. What the slices are follows from the
 * tensors' shapes alone, so a file need not say.
 *
 * @param tensor number of the tensor in the graph
 * @param offset first element of the tensor that is in the slice
 * @param spec the slice as a tensor of its own
 * @param last whether the tensor ends with it
 */
record Slice(int tensor, int offset, TensorSpec spec, boolean last) {
    /** Elements of a tensor from which on it is cut. */
    static final int MAX_ELEMENTS = 1 << 22;

    /** All slices of a network in order. Only weights are cut, into slices of equally many rows (the last may have fewer). */
    static List<Slice> of(List<TensorSpec> specs) {
        List<Slice> slices = new ArrayList<>();
        for (int t = 0; t < specs.size(); t++) {
            TensorSpec spec = specs.get(t);
            int rows = spec.rows();
            int row = spec.size() / Math.max(1, rows);
            int step = row == 0 ? Math.max(1, rows) : Math.max(1, Math.min(rows, MAX_ELEMENTS / row));
            if (step >= rows) {
                slices.add(new Slice(t, 0, spec, true));
                continue;
            }
            for (int from = 0; from < rows; from += step) {
                List<Integer> shape = new ArrayList<>(spec.shape());
                shape.set(0, Math.min(step, rows - from));
                slices.add(
                        new Slice(t, from * row, new TensorSpec(spec.name(), spec.role(), shape), from + step >= rows));
            }
        }
        return slices;
    }

    /** This slice of its tensor. */
    CompressedTensor cut(CompressedTensor whole) {
        if (spec.equals(whole.spec())) {
            return whole;
        }
        int end = offset + spec.size();
        if (whole instanceof QuantizedTensor t) {
            return new QuantizedTensor(spec, Arrays.copyOfRange(t.indices(), offset, end), t.codebook());
        }
        if (whole instanceof FixedPointTensor t) {
            return new FixedPointTensor(spec, Arrays.copyOfRange(t.steps(), offset, end), t.fractionBits());
        }
        return new FloatTensor(spec, Arrays.copyOfRange(whole.values(), offset, end));
    }

    /**
     * The tensor whose slices these are, in order.
     *
     * @return null if the slices differ in what only a whole tensor has: its kind, codebook or fraction bits
     */
    static CompressedTensor join(TensorSpec spec, List<CompressedTensor> slices) {
        CompressedTensor first = slices.get(0);
        if (slices.size() == 1) {
            return first;
        }
        if (first instanceof QuantizedTensor one) {
            int[] indices = new int[spec.size()];
            int at = 0;
            for (CompressedTensor slice : slices) {
                if (!(slice instanceof QuantizedTensor q) || !q.hasCodebookOf(one)) {
                    return null;
                }
                System.arraycopy(q.indices(), 0, indices, at, q.indices().length);
                at += q.indices().length;
            }
            return new QuantizedTensor(spec, indices, one.codebook());
        }
        if (first instanceof FixedPointTensor one) {
            int[] steps = new int[spec.size()];
            int at = 0;
            for (CompressedTensor slice : slices) {
                if (!(slice instanceof FixedPointTensor f) || f.fractionBits() != one.fractionBits()) {
                    return null;
                }
                System.arraycopy(f.steps(), 0, steps, at, f.steps().length);
                at += f.steps().length;
            }
            return new FixedPointTensor(spec, steps, one.fractionBits());
        }
        float[] values = new float[spec.size()];
        int at = 0;
        for (CompressedTensor slice : slices) {
            if (!(slice instanceof FloatTensor)) {
                return null;
            }
            float[] part = slice.values();
            System.arraycopy(part, 0, values, at, part.length);
            at += part.length;
        }
        return new FloatTensor(spec, values);
    }
}
