package io.softshare.simplify;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A network's values in double precision, to change and then to turn back into tensors of the kinds they had. */
final class Parameters {
    private static final int MANTISSA_BITS = 23;

    private final CompressedModel original;
    private final double tolerance;
    private final Map<String, double[]> values = new HashMap<>();
    private final Map<String, CompressedTensor> tensors = new HashMap<>();

    /** @param tolerance how far a stored bias may lie from its value here */
    Parameters(CompressedModel model, double tolerance) {
        this.original = model;
        this.tolerance = tolerance;
        for (CompressedTensor tensor : model.tensors()) {
            float[] floats = tensor.values();
            double[] doubles = new double[floats.length];
            for (int i = 0; i < floats.length; i++) {
                doubles[i] = floats[i];
            }
            values.put(tensor.spec().name(), doubles);
            tensors.put(tensor.spec().name(), tensor);
        }
    }

    /** The tensor's values, to be read or set to zero; null if the network has no such tensor. */
    double[] get(String name) {
        return values.get(name);
    }

    /** Whether a tensor's kind can hold these values, each to within the tolerance. */
    boolean canHold(String name, double[] wanted) {
        CompressedTensor tensor = tensors.get(name);
        if (tensor instanceof FixedPointTensor t) {
            return fractionBits(t.fractionBits(), wanted) >= 0;
        }
        if (tensor instanceof FloatTensor) {
            for (double v : wanted) {
                if (!(Math.abs((float) v - v) <= Math.max(tolerance, Math.ulp((float) v)))) {
                    return false;
                }
            }
            return true;
        }
        return false; // a codebook has just the values it has
    }

    /** The nearest value that a tensor of one's kind holds without getting finer: steps, or floats of so many bits. */
    double nearest(String name, double wanted) {
        CompressedTensor tensor = tensors.get(name);
        if (tensor instanceof FixedPointTensor t) {
            return round(wanted, t.fractionBits());
        }
        if (tensor instanceof FloatTensor t) {
            int used = 0;
            for (float v : t.values()) {
                used |= Float.floatToRawIntBits(v) & (1 << MANTISSA_BITS) - 1;
            }
            int spare = used == 0 ? MANTISSA_BITS : Integer.numberOfTrailingZeros(used);
            float nearest = (float) wanted;
            int half = spare == 0 ? 0 : 1 << spare - 1;
            return Float.intBitsToFloat(
                    Float.floatToRawIntBits(nearest) + half & -1 << spare); // may carry: that is right
        }
        return Double.NaN; // a codebook has just the values it has
    }

    void set(String name, double[] wanted) {
        values.put(name, wanted);
    }

    /** Least fraction bits, from those there are, that hold each value to within the tolerance; −1 if none do. */
    private int fractionBits(int from, double[] wanted) {
        int bits = from;
        double largest = 0;
        for (double v : wanted) {
            largest = Math.max(largest, Math.abs(v));
            while (bits <= FixedPointTensor.MAX_FRACTION_BITS && !(Math.abs(round(v, bits) - v) <= tolerance)) {
                bits++;
            }
        }
        boolean fits = bits <= FixedPointTensor.MAX_FRACTION_BITS
                && Math.rint(Math.scalb(largest, bits)) <= FixedPointTensor.MAX_STEP;
        return fits ? bits : -1;
    }

    private static double round(double v, int fractionBits) {
        return Math.scalb(Math.rint(Math.scalb(v, fractionBits)), -fractionBits);
    }

    CompressedModel build() {
        List<CompressedTensor> built = new ArrayList<>();
        for (CompressedTensor tensor : original.tensors()) {
            built.add(build(tensor, values.get(tensor.spec().name())));
        }
        return new CompressedModel(original.graph(), built);
    }

    private CompressedTensor build(CompressedTensor tensor, double[] wanted) {
        float[] before = tensor.values();
        boolean same = true;
        for (int i = 0; i < before.length; i++) {
            same &= before[i] == wanted[i] || Float.isNaN(before[i]);
        }
        if (same) {
            return tensor;
        }
        if (tensor instanceof QuantizedTensor t) {
            int[] indices = t.indices().clone();
            for (int i = 0; i < indices.length; i++) {
                indices[i] = wanted[i] == 0 ? 0 : indices[i];
            }
            return new QuantizedTensor(t.spec(), indices, t.codebook());
        }
        if (tensor instanceof FixedPointTensor t) {
            int bits = fractionBits(t.fractionBits(), wanted);
            int[] steps = new int[wanted.length];
            for (int i = 0; i < steps.length; i++) {
                steps[i] = (int) Math.rint(Math.scalb(wanted[i], bits));
            }
            return new FixedPointTensor(t.spec(), steps, bits);
        }
        float[] floats = new float[wanted.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) wanted[i];
        }
        return new FloatTensor(tensor.spec(), floats);
    }
}
