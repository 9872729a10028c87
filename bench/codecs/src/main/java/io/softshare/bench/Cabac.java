package io.softshare.bench;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.Half;
import io.softshare.codec.QuantizedTensor;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The yardstick: a plain coder in the manner of DeepCABAC (Wiedemann et al. 2020; ISO/IEC 15938-17). One set of adaptive
 * contexts a tensor, chosen by the two weights before in the row-major scan; no mixing, no look at rows, columns or
 * kernels. Own binarisation and arithmetic coder, after the published description.
 *
 * <p>It stores what a .sws file's payload stores: codebooks once (two bytes a value where halves are exact), indices,
 * biases as whole multiples of their step by the same coder with their own contexts, floats with an exponent learned
 * by role and no more mantissa bits than they use. Shapes and names come from the graph, whose bytes the caller adds.
 *
 * <p>Where {@code choosing}, the encoder picks the adaptation of each context of each tensor among nine and says which,
 * as the standard's encoder may; otherwise all contexts learn at the two default rates.
 */
final class Cabac {
    private static final int QUANTIZED = 0;
    private static final int FIXED_POINT = 1;
    private static final int FLOATS = 2;

    private final boolean choosing;

    Cabac(boolean choosing) {
        this.choosing = choosing;
    }

    /**
     * @param idealBits what the bytes should be by the sum of −log2 p in double precision
     * @param parts the ideal bits by what they are spent on
     */
    record Coded(byte[] bytes, double idealBits, Map<String, Double> parts) {}

    /** Encodes, and works out what it should cost. */
    Coded measure(List<CompressedTensor> tensors) {
        Map<String, Double> parts = new LinkedHashMap<>();
        byte[] bytes = encode(tensors, parts);
        double ideal = parts.values().stream().mapToDouble(b -> b).sum();
        return new Coded(bytes, ideal, parts);
    }

    byte[] encode(List<CompressedTensor> tensors) {
        return encode(tensors, null);
    }

    /** @param parts gets the ideal bits; null: no account is wanted */
    private byte[] encode(List<CompressedTensor> tensors, Map<String, Double> parts) {
        Contexts contexts = new Contexts(Binarization.CONTEXTS);
        ArithmeticEncoder out = new ArithmeticEncoder(contexts);
        IdealLength idealFloats = new IdealLength(Binarization.CONTEXTS);
        List<float[]> codebooks = new ArrayList<>();
        for (CompressedTensor tensor : tensors) {
            Tee header = new Tee(out);
            if (tensor instanceof QuantizedTensor t) {
                header.even(QUANTIZED, 2);
                codebook(header, codebooks, t.codebook());
                charge(parts, "codebook", header.bits);
                values(out, contexts, parts, new SignedCodebook(t.codebook()).numbers(t), true);
            } else if (tensor instanceof FixedPointTensor t) {
                header.even(FIXED_POINT, 2);
                header.even(t.fractionBits(), 5);
                charge(parts, "other", header.bits);
                values(out, contexts, parts, t.steps(), false);
            } else if (tensor instanceof FloatTensor t) {
                header.even(FLOATS, 2);
                int mantissa = Binarization.mantissaBits(keepable(t));
                header.even(mantissa, 5);
                charge(parts, "other", header.bits);
                Binarization.floats(out, t.spec().role(), t.values(), mantissa);
                Binarization.floats(idealFloats, t.spec().role(), t.values(), mantissa);
            }
        }
        charge(parts, "other", idealFloats.evenBits());
        for (int c = Binarization.FLOATS; c < Binarization.CONTEXTS; c++) {
            charge(parts, "other", idealFloats.bits(c, 0));
        }
        return out.finish();
    }

    private static void charge(Map<String, Double> parts, String part, double bits) {
        if (parts != null) {
            parts.merge(part, bits, Double::sum);
        }
    }

    private static float[] keepable(FloatTensor tensor) {
        for (float v : tensor.values()) {
            if (v != 0 && Math.abs(v) < Float.MIN_NORMAL) {
                throw new IllegalArgumentException(
                        tensor.spec().name() + " holds " + v + ": the yardstick does not code subnormal floats");
            }
        }
        return tensor.values();
    }

    private static void reset(Contexts contexts) {
        for (int c = 0; c <= Binarization.CHOICE; c++) {
            contexts.set(c, Adaptation.PLAIN);
        }
    }

