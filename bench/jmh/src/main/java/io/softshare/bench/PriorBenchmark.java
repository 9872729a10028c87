package io.softshare.bench;

import io.softshare.device.Buffer;
import io.softshare.device.CpuDevice;
import io.softshare.device.CudaDevice;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.Precision;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;
import io.softshare.device.Steps;
import io.softshare.prior.Mixture;
import java.util.ArrayList;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A prior step with Adam and the mixture's sums through Java, fused and unfused. Up to VGG-16's size by
 * {@code -p weights=138000000}; unfused then needs memory for 138 million rows of responsibilities.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PriorBenchmark {
    /** How the step is done. */
    public enum Way {
        FUSED,
        UNFUSED
    }

    /** Of weights in the sample that both ways are compared on before anything is timed. */
    private static final int SAMPLE = 4099;

    @Param({"300000"})
    public long weights;

    @Param({"17"})
    public int components;

    @Param({"2"})
    public int threads;

    /** cuda: skipped, with the reason, where no GPU is usable. */
    @Param({"cpu", "cuda"})
    public String deviceKind;

    @Param
    public Way kernels;

    private Device device;
    private Step step;
    private Steps repeated;

    @Setup
    public void setUp() {
        device = deviceKind.equals("cuda") ? cuda() : CpuDevice.open(threads);
        if (device == null) {
            return;
        }
        try (Step fused = new Step(SAMPLE, Way.FUSED);
                Step unfused = new Step(SAMPLE, Way.UNFUSED)) {
            fused.run();
            unfused.run();
            float[] a = fused.values.readFloats();
            float[] b = unfused.values.readFloats();
            for (int i = 0; i < SAMPLE; i++) {
                if (!(Math.abs(a[i] - b[i]) <= 1e-6)) {
                    throw new IllegalStateException("weight " + i + " after a step: fused " + a[i] + ", unfused " + b[i]
                            + "; nothing is timed");
                }
            }
        }
        step = new Step(weights, kernels);
        repeated = device.steps();
    }

    /** The GPU, or null with the reason told. */
    private static Device cuda() {
        String problem = CudaDevice.problem();
        if (problem != null) {
            System.out.println("SKIPPED: cuda: " + problem);
            return null;
        }
        return CudaDevice.open(Precision.FP32);
    }

    @TearDown
    public void tearDown() {
        if (device != null) {
            repeated.close();
            step.close();
            device.close();
        }
    }

    /** On a GPU the step is a recorded graph, and the time is that until its end. */
    @Benchmark
    public void step() {
        if (device == null) {
            throw new IllegalStateException("SKIPPED: no usable GPU; nothing is timed");
        }
        repeated.run(kernels, step::run);
        if (!device.kind().equals("cpu")) {
            step.statistics.readDoubles(1); // waits
        }
    }

    /** Buffers for so many weights, and a step on them. */
    private final class Step implements AutoCloseable {
        private final long count;
        private final Way way;
        private final List<Buffer> all = new ArrayList<>();
        private final PriorOperation prior;
        private final Buffer values;
        private final Buffer gradient;
        private final Buffer moment1;
        private final Buffer moment2;
        private final Buffer mixture;
        private final Buffer statistics;
        private final Buffer scalars;
        private final Buffer responsibilities;
        private final Buffer priorGradient;

        Step(long count, Way way) {
            this.count = count;
            this.way = way;
            prior = device.kernels().prior(List.of(new PriorOperation.TensorLayout(0, 1, count, 1)), components, true);
            values = floats(count);
            gradient = floats(count);
            moment1 = floats(count);
            moment2 = floats(count);
            mixture = keep(device.allocate(24L * components));
            statistics = keep(device.allocate(8L * (3 * components + 1)));
            scalars = floats(Kernels.SCALARS);
            responsibilities = way == Way.UNFUSED ? floats(Math.multiplyExact(count, (long) components)) : null;
            priorGradient = way == Way.UNFUSED ? floats(count) : null;
            mixture.write(
                    Mixture.initial(components - 1, 0.999, 0.02, 0.6, 0.25).packed());
            // A rate so low that weights stay where they are, while the same work is done.
            float[] row = new float[Kernels.SCALARS];
            row[Scalar.TAU.ordinal()] = 1e-5f;
            row[Scalar.RATE_WEIGHTS.ordinal()] = 1e-7f;
            row[Scalar.CORRECTION_1.ordinal()] = 10;
            row[Scalar.CORRECTION_2.ordinal()] = 1000;
            scalars.write(row);
            Random random = new Random(1);
            float[] chunk = new float[1 << 16];
            for (int i = 0; i < chunk.length; i++) {
                chunk[i] = (float) (0.1 * random.nextGaussian());
            }
            for (long at = 0; at < count; at += chunk.length) {
                values.write(at, chunk, 0, (int) Math.min(chunk.length, count - at));
                gradient.write(at, chunk, 0, (int) Math.min(chunk.length, count - at));
            }
        }

        private Buffer floats(long size) {
            return keep(device.floats(size));
        }

        private Buffer keep(Buffer buffer) {
            all.add(buffer);
            return buffer;
        }

        void run() {
            PriorOperation.Sums sums = new PriorOperation.Sums(statistics, null, null);
            PriorOperation.Offsets none = PriorOperation.Offsets.NONE;
            PriorOperation.Adam adam = PriorOperation.Adam.DEFAULT;
            if (way == Way.FUSED) {
                prior.step(values, gradient, moment1, moment2, null, mixture, none, scalars, adam, sums);
                return;
            }
            Kernels k = device.kernels();
            prior.responsibilities(values, null, mixture, none, responsibilities, statistics);
            prior.statistics(values, null, mixture, responsibilities, sums);
            prior.gradient(values, null, mixture, responsibilities, priorGradient);
            k.addScaled(count, scalars, Scalar.TAU, priorGradient, gradient);
            k.adam(count, values, gradient, moment1, moment2, null, scalars, Scalar.RATE_WEIGHTS, adam);
        }

        @Override
        public void close() {
            prior.close();
            all.forEach(Buffer::close);
        }
    }
}
