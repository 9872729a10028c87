package io.softshare.codec;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/** Any tensors come back from any codec as they were. The codec, shapes, kinds and values come from the input. */
class CodecRoundTripFuzzTest {
    @FuzzTest
    @Timeout(20)
    void anyTensorsComeBack(byte[] data) throws Exception {
        FuzzSpecs shapes = new FuzzSpecs(data);
        Codec codec = FuzzSpecs.CODECS.get(shapes.next(FuzzSpecs.CODECS.size()));
        List<CompressedTensor> tensors = new ArrayList<>();
        float[] codebook = null;
        for (TensorSpec spec : shapes.specs()) {
            switch (shapes.next(4)) {
                case 0 -> tensors.add(new FloatTensor(spec, floats(shapes, new float[spec.size()], 0)));
                case 1 -> tensors.add(steps(shapes, spec));
                case 2 -> {
                    codebook = floats(shapes, new float[1 + shapes.next(40)], 1);
                    tensors.add(quantized(shapes, spec, codebook));
                }
                default -> {
                    codebook = codebook == null ? new float[] {0, 1} : codebook;
                    tensors.add(quantized(shapes, spec, codebook));
                }
            }
        }
        List<TensorSpec> specs = tensors.stream().map(CompressedTensor::spec).toList();
        byte[] bytes = codec.encode(tensors).bytes();
        if (!codec.decode(specs, bytes, 0, bytes.length).tensors().equals(tensors)) {
            throw new AssertionError(codec.name() + ": other tensors came back than " + tensors);
        }
    }

    /** Any bits: halves, subnormal ones and NaNs among them. */
    private static float[] floats(FuzzSpecs input, float[] values, int from) {
        boolean half = input.next(2) == 1;
        for (int i = from; i < values.length; i++) {
            int bits = input.next(256) << 8 | input.next(256);
            values[i] = half
                    ? Half.toFloat(bits)
                    : Float.intBitsToFloat(bits << 16 | input.next(256) << 8 | input.next(256));
        }
        return values;
    }

    private static FixedPointTensor steps(FuzzSpecs input, TensorSpec spec) {
        int[] steps = new int[spec.size()];
        int shift = input.next(17);
        for (int i = 0; i < steps.length; i++) {
            int step = (byte) input.next(256) << shift;
            steps[i] = Math.max(-FixedPointTensor.MAX_STEP, Math.min(FixedPointTensor.MAX_STEP, step));
        }
        return new FixedPointTensor(spec, steps, input.next(FixedPointTensor.MAX_FRACTION_BITS + 1));
    }

    /** Runs of zeros between single components. */
    private static QuantizedTensor quantized(FuzzSpecs input, TensorSpec spec, float[] codebook) {
        int[] indices = new int[spec.size()];
        for (int i = input.next(256); i < indices.length; i += 1 + input.next(256)) {
            indices[i] = input.next(Math.min(256, codebook.length));
        }
        return new QuantizedTensor(spec, indices, codebook);
    }
}
