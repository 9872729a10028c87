package io.softshare.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.CpuDevice;
import io.softshare.device.CudaDevice;
import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import io.softshare.device.Philox;
import io.softshare.device.Precision;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.pipeline.RecipeFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The first twenty steps under the prior, fused and unfused, on the CPU and on CUDA, from one start. */
class TrainingAgreementTest {
    private static final Shape SHAPE = new Shape(1, 28, 28);
    private static final int STEPS_OF_EPOCH = 5;
    private static final int BATCH = 8;

    private record Run(List<Double> losses, float[] weights, List<String> layers) {}

    @Test
    void fusedAndUnfusedOnTheCpu() {
        try (Device device = CpuDevice.open(2)) {
            agree(train(device, true), train(device, false));
        }
    }

    @Test
    @Tag("cuda")
    void cudaAndTheCpu() {
        String problem = CudaDevice.problem();
        assumeTrue(problem == null, problem);
        try (Device cpu = CpuDevice.open(2);
                Device cuda = CudaDevice.open(Precision.FP32)) {
            Run expected = train(cpu, true);
            Run fused = train(cuda, true);
            assertTrue(fused.layers.stream().allMatch(l -> l.startsWith("implicit-gemm")), fused.layers.toString());
            // Both convolutions of LeNet-5 with the pool and the rectifier behind them.
            assertEquals(
                    2, fused.layers.stream().filter(l -> l.endsWith("max-pool")).count(), fused.layers.toString());
            agree(expected, fused);
            String missing = CudaDevice.cudnnProblem();
            assumeTrue(missing == null, missing);
            Run unfused = train(cuda, false);
            assertTrue(unfused.layers.stream().allMatch(l -> l.startsWith("cudnn")), unfused.layers.toString());
            agree(expected, unfused);
        }
    }

    /** bf16 rounds what goes into layers and nothing else: the loss stays near, and is the same each time. */
    @Test
    void bf16AndFloat32OnTheCpu() {
        try (Device exact = CpuDevice.open(2);
                Device rounded = CpuDevice.open(2, Precision.BF16)) {
            Run expected = train(exact, true);
            Run found = train(rounded, true);
            assertTrue(found.layers.stream().anyMatch(l -> l.contains("bf16")), found.layers.toString());
            for (int epoch = 0; epoch < expected.losses.size(); epoch++) {
                double loss = expected.losses.get(epoch);
                assertEquals(loss, found.losses.get(epoch), 1e-2 * loss, "loss of epoch " + epoch);
            }
            assertNotEquals(expected.losses, found.losses);
            Run again = train(rounded, true);
            assertEquals(found.losses, again.losses);
            assertArrayEquals(found.weights, again.weights);
        } catch (DeviceException e) {
            assumeTrue(!e.getMessage().contains("avx512_bf16"), "SKIPPED: " + e.getMessage());
            throw e;
        }
    }

    /** Residual joins, batch-norm, average pooling, strides: what LeNet-5 has not. */
    @Test
    @Tag("cuda")
    void aResidualNetworkOnCudaAndTheCpu() {
        String problem = CudaDevice.problem();
        assumeTrue(problem == null, problem);
        try (Device cpu = CpuDevice.open(2);
                Device cuda = CudaDevice.open(Precision.FP32)) {
            Map<String, float[]> expected = residual(cpu, true);
            agree(expected, residual(cuda, true));
            String missing = CudaDevice.cudnnProblem();
            assumeTrue(missing == null, missing);
            agree(expected, residual(cuda, false));
        }
    }

    private static void agree(Map<String, float[]> expected, Map<String, float[]> found) {
        for (String name : expected.keySet()) {
            float[] a = expected.get(name);
            float[] b = found.get(name);
            double square = 0;
            double difference = 0;
            for (int i = 0; i < a.length; i++) {
                square += (double) a[i] * a[i];
                difference += Math.pow((double) a[i] - b[i], 2);
            }
            // Adam's first steps divide by the gradient's size: where that is tiny, rounding decides. Two steps of
            // 1e-4.
            assertTrue(
                    Math.sqrt(difference) <= 1e-3 * Math.sqrt(square) + 2e-5 * Math.sqrt(a.length),
                    name + " differs by " + Math.sqrt(difference) + " of " + Math.sqrt(square));
        }
    }

