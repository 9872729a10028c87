package io.softshare.bench;

import io.softshare.device.CpuDevice;
import io.softshare.device.CudaDevice;
import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import io.softshare.device.Precision;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.pipeline.Recipes;
import io.softshare.train.Stage;
import io.softshare.train.StepComparison;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A whole retraining step of a network under the prior on made-up images, fused and unfused: on a GPU unfused layers are cuDNN's.
 * An invocation is an epoch of {@value #STEPS} steps with all that an epoch does, the recording of its graph included. cuda is
 * skipped, with the reason, where no GPU (or, unfused, no cuDNN) is usable.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class StepBenchmark {
    static final int STEPS = 40;

    /** How the step is done. */
    public enum Way {
        FUSED,
        UNFUSED
    }

    @Param({"lenet-5"})
    public String model;

    @Param({"128"})
    public int batch;

    @Param({"2"})
    public int threads;

    @Param({"cpu", "cuda"})
    public String deviceKind;

    @Param
    public Way kernels;

    private Device device;
    private StepComparison.Side side;

    @Setup
    public void setUp() {
        device = deviceKind.equals("cuda") ? cuda() : CpuDevice.open(threads);
        if (device == null) {
            return;
        }
        try {
            Shape shape = model.startsWith("wrn") ? new Shape(3, 32, 32) : new Shape(1, 28, 28);
            Graph graph = Models.find(model, shape, 10).orElseThrow();
            Stage stage = Recipes.find("lenet-5", "lenet-5", "mnist").stages().get(1);
            check(graph, stage);
            side = new StepComparison.Side(device, graph, batch, STEPS, stage, kernels == Way.FUSED);
        } catch (DeviceException e) {
            if (deviceKind.equals("cpu") || kernels == Way.FUSED) {
                throw e;
            }
            System.out.println("SKIPPED: cuda, unfused: " + e.getMessage());
            device.close();
            device = null;
        }
    }

    /** Nothing is timed whose loss is not the fused CPU's. */
    private void check(Graph graph, Stage stage) {
        try (Device cpu = CpuDevice.open(threads);
                StepComparison.Side expected = new StepComparison.Side(cpu, graph, 8, 3, stage, true);
                StepComparison.Side found = new StepComparison.Side(device, graph, 8, 3, stage, kernels == Way.FUSED)) {
            double a = expected.epoch();
            double b = found.epoch();
            if (!(Math.abs(a - b) <= 1e-5 * Math.abs(a))) {
                throw new IllegalStateException(
                        "loss of three steps: " + b + ", by the CPU " + a + "; nothing is timed");
            }
        }
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
            side.close();
            device.close();
        }
    }

    /** @return the epoch's loss, which the host waits for */
    @Benchmark
    @OperationsPerInvocation(STEPS)
    public double step() {
        if (device == null) {
            throw new IllegalStateException("SKIPPED: not usable here, as was said; nothing is timed");
        }
        return side.epoch();
    }
}
