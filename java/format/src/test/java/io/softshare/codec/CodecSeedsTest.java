package io.softshare.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.Seeds;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Payloads of each codec with every kind of tensor, tables of Huffman codes, and bytes for values. */
class CodecSeedsTest {
    /** Three tensors: weights of a convolution, a bias, weights of a linear layer. */
    private static final byte[] LAYERS = {2, 0, 5, 2, 1, 2, 2, 1, 5, 0, 3, 23, 0};
    /** Four tensors of a batch norm. */
    private static final byte[] NORM = {3, 2, 6, 3, 6, 4, 6, 5, 6};

    @Test
    void payloads() throws Exception {
        List<Seeds.Seed> seeds = new ArrayList<>();
        for (int codec = 0; codec < FuzzSpecs.CODECS.size(); codec++) {
            seeds.add(payload("layers", codec, LAYERS, 0.3));
            seeds.add(payload("norm", codec, NORM, 0));
        }
        Seeds.check(CodecBytesFuzzTest.class, "anyBytesForAnyTensors", seeds, data -> {
            FuzzSpecs input = new FuzzSpecs(data);
            Codec codec = FuzzSpecs.CODECS.get(input.next(FuzzSpecs.CODECS.size()));
            List<TensorSpec> specs = input.specs();
            byte[] payload = input.rest();
            assertEquals(
                    specs.size(),
                    codec.decode(specs, payload, 0, payload.length).tensors().size());
        });
    }

    private static Seeds.Seed payload(String name, int codec, byte[] shapes, double density) {
        Codec of = FuzzSpecs.CODECS.get(codec);
        List<TensorSpec> specs = new FuzzSpecs(shapes).specs();
        byte[] payload = of.encode(TestTensors.network(specs, TestTensors.codebook(7), density, 3))
                .bytes();
        return new Seeds.Seed(name + "." + of.name(), join(new byte[] {(byte) codec}, shapes, payload));
    }

    @Test
    void huffmanTables() throws Exception {
        List<Seeds.Seed> seeds = new ArrayList<>();
        for (int[] counts : new int[][] {{3}, {1, 1}, {0, 5, 0, 3, 2, 1}, {100, 50, 25, 12, 6, 3, 1, 1}}) {
            BitWriter out = new BitWriter();
            HuffmanCode.of(counts).write(out);
            byte[] alphabet = {0, (byte) (counts.length - 1)};
            seeds.add(
                    new Seeds.Seed(counts.length + "-symbols", join(alphabet, out.finish(), new byte[] {0x5A, 0x3C})));
        }
        Seeds.check(
                HuffmanCodeFuzzTest.class,
                "anyBytesAsATable",
                seeds,
                data -> HuffmanCode.read(new BitReader(data, 2, data.length), data[1] + 1));
    }

    @Test
    void values() throws Exception {
        byte[] any = new byte[200];
        new Random(5).nextBytes(any);
        List<Seeds.Seed> seeds = new ArrayList<>();
        for (int codec = 0; codec < FuzzSpecs.CODECS.size(); codec++) {
            String of = FuzzSpecs.CODECS.get(codec).name();
            byte[] first = {(byte) codec};
            seeds.add(new Seeds.Seed("layers." + of, join(first, LAYERS, new byte[] {2, 9, 1}, any)));
            seeds.add(new Seeds.Seed("norm." + of, join(first, NORM, new byte[] {0, 1}, any)));
        }
        Seeds.check(
                CodecRoundTripFuzzTest.class,
                "anyTensorsComeBack",
                seeds,
                data -> assertTrue(data.length > any.length));
    }

    private static byte[] join(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
