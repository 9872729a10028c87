package io.softshare.bench;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.MalformedFileException;
import io.softshare.codec.QuantizedTensor;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Encoding and decoding a linear layer of 300 × 784 weights with 17 components; half of its rows are all zero. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
    private static final int ROWS = 300;
    private static final int COLUMNS = 784;
    private static final int COMPONENTS = 17;

    @Param({"context", "csr-huffman"})
    public String codec;

    @Param({"0.5", "5"})
    public double nonZeroPercent;

    private Codec implementation;
    private List<CompressedTensor> tensors;
    private List<TensorSpec> specs;
    private byte[] bytes;

    @Setup
    public void setUp() throws MalformedFileException {
        implementation = Codecs.byName(codec)
                .orElseThrow(() -> new IllegalArgumentException(
                        "no codec '" + codec + "', expected one of " + String.join(", ", Codecs.names())));
        Random random = new Random(1);
        float[] codebook = new float[COMPONENTS];
        for (int j = 1; j < COMPONENTS; j++) {
            codebook[j] = -0.5f + (j - 1) / (COMPONENTS - 2f);
        }
        int[] indices = new int[ROWS * COLUMNS];
        for (int i = 0; i < indices.length; i++) {
            boolean empty = i / COLUMNS % 2 == 0;
            boolean zero = empty || random.nextDouble() >= nonZeroPercent / 50;
            indices[i] = zero ? 0 : 1 + random.nextInt(COMPONENTS - 1);
        }
        TensorSpec spec = new TensorSpec("fc1.weight", TensorRole.WEIGHT, List.of(ROWS, COLUMNS));
        specs = List.of(spec);
        tensors = List.of(new QuantizedTensor(spec, indices, codebook));
        bytes = implementation.encode(tensors).bytes();
        if (!decode().equals(tensors)) {
            throw new IllegalStateException(codec + " does not give back what it encoded; nothing is timed");
        }
        System.out.printf(
                "%n%s: %d bytes, %.4f bits a weight%n", codec, bytes.length, 8.0 * bytes.length / indices.length);
    }

    @Benchmark
    public byte[] encode() {
        return implementation.encode(tensors).bytes();
    }

    @Benchmark
    public List<CompressedTensor> decode() throws MalformedFileException {
        return implementation.decode(specs, bytes, 0, bytes.length).tensors();
    }
}