    private static Map<String, float[]> residual(Device device, boolean fused) {
        Shape shape = new Shape(3, 8, 8);
        Graph graph = Models.find("wrn-16-4", shape, 10).orElseThrow();
        Trainer.Options options = new Trainer.Options(1, 4, Augmentation.NONE, fused, PriorSettings.DEFAULTS);
        Stage stage = RecipeFile.read("""
                name = "test"
                [[stage]]
                kind = "plain"
                epochs = 1
                rateStart = 1e-4
                rateEnd = 1e-4
                """, "the test's recipe").stages().get(0);
        try (TrainingState state = new TrainingState(device, graph);
                Trainer trainer = new Trainer(device, graph, state, images(shape, 8), options)) {
            state.arena().initialise(3);
            trainer.begin(stage);
            trainer.epoch(stage, 0, 0);
            return state.arena().read();
        }
    }

    private static void agree(Run expected, Run found) {
        double worst = 0;
        for (int epoch = 0; epoch < expected.losses.size(); epoch++) {
            double loss = expected.losses.get(epoch);
            worst = Math.max(worst, Math.abs(found.losses.get(epoch) / loss - 1));
            assertEquals(loss, found.losses.get(epoch), 1e-5 * loss, "loss of epoch " + epoch);
        }
        double square = 0;
        double difference = 0;
        for (int i = 0; i < expected.weights.length; i++) {
            square += (double) expected.weights[i] * expected.weights[i];
            difference += Math.pow((double) expected.weights[i] - found.weights[i], 2);
        }
        assertTrue(square > 0, "the weights are there");
        double ratio = Math.sqrt(difference / square);
        System.out.printf(
                Locale.ROOT, "twenty steps: losses differ by %.1e, weights by %.1e of their RMS%n", worst, ratio);
        assertTrue(ratio < 1e-4, "RMS of the difference is " + ratio + " of the weights'");
    }

    private static Run train(Device device, boolean fused) {
        Graph graph = Models.find("lenet-5", SHAPE, 10).orElseThrow();
        ImageSet images = images(SHAPE, STEPS_OF_EPOCH * BATCH);
        Trainer.Options options =
                new Trainer.Options(1, BATCH, Augmentation.parse("shift"), fused, PriorSettings.DEFAULTS);
        Stage stage = RecipeFile.read("""
                name = "test"
                [[stage]]
                kind = "prior"
                epochs = 4
                mixtureEvery = 2
                rateMeans = 1e-3
                tauStart = 0.05
                tauEnd = 0.3
                sigmaZeroStart = 0.02
                sigmaZeroEnd = 0.1
                """, "the test's recipe").stages().get(0);
        try (TrainingState state = new TrainingState(device, graph);
                Trainer trainer = new Trainer(device, graph, state, images, options)) {
            state.arena().initialise(3);
            trainer.begin(stage);
            List<Double> losses = new ArrayList<>();
            for (int epoch = 0; epoch < 4; epoch++) {
                losses.add(trainer.epoch(stage, epoch, epoch).loss());
            }
            return new Run(losses, state.arena().values().readFloats(), trainer.implementations());
        }
    }

    private static ImageSet images(Shape shape, int count) {
        byte[] pixels = new byte[count * shape.size()];
        byte[] labels = new byte[count];
        int[] words = new int[4];
        for (int i = 0; i < pixels.length; i++) {
            Philox.block(5, i, 0, Philox.PURPOSE_OTHER, words);
            pixels[i] = (byte) words[0];
        }
        for (int i = 0; i < count; i++) {
            labels[i] = (byte) (i % 10);
        }
        return new ImageSet(shape, pixels, labels, 10);
    }
}
