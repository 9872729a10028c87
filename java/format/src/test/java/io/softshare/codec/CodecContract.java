package io.softshare.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** What every codec owes: the same tensors back, the same bytes each time, one kind of exception for anything else. */
abstract class CodecContract {
    abstract Codec codec();

    /** There and back, within a larger array to see that the bounds are kept. */
    final byte[] roundTrip(List<CompressedTensor> tensors) throws MalformedFileException {
        Codec.Encoded encoded = codec().encode(tensors);
        byte[] bytes = encoded.bytes();
        assertArrayEquals(bytes, codec().encode(tensors).bytes(), "encoding twice");
        byte[] file = new byte[bytes.length + 20];
        Arrays.fill(file, (byte) 0xA5);
        System.arraycopy(bytes, 0, file, 9, bytes.length);
        List<TensorSpec> specs = tensors.stream().map(CompressedTensor::spec).toList();
        Codec.Decoded decoded = codec().decode(specs, file, 9, 9 + bytes.length);
        assertEquals(tensors, decoded.tensors());
        assertEquals(encoded.costs().size(), tensors.size());
        double charged = 0;
        for (int i = 0; i < tensors.size(); i++) {
            TensorCost cost = encoded.costs().get(i);
            assertEquals(cost.total(), decoded.costs().get(i).total(), 1e-6, "cost of " + cost.tensor());
            charged += cost.total();
        }
        assertEquals(bytes.length * 8.0, charged, 33, "bits charged");
        return bytes;
    }

    @Example
    void noTensors() throws Exception {
        assertTrue(roundTrip(List.of()).length <= 1);
    }

    @Example
    void allZero() throws Exception {
        QuantizedTensor zero =
                new QuantizedTensor(TestTensors.weight("w", 300, 784), new int[300 * 784], TestTensors.codebook(9));
        assertTrue(roundTrip(List.of(zero)).length < 120, "a matrix of zeros takes next to nothing");
        roundTrip(List.of(
                new QuantizedTensor(TestTensors.weight("w", 3, 4), new int[12], new float[1]),
                TestTensors.steps(new Random(1), TestTensors.bias("b", 3), 0, 9)));
    }

    @Example
    void dense() throws Exception {
        roundTrip(List.of(
                TestTensors.random(new Random(2), TestTensors.weight("w", 40, 30), TestTensors.codebook(17), 1)));
        roundTrip(List.of(
                TestTensors.random(new Random(3), TestTensors.weight("w", 40, 30), TestTensors.codebook(2), 1)));
    }

    @Example
    void oneWeightAnywhere() throws Exception {
        for (int at : new int[] {0, 1, 6, 34, 99, 100, 999}) {
            int[] indices = new int[1000];
            indices[at] = 3;
            roundTrip(List.of(new QuantizedTensor(TestTensors.weight("w", 10, 100), indices, TestTensors.codebook(6))));
        }
    }

    @Example
    void smallestShapes() throws Exception {
        Random random = new Random(4);
        for (Integer[] shape : new Integer[][] {{1, 1}, {1, 7}, {7, 1}, {1, 1, 1, 1}, {1, 1, 5, 3}, {2, 1, 1, 9}}) {
            for (double density : new double[] {0, 0.5, 1}) {
                roundTrip(List.of(
                        TestTensors.random(random, TestTensors.weight("w", shape), TestTensors.codebook(5), density)));
            }
        }
    }

    @Example
    void convolutionsAndAFlattenedImage() throws Exception {
        Random random = new Random(5);
        float[] codebook = TestTensors.codebook(12);
        roundTrip(List.of(
                TestTensors.random(random, TestTensors.weight("conv1", 20, 1, 5, 5), codebook, 0.3),
                TestTensors.steps(random, TestTensors.bias("b1", 20), 5, 30),
                TestTensors.random(random, TestTensors.weight("conv2", 50, 20, 5, 5), codebook, 0.03),
                TestTensors.steps(random, TestTensors.bias("b2", 50), 5, 30),
                TestTensors.random(random, TestTensors.weight("fc1", 60, 800), codebook, 0.004),
                TestTensors.steps(random, TestTensors.bias("b3", 60), 5, 30),
                TestTensors.random(random, TestTensors.weight("shortcut", 8, 4, 1, 1), codebook, 0.2),
                TestTensors.random(random, TestTensors.weight("wide", 2, 3, 40, 50), codebook, 0.02)));
    }

    @Example
    void mostComponents() throws Exception {
        int components = QuantizedTensor.MAX_COMPONENTS;
        float[] codebook = new float[components];
        int[] indices = new int[components + 100];
        for (int i = 1; i < components; i++) {
            codebook[i] = i * 0.001f;
            indices[indices.length - i] = i;
        }
        roundTrip(List.of(
                new QuantizedTensor(TestTensors.weight("w", 1, indices.length), indices, codebook),
                new QuantizedTensor(TestTensors.weight("v", 1, indices.length), indices, codebook.clone())));
    }

    /** A learned code makes long codebooks of few bytes: what they take counts against the weights and the limit. */
    @Example
    void longCodebooksAreLimited() throws Exception {
        float[] codebook = new float[3000];
        java.util.Arrays.fill(codebook, 1, 3000, 0.5f);
        int[] indices = new int[2000];
        indices[7] = 2999;
        List<CompressedTensor> tensors =
                List.of(new QuantizedTensor(TestTensors.weight("w", 20, 100), indices, codebook));
        byte[] bytes = roundTrip(tensors);
        List<TensorSpec> specs = List.of(tensors.get(0).spec());
        codec().decode(specs, bytes, 0, bytes.length, Limits.DEFAULT.withCodebookValues(2999));
        LimitException e = assertThrows(
                LimitException.class,
                () -> codec().decode(specs, bytes, 0, bytes.length, Limits.DEFAULT.withCodebookValues(2998)));
        assertTrue(e.getMessage().contains("codebook values"), e.getMessage());
    }