    private void values(
            ArithmeticEncoder out, Contexts contexts, Map<String, Double> parts, int[] values, boolean weights) {
        IdealLength ideal = choosing || parts != null ? new IdealLength(Binarization.CONTEXTS) : null;
        if (ideal != null) {
            Binarization.values(ideal, values);
        }
        reset(contexts);
        int[] choices = new int[Binarization.VALUES];
        if (choosing) {
            IdealLength choiceBits = new IdealLength(Binarization.CONTEXTS);
            for (int c = 0; c < choices.length; c++) {
                choices[c] = ideal.best(c, 3);
                for (BinSink sink : new BinSink[] {out, choiceBits}) {
                    sink.bit(Binarization.CHOICE, choices[c] > 0 ? 1 : 0);
                    if (choices[c] > 0) {
                        sink.even(choices[c] - 1, 3);
                    }
                }
                contexts.set(c, Adaptation.CHOICES[choices[c]]);
            }
            double bits = choiceBits.evenBits() + choiceBits.bits(Binarization.CHOICE, 0);
            charge(parts, weights ? "adaptation" : "other", bits);
        }
        for (int c = 0; c < choices.length && parts != null; c++) {
            String part = c < Binarization.SIGN ? "zero map" : c < Binarization.GREATER ? "signs" : "sizes";
            charge(parts, weights ? part : "other", ideal.bits(c, choices[c]));
        }
        if (parts != null) {
            charge(parts, weights ? "sizes" : "other", ideal.evenBits());
        }
        Binarization.values(out, values);
    }

    private static void codebook(Tee out, List<float[]> codebooks, float[] codebook) {
        int known = 0;
        while (known < codebooks.size() && !sameBits(codebooks.get(known), codebook)) {
            known++;
        }
        out.even(known < codebooks.size() ? 1 : 0, 1);
        if (known < codebooks.size()) {
            out.even(known, bits(codebooks.size() - 1));
            return;
        }
        codebooks.add(codebook);
        boolean half = true;
        for (float v : codebook) {
            half &= Half.isExact(v);
        }
        out.even(half ? 1 : 0, 1);
        out.even(codebook.length - 1, 16);
        for (int i = 1; i < codebook.length; i++) {
            out.even(half ? Half.fromFloat(codebook[i]) : Float.floatToRawIntBits(codebook[i]), half ? 16 : 32);
        }
    }

    private static boolean sameBits(float[] a, float[] b) {
        return Arrays.equals(a, b); // compares bits, NaNs aside
    }

    private static int bits(int largest) {
        return 32 - Integer.numberOfLeadingZeros(largest);
    }

    List<CompressedTensor> decode(List<TensorSpec> specs, byte[] bytes) {
        Contexts contexts = new Contexts(Binarization.CONTEXTS);
        ArithmeticDecoder in = new ArithmeticDecoder(bytes, contexts);
        List<float[]> codebooks = new ArrayList<>();
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : specs) {
            int kind = in.even(2);
            if (kind == FLOATS) {
                int mantissa = in.even(5);
                float[] values = new float[spec.size()];
                Binarization.floats(in, spec.role(), values, mantissa);
                tensors.add(new FloatTensor(spec, values));
                continue;
            }
            float[] codebook = kind == QUANTIZED ? codebook(in, codebooks) : null;
            int fractionBits = kind == FIXED_POINT ? in.even(5) : 0;
            int[] values = new int[spec.size()];
            reset(contexts);
            if (choosing) {
                for (int c = 0; c < Binarization.VALUES; c++) {
                    contexts.set(c, Adaptation.CHOICES[in.bit(Binarization.CHOICE) != 0 ? 1 + in.even(3) : 0]);
                }
            }
            Binarization.values(in, values);
            if (kind == QUANTIZED) {
                new SignedCodebook(codebook).components(values);
                tensors.add(new QuantizedTensor(spec, values, codebook));
            } else {
                tensors.add(new FixedPointTensor(spec, values, fractionBits));
            }
        }
        return tensors;
    }

    private static float[] codebook(ArithmeticDecoder in, List<float[]> codebooks) {
        if (in.even(1) != 0) {
            return codebooks.get(in.even(bits(codebooks.size() - 1)));
        }
        boolean half = in.even(1) != 0;
        float[] codebook = new float[in.even(16) + 1];
        for (int i = 1; i < codebook.length; i++) {
            codebook[i] = half ? Half.toFloat(in.even(16)) : Float.intBitsToFloat(in.even(32));
        }
        codebooks.add(codebook);
        return codebook;
    }

    /** Passes even bits on and counts them. */
    private static final class Tee {
        private final BinSink out;
        private double bits;

        Tee(BinSink out) {
            this.out = out;
        }

        void even(int value, int count) {
            out.even(value, count);
            bits += count;
        }
    }
}
