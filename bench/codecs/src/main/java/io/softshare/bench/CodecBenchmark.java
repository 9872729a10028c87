package io.softshare.bench;

import io.softshare.codec.CompressedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.container.SwsReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

/**
 * Encoding and decoding whole networks: {@code -p network=FILE.sws,…}, or {@code synthetic}, a layer of four million
 * weights of which 5 % are not zero. The weights of the network are printed, to turn times into weights a second.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-XX:ActiveProcessorCount=1")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
    @Param({"context", "csr-huffman", "cabac", "zstd -19, CSR", "xz -9, CSR"})
    public String codec;

    @Param("synthetic")
    public String network;

    private Coder coder;
    private CompressedModel model;
    private byte[] bytes;

    @Setup
    public void setUp() throws IOException {
        coder = Coder.byName(codec);
        model = network.equals("synthetic")
                ? Synthetic.layer(2000, 2000, 0.05, 1)
                : SwsReader.read(Path.of(network)).model();
        bytes = coder.encode(model);
        if (!decode().equals(model.tensors())) {
            throw new IllegalStateException(codec + " does not give back what it encoded; nothing is timed");
        }
        System.out.printf(
                "%n%s: %d bytes, %d parameters%n",
                codec, bytes.length, model.graph().parameterCount());
    }

    @Benchmark
    public byte[] encode() {
        return coder.encode(model);
    }

    @Benchmark
    public List<CompressedTensor> decode() throws IOException {
        return coder.decode(model, bytes);
    }
}