    @Example
    void codebooksSharedAndOwn() throws Exception {
        Random random = new Random(6);
        float[] a = TestTensors.codebook(5);
        float[] b = TestTensors.codebook(9);
        float[] c = {0f, -0f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, 1 / 3f};
        TensorSpec spec = TestTensors.weight("w", 11, 13);
        roundTrip(List.of(
                TestTensors.random(random, spec, a, 0.3),
                TestTensors.random(random, spec, b, 0.3),
                TestTensors.random(random, spec, b.clone(), 0.3),
                TestTensors.random(random, spec, a.clone(), 0.3),
                TestTensors.random(random, spec, c, 0.3),
                TestTensors.random(random, spec, a, 0.3)));
    }

    @Example
    void fixedPointExtremes() throws Exception {
        int most = FixedPointTensor.MAX_STEP;
        TensorSpec spec = TestTensors.bias("b", 6);
        roundTrip(List.of(
                new FixedPointTensor(spec, new int[] {0, most, -most, 1, -1, 12345}, 30),
                new FixedPointTensor(spec, new int[6], 0),
                new FixedPointTensor(spec, new int[] {-most, -most, -most, -most, -most, -most}, 7)));
    }

    @Example
    void floatsBitForBit() throws Exception {
        float[] odd = {0f, -0f, Float.NaN, Float.intBitsToFloat(0xFFC0_1234), Float.MAX_VALUE, -Float.MIN_VALUE, 1e-41f
        };
        roundTrip(List.of(
                new FloatTensor(new TensorSpec("s", TensorRole.SCALE, List.of(7)), odd),
                new FloatTensor(new TensorSpec("v", TensorRole.RUNNING_VARIANCE, List.of(7)), new float[7]),
                new FloatTensor(new TensorSpec("w", TensorRole.WEIGHT, List.of(7, 1)), odd),
                new QuantizedTensor(
                        new TensorSpec("m", TensorRole.RUNNING_MEAN, List.of(3)), new int[] {0, 1, 0}, new float[] {0, 2
                        })));
    }

    @Property(tries = 150, seed = "2017")
    void anySparseTensors(
            @ForAll @IntRange(min = 1, max = 40) int rows,
            @ForAll @IntRange(min = 1, max = 70) int columns,
            @ForAll @IntRange(min = 1, max = 5) int kernel,
            @ForAll @IntRange(min = 1, max = 40) int components,
            @ForAll @DoubleRange(min = 0, max = 1) double density,
            @ForAll long seed)
            throws Exception {
        Random random = new Random(seed);
        float[] codebook = TestTensors.codebook(components);
        TensorSpec spec = kernel == 1
                ? TestTensors.weight("w", rows, columns)
                : TestTensors.weight("w", rows, columns, kernel, kernel - 1);
        roundTrip(List.of(
                TestTensors.random(random, spec, codebook, density * density),
                TestTensors.steps(random, TestTensors.bias("b", rows), random.nextInt(31), 1 << random.nextInt(24)),
                TestTensors.random(random, TestTensors.weight("next", 5, rows * 4), codebook, density)));
    }

    /** Random bytes decode to something, or are refused; nothing else, and not for long. */
    @Property(tries = 400, seed = "2017")
    void anyBytes(@ForAll byte[] bytes) {
        List<TensorSpec> specs = List.of(
                TestTensors.weight("conv", 6, 3, 3, 3), TestTensors.bias("b", 6), TestTensors.weight("fc", 9, 24));
        try {
            for (CompressedTensor tensor :
                    codec().decode(specs, bytes, 0, bytes.length).tensors()) {
                assertEquals(tensor.spec().size(), tensor.values().length);
            }
        } catch (MalformedFileException refused) {
            assertTrue(refused.offset() >= 0 && refused.offset() <= bytes.length, refused.getMessage());
        }
    }

    @Example
    void aChangedByteNeverGivesAnotherException() {
        List<CompressedTensor> tensors = TestTensors.network(
                List.of(TestTensors.weight("w", 12, 30), TestTensors.bias("b", 12), TestTensors.weight("v", 4, 12)),
                TestTensors.codebook(7),
                0.2,
                7);
        List<TensorSpec> specs = tensors.stream().map(CompressedTensor::spec).toList();
        byte[] bytes = codec().encode(tensors).bytes();
        int refused = 0;
        for (int at = 0; at < bytes.length; at++) {
            for (int change = 1; change < 256; change++) {
                byte[] changed = bytes.clone();
                changed[at] ^= (byte) change;
                try {
                    codec().decode(specs, changed, 0, changed.length);
                } catch (MalformedFileException e) {
                    refused++;
                }
            }
        }
        assertTrue(refused > bytes.length, "refused " + refused);
    }

    @Example
    void bytesMissingOrLeftOver() {
        List<CompressedTensor> tensors = List.of(
                TestTensors.random(new Random(8), TestTensors.weight("w", 30, 50), TestTensors.codebook(9), 0.3));
        List<TensorSpec> specs = List.of(tensors.get(0).spec());
        byte[] bytes = codec().encode(tensors).bytes();
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 40);
        assertThrows(MalformedFileException.class, () -> codec().decode(specs, longer, 0, longer.length));
        assertThrows(MalformedFileException.class, () -> codec().decode(specs, bytes, 0, bytes.length / 2));
    }
}
