package io.softshare.bench;

import com.sun.management.OperatingSystemMXBean;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.device.Precision;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.pipeline.RecipeFile;
import io.softshare.train.Stage;
import io.softshare.train.StepComparison;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;

/**
 * Times training steps of WRN-16-4 on the CPU in a precision, without and with the prior, and prints a JSON line each, with processor
 * time beside wall time: on a shared machine only the former says much. Arguments: threads, batch, rounds, precision.
 * bench/wide-resnet runs it beside PyTorch.
 */
public final class WideResNetStep {
    private static final int STEPS_OF_EPOCH = 4;

    private WideResNetStep() {}

    private static Stage stage(String kind) {
        return RecipeFile.read("""
                name = "bench"
                [[stage]]
                kind = "%s"
                epochs = 1000
                rateStart = 5e-4
                rateEnd = 5e-4
                tauStart = 0.05
                tauEnd = 0.05
                sigmaZeroStart = 0.01
                sigmaZeroEnd = 0.01
                freezeAbove = 1
                """.formatted(kind), "the benchmark's recipe")
                .stages()
                .get(0);
    }

    public static void main(String[] arguments) {
        int threads = Integer.parseInt(arguments[0]);
        int batch = Integer.parseInt(arguments[1]);
        int rounds = Integer.parseInt(arguments[2]);
        Precision precision = Precision.valueOf(arguments[3].toUpperCase(Locale.ROOT));
        Graph graph = Models.find("wrn-16-4", new Shape(3, 32, 32), 10).orElseThrow();
        check(graph, threads, precision);
        OperatingSystemMXBean processor = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        for (String kind : new String[] {"plain", "prior"}) {
            try (Device device = CpuDevice.open(threads, precision);
                    StepComparison.Side side =
                            new StepComparison.Side(device, graph, batch, STEPS_OF_EPOCH, stage(kind), true)) {
                side.epoch();
                double[] wall = new double[rounds];
                double[] used = new double[rounds];
                for (int i = 0; i < rounds; i++) {
                    long usedBefore = processor.getProcessCpuTime();
                    long before = System.nanoTime();
                    side.epoch();
                    wall[i] = (System.nanoTime() - before) / 1e9 / STEPS_OF_EPOCH;
                    used[i] = (processor.getProcessCpuTime() - usedBefore) / 1e9 / STEPS_OF_EPOCH;
                }
                Arrays.sort(wall);
                Arrays.sort(used);
                System.out.printf(
                        Locale.ROOT,
                        "{\"side\": \"softshare\", \"operation\": \"training step\", \"implementation\": \"fused\", \"median\": %.4f,"
                                + " \"min\": %.4f, \"max\": %.4f, \"rounds\": %d, \"threads\": %d, \"model\": \"wrn-16-4\","
                                + " \"batch\": %d, \"precision\": \"%s\", \"prior\": \"%s\", \"processorMedian\": %.4f}%n",
                        wall[rounds / 2],
                        wall[0],
                        wall[rounds - 1],
                        rounds,
                        threads,
                        batch,
                        arguments[3],
                        kind.equals("prior") ? "prior" : "none",
                        used[rounds / 2]);
            }
        }
    }

    /** Nothing is timed whose loss is not that of float32, to a per cent. */
    private static void check(Graph graph, int threads, Precision precision) {
        try (Device exact = CpuDevice.open(threads, Precision.FP32);
                Device device = CpuDevice.open(threads, precision);
                StepComparison.Side expected = new StepComparison.Side(exact, graph, 16, 3, stage("prior"), true);
                StepComparison.Side found = new StepComparison.Side(device, graph, 16, 3, stage("prior"), true)) {
            double a = expected.epoch();
            double b = found.epoch();
            if (!(Math.abs(a - b) <= 1e-2 * Math.abs(a))) {
                throw new IllegalStateException(
                        "loss of three steps: " + b + ", in float32 " + a + "; nothing is timed");
            }
        }
    }
}
