package io.softshare.codec;

import io.softshare.codec.CostMeter.Part;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The paper's code, after Han et al. (Deep Compression, 2016): for each layer the non-zero weights in order, as gaps of a
 * fixed bit width, a filler zero where a gap is too long, and codebook indices; canonical Huffman codes over both. Kept
 * for comparison.
 */
final class CsrHuffmanCodec implements Codec {
    /** Gap widths that are tried, 1 to this; four bits store it. */
    static final int MAX_WIDTH = 15;

    /** Tensor kinds. */
    static final int QUANTIZED = 0;

    static final int FIXED_POINT = 1;
    static final int FLOAT = 2;

    @Override
    public String name() {
        return "csr-huffman";
    }

    @Override
    public int id() {
        return 1;
    }

    @Override
    public Encoded encode(List<CompressedTensor> tensors) {
        BitWriter out = new BitWriter();
        CostMeter meter = new CostMeter(out::position);
        List<float[]> codebooks = new ArrayList<>();
        for (CompressedTensor tensor : tensors) {
            if (tensor instanceof QuantizedTensor t) {
                out.bits(QUANTIZED, 2);
                meter.charge(Part.STRUCTURE);
                writeCodebook(out, codebooks, t.codebook());
                meter.charge(Part.CODEBOOK);
                writeWeights(out, meter, t);
            } else if (tensor instanceof FixedPointTensor t) {
                out.bits(FIXED_POINT, 2);
                meter.charge(Part.STRUCTURE);
                writeSteps(out, t);
            } else if (tensor instanceof FloatTensor t) {
                out.bits(FLOAT, 2);
                meter.charge(Part.STRUCTURE);
                for (float v : t.values()) {
                    out.bits(Float.floatToRawIntBits(v), 32);
                }
            }
            meter.charge(Part.OTHER);
            meter.endTensor(tensor.spec().name());
        }
        return new Encoded(out.finish(), meter.costs());
    }

    private static void writeCodebook(BitWriter out, List<float[]> codebooks, float[] codebook) {
        int known = 0;
        while (known < codebooks.size() && !Checks.sameBits(codebooks.get(known), codebook)) {
            known++;
        }
        out.number(known);
        if (known < codebooks.size()) {
            return;
        }
        codebooks.add(codebook);
        out.number(codebook.length - 1);
        boolean half = true;
        for (float v : codebook) {
            half &= Half.isExact(v);
        }
        out.bits(half ? 1 : 0, 1);
        for (int i = 1; i < codebook.length; i++) {
            out.bits(half ? Half.fromFloat(codebook[i]) : Float.floatToRawIntBits(codebook[i]), half ? 16 : 32);
        }
    }

    private static void writeWeights(BitWriter out, CostMeter meter, QuantizedTensor tensor) {
        if (tensor.nonZero() == 0) {
            out.number(0);
            meter.charge(Part.STRUCTURE);
            return;
        }
        GapList best = null;
        for (int width = 1; width <= MAX_WIDTH; width++) {
            GapList tried = new GapList(tensor, width);
            if (best == null || tried.cost() < best.cost()) {
                best = tried;
            }
        }
        out.number(best.size());
        out.bits(best.width(), 4);
        best.write(out, meter);
    }

    private static void writeSteps(BitWriter out, FixedPointTensor tensor) {
        out.bits(tensor.fractionBits(), 5);
        int best = 0;
        long bestBits = Long.MAX_VALUE;
        for (int k = 0; k < 24; k++) {
            long bits = 0;
            for (int step : tensor.steps()) {
                bits += BitWriter.numberBits(step << 1 ^ step >> 31, k);
            }
            if (bits < bestBits) {
                best = k;
                bestBits = bits;
            }
        }
        out.bits(best, 5);
        for (int step : tensor.steps()) {
            out.number(step << 1 ^ step >> 31, best);
        }
    }

    @Override
    public Decoded decode(List<TensorSpec> specs, byte[] file, int from, int to, Limits limits)
            throws MalformedFileException {
        BitReader in = new BitReader(file, from, to);
        CostMeter meter = new CostMeter(in::position);
        List<float[]> codebooks = new ArrayList<>();
        long codebookValues = 0;
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : specs) {
            int kind = in.bits(2);
            meter.charge(Part.STRUCTURE);
            switch (kind) {
                case QUANTIZED -> {
                    int known = codebooks.size();
                    long left = limits.codebookValues() - codebookValues;
                    float[] codebook = readCodebook(in, codebooks, to - from, left);
                    codebookValues += codebooks.size() > known ? codebook.length - 1 : 0;
                    meter.charge(Part.CODEBOOK);
                    int[] indices = new int[spec.size()];
                    readWeights(in, meter, indices, codebook.length);
                    tensors.add(new QuantizedTensor(spec, indices, codebook));
                }
                case FIXED_POINT -> tensors.add(readSteps(in, spec));
                case FLOAT -> {
                    float[] values = new float[spec.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = Float.intBitsToFloat(in.bits(32));
                    }
                    tensors.add(new FloatTensor(spec, values));
                }
                default -> throw new MalformedFileException(in.offset(), "a tensor kind of 0 to 2", "3");
            }
            meter.charge(Part.OTHER);
            meter.endTensor(spec.name());
        }
        in.checkEnd();
        return new Decoded(List.copyOf(tensors), meter.costs());
    }

    /** @param left codebook values that may still come */
    private static float[] readCodebook(BitReader in, List<float[]> codebooks, int payload, long left)
            throws MalformedFileException {
        int known = in.number(codebooks.size(), "number of a codebook");
        if (known < codebooks.size()) {
            return codebooks.get(known);
        }
        int most = (int) Math.min(QuantizedTensor.MAX_COMPONENTS - 1, payload / 2L); // two bytes each at least
        int values = in.number(most, "components besides zero");
        if (values > left) {
            throw new LimitException(in.offset(), "codebook values more", left, String.valueOf(values));
        }
        float[] codebook = new float[values + 1];
        boolean half = in.bit() != 0;
        for (int i = 1; i < codebook.length; i++) {
            codebook[i] = half ? Half.toFloat(in.bits(16)) : Float.intBitsToFloat(in.bits(32));
        }
        codebooks.add(codebook);
        return codebook;
    }

    private static void readWeights(BitReader in, CostMeter meter, int[] indices, int components)
            throws MalformedFileException {
        int entries = in.number(indices.length, "entries");
        if (entries > 0) {
            int width = in.bits(4);
            if (width == 0) {
                throw new MalformedFileException(in.offset(), "a gap width of 1 to " + MAX_WIDTH, "0");
            }
            GapList.read(in, meter, indices, components, entries, width);
        }
        meter.charge(Part.STRUCTURE);
    }

    private static FixedPointTensor readSteps(BitReader in, TensorSpec spec) throws MalformedFileException {
        int fractionBits = in.bits(5);
        int k = in.bits(5);
        if (fractionBits > FixedPointTensor.MAX_FRACTION_BITS || k > 23) {
            throw new MalformedFileException(in.offset(), "fraction bits to 30 and an order to 23", "others");
        }
        int[] steps = new int[spec.size()];
        for (int i = 0; i < steps.length; i++) {
            int zigzag = in.number(k);
            steps[i] = zigzag >>> 1 ^ -(zigzag & 1);
            if (Math.abs(steps[i]) > FixedPointTensor.MAX_STEP) {
                throw new MalformedFileException(
                        in.offset(), "a step of at most " + FixedPointTensor.MAX_STEP, String.valueOf(steps[i]));
            }
        }
        return new FixedPointTensor(spec, steps, fractionBits);
    }
}
