package io.softshare.container;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.Limits;
import io.softshare.codec.QuantizedTensor;
import io.softshare.codec.QuickCodec;
import io.softshare.codec.TestTensors;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Makes the conformance set: small files that between them use every part of the format, and the digest of what each decodes to.
 * Kept files are never made again: a decoder of version 1 reads them for good. Run {@link #main} with a folder to make files for
 * a new version or a new part of the format.
 */
final class ConformanceFiles {
    /** Where the set is kept. */
    static final Path FOLDER = Path.of("src/test/resources/conformance");

    /** File names and digests, a line each. */
    static final Path DIGESTS = FOLDER.resolve("SHA256SUMS");

    private ConformanceFiles() {}

    /** SHA-256 of each tensor's name in UTF-8, a zero byte and its values as little-endian float32, one after another. */
    static String digest(CompressedModel model) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (CompressedTensor tensor : model.tensors()) {
                sha.update(tensor.spec().name().getBytes(StandardCharsets.UTF_8));
                sha.update((byte) 0);
                float[] values = tensor.values();
                ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
                for (float value : values) {
                    bytes.putInt(Float.floatToRawIntBits(value));
                }
                sha.update(bytes.array());
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        Files.createDirectories(folder);
        StringBuilder digests = new StringBuilder();
        for (Map.Entry<String, byte[]> file : make().entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
            digests.append(digest(
                            SwsReader.read(file.getValue(), Limits.DEFAULT).model()))
                    .append("  ")
                    .append(file.getKey())
                    .append('\n');
        }
        Files.writeString(folder.resolve("SHA256SUMS"), digests);
    }

    private static Map<String, byte[]> make() {
        Codec context = Codecs.defaultCodec();
        Codec csr = Codecs.byName("csr-huffman").orElseThrow();
        SwsWriter.Options one = new SwsWriter.Options(Integer.MAX_VALUE);
        SwsWriter.Options each = new SwsWriter.Options(0);
        Map<String, byte[]> files = new LinkedHashMap<>();
        CompressedModel every = Examples.model(Examples.every(), 0.3);
        files.put("every-context.sws", SwsWriter.encode(every, context, one));
        files.put("every-blocks.sws", SwsWriter.encode(every, QuickCodec.create(), one));
        files.put("every-csr-huffman.sws", SwsWriter.encode(every, csr, one));
        files.put("every-sections.sws", SwsWriter.encode(every, context, each));
        files.put("lenet-5-context.sws", SwsWriter.encode(clustered("lenet-5", 0.004), context));
        files.put("lenet-5-blocks.sws", SwsWriter.encode(clustered("lenet-5", 0.004), QuickCodec.create()));
        files.put("lenet-300-100-csr-huffman.sws", SwsWriter.encode(clustered("lenet-300-100", 0.01), csr));
        files.put("lenet-300-100-context.sws", SwsWriter.encode(clustered("lenet-300-100", 0.01), context));
        files.put("values-context.sws", SwsWriter.encode(values(), context, one));
        files.put("values-csr-huffman.sws", SwsWriter.encode(values(), csr, one));
        files.put("slices-context.sws", SwsWriter.encode(large(), context, new SwsWriter.Options(40)));
        files.put("slices-csr-huffman.sws", SwsWriter.encode(large(), csr, one));
        return files;
    }

    /** Weights gathered in some rows and columns, with dead ones between: transposed layers and units pay here. */
    private static CompressedModel clustered(String name, double density) {
        Graph graph = Examples.builtIn(name);
        Random random = new Random(5);
        List<CompressedTensor> tensors = new ArrayList<>();
        float[] codebook = TestTensors.codebook(9);
        for (TensorSpec spec : graph.tensors()) {
            if (spec.role() != TensorRole.WEIGHT) {
                tensors.add(TestTensors.steps(random, spec, 3, 9));
                continue;
            }
            double[] rows =
                    random.doubles(spec.rows()).map(x -> Math.max(0, 3 * x - 1)).toArray();
            double[] columns = random.doubles(spec.columns())
                    .map(x -> Math.max(0, 4 * x - 2))
                    .toArray();
            int[] indices = new int[spec.size()];
            for (int i = 0; i < indices.length; i++) {
                int pair = i / spec.kernel();
                double p = (spec.size() < 30_000 ? 10 : 1)
                        * density
                        * rows[pair / spec.columns()]
                        * columns[pair % spec.columns()];
                if (random.nextDouble() < p) {
                    indices[i] = 1 + (random.nextInt(8) + random.nextInt(8)) / 2;
                }
            }
            tensors.add(new QuantizedTensor(spec, indices, codebook));
        }
        return new CompressedModel(graph, tensors);
    }

    /** Codebooks of one value, of one sign, of many, shared and own; odd floats; biases of all sizes. */
    private static CompressedModel values() {
        GraphBuilder builder = new GraphBuilder("values", Shape.flat(16), Preprocessing.unit(16));
        for (int i = 0; i < 8; i++) {
            builder.linear("l" + i, 16);
        }
        Graph graph = builder.build();
        Random random = new Random(6);
        float[] many = new float[90];
        for (int i = 1; i < many.length; i++) {
            many[i] = (i % 2 == 0 ? 0.01f : -0.013f) * i;
        }
        float[] odd = {0f, -0f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, 1 / 3f};
        float[] few = TestTensors.codebook(5);
        float[][] codebooks = {few, {0}, {0, 0.5f}, {0, -0.5f, -0.25f, -0.125f}, many, odd, few, many};
        List<CompressedTensor> tensors = new ArrayList<>();
        int layer = 0;
        for (TensorSpec spec : graph.tensors()) {
            if (spec.role() == TensorRole.WEIGHT) {
                tensors.add(TestTensors.random(random, spec, codebooks[layer], 0.1 + 0.1 * layer));
            } else if (layer % 3 == 0) {
                float[] floats = new float[spec.size()];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = i == 0 ? -0f : i == 1 ? 1e-42f : (float) Math.exp(9 * random.nextGaussian());
                }
                tensors.add(new FloatTensor(spec, floats));
                layer++;
            } else {
                int most = layer == 1 ? FixedPointTensor.MAX_STEP : 1 << 2 * layer;
                tensors.add(TestTensors.steps(random, spec, layer * 4, most));
                layer++;
            }
        }
        return new CompressedModel(graph, tensors);
    }

    /** A layer that is cut into slices. */
    private static CompressedModel large() {
        Graph graph = new GraphBuilder("large", Shape.flat(1500), Preprocessing.unit(1500))
                .linear("big", 3000)
                .relu("relu")
                .linear("last", 2)
                .build();
        Random random = new Random(7);
        List<CompressedTensor> tensors = new ArrayList<>();
        float[] codebook = TestTensors.codebook(4);
        for (TensorSpec spec : graph.tensors()) {
            int[] cells = new int[spec.size()];
            for (int i = 0; i < 100; i++) {
                cells[random.nextInt(cells.length)] = 1 + random.nextInt(3);
            }
            tensors.add(
                    spec.role() == TensorRole.WEIGHT
                            ? new QuantizedTensor(spec, cells, codebook)
                            : new FixedPointTensor(spec, cells, 2));
        }
        return new CompressedModel(graph, tensors);
    }
}
