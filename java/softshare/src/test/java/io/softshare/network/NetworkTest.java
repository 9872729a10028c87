package io.softshare.network;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.device.Buffer;
import io.softshare.device.CpuDevice;
import io.softshare.device.CudaDevice;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.Philox;
import io.softshare.device.Precision;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole networks: gradients against finite differences of the loss along random directions. */
class NetworkTest {
    static final int BATCH = 8;

    @ParameterizedTest
    @CsvSource({"lenet-300-100, 1, 28, 2e-2", "lenet-5, 1, 28, 2e-2", "wrn-16-4, 3, 16, 5e-2"})
    void gradientIsTheSlopeOfTheLoss(String model, int channels, int size, double tolerance) {
        Graph graph = Models.find(model, new Shape(channels, size, size), 10).orElseThrow();
        try (Device device = CpuDevice.open(2);
                Arena arena = new Arena(device, graph, true);
                Network network = new Network(device, graph, arena, BATCH, true);
                Buffer labels = device.allocate(4 * BATCH);
                Buffer totals = device.allocate(32)) {
            arena.initialise(3);
            labels.write(0, 1, 2, 3, 4, 5, 6, 7);
            network.input().write(normals((int) (network.input().bytes() / 4), 1));
            loss(device, network, labels, totals, true);
            network.backward();
            float[] gradient = arena.gradient().readFloats();
            float[] values = arena.values().readFloats();
            // Along the gradient itself the slope is its squared norm: large against rounding.
            double norm = 0;
            for (float g : gradient) {
                norm += (double) g * g;
            }
            assertTrue(norm > 1e-6, "no gradient");
            double h = 2e-3 / Math.sqrt(norm);
            double up = shifted(device, network, arena, values, gradient, h, labels, totals);
            double down = shifted(device, network, arena, values, gradient, -h, labels, totals);
            assertEquals(1, (up - down) / (2 * h) / norm, tolerance);
        }
    }

    private static double shifted(
            Device device,
            Network network,
            Arena arena,
            float[] values,
            float[] direction,
            double step,
            Buffer labels,
            Buffer totals) {
        float[] moved = new float[values.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = (float) (values[i] + step * direction[i]);
        }
        arena.values().write(moved);
        return loss(device, network, labels, totals, false);
    }

    /** Mean loss of one batch; gradient: also where a backward pass begins. */
    static double loss(Device device, Network network, Buffer labels, Buffer totals, boolean gradient) {
        totals.write(0.0, 0.0, 0.0, -1.0);
        network.forward();
        device.kernels()
                .loss(
                        BATCH,
                        BATCH,
                        10,
                        network.logits(),
                        new Kernels.Targets(labels, null, 0, 1),
                        null,
                        gradient ? network.logitsGradient() : null,
                        totals);
        return totals.readDoubles(1)[0] / BATCH;
    }

    static float[] normals(int count, int stream) {
        float[] values = new float[count];
        int[] words = new int[4];
        for (int i = 0; i < count; i++) {
            Philox.block(7, i, stream, Philox.PURPOSE_OTHER, words);
            values[i] = (float) Philox.normal(words[0], words[1]);
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({"lenet-300-100, 1, 28", "lenet-5, 1, 28", "wrn-16-4, 3, 32"})
    void noLayerUsesAReferenceImplementation(String model, int channels, int size) {
        Graph graph = Models.find(model, new Shape(channels, size, size), 10).orElseThrow();
        try (Device device = CpuDevice.open(2);
                Arena arena = new Arena(device, graph, true);
                Network network = new Network(device, graph, arena, 16, true)) {
            assertFalse(network.implementations().isEmpty());
            for (String name : network.implementations()) {
                assertFalse(name.contains("ref"), name);
            }
        }
    }

    /** A pool behind a rectifier and before one, and one with windows that overlap, which stays a layer of its own. */
    @Test
    @Tag("cuda")
    void poolsWithTheirConvolutionsOnCuda() {
        String problem = CudaDevice.problem();
        assumeTrue(problem == null, problem);
        Graph graph = new GraphBuilder("pools", new Shape(2, 23, 19), Preprocessing.unit(2))
                .convolution("a", 5, 3, 1, 1, true)
                .relu("a.relu")
                .maxPool("a.pool", 2, 2)
                .convolution("b", 6, 2, 1, 1, false)
                .maxPool("b.pool", 3, 3)
                .relu("b.relu")
                .convolution("c", 4, 3, 1, 1, true)
                .maxPool("c.pool", 2, 1)
                .relu("c.relu")
                .flatten("flatten")
                .linear("fc", 10)
                .build();
        try (Device cpu = CpuDevice.open(2);
                Device cuda = CudaDevice.open(Precision.FP32)) {
            List<float[]> expected = logitsAndGradient(cpu, graph, 0);
            List<float[]> found = logitsAndGradient(cuda, graph, 2);
            for (int i = 0; i < 2; i++) {
                for (int k = 0; k < expected.get(i).length; k++) {
                    float value = expected.get(i)[k];
                    assertEquals(value, found.get(i)[k], 1e-5 * (1 + Math.abs(value)), i + " at " + k);
                }
            }
        }
    }

    private static List<float[]> logitsAndGradient(Device device, Graph graph, int pooled) {
        try (Arena arena = new Arena(device, graph, true);
                Network network = new Network(device, graph, arena, BATCH, true);
                Network inference = new Network(device, graph, arena, BATCH, false);
                Buffer labels = device.allocate(4 * BATCH);
                Buffer totals = device.allocate(32)) {
            arena.initialise(3);
            labels.write(0, 1, 2, 3, 4, 5, 6, 7);
            float[] images = normals((int) (network.input().bytes() / 4), 1);
            network.input().write(images);
            inference.input().write(images);
            loss(device, network, labels, totals, true);
            network.backward();
            inference.forward();
            assertArrayEquals(network.logits().readFloats(), inference.logits().readFloats());
            assertEquals(
                    pooled,
                    network.implementations().stream()
                            .filter(l -> l.endsWith("max-pool"))
                            .count());
            float[] gradient = arena.gradient().readFloats();
            double square = 0;
            for (float g : gradient) {
                square += (double) g * g;
            }
            assertTrue(square > 1e-6, "no gradient");
            return List.of(network.logits().readFloats(), gradient);
        }
    }

    @Test
    void trainingOnASmallBatchLowersTheLoss() {
        Graph graph = Models.find("wrn-16-4", new Shape(3, 8, 8), 10).orElseThrow();
        try (Device device = CpuDevice.open(1);
                Arena arena = new Arena(device, graph, true);
                Network network = new Network(device, graph, arena, BATCH, true);
                Buffer labels = device.allocate(4 * BATCH);
                Buffer totals = device.allocate(32)) {
            arena.initialise(1);
            labels.write(0, 1, 2, 3, 4, 5, 6, 7);
            network.input().write(normals((int) (network.input().bytes() / 4), 2));
            double before = loss(device, network, labels, totals, true);
            network.backward();
            float[] values = arena.values().readFloats();
            float[] gradient = arena.gradient().readFloats();
            double after = shifted(device, network, arena, values, gradient, -0.01, labels, totals);
            assertTrue(after < before, before + " then " + after);
        }
    }

    @Test
    void arenaReadsWhatWasWritten() {
        Graph graph = Models.find("lenet-5", new Shape(1, 28, 28), 10).orElseThrow();
        try (Device device = CpuDevice.open(1);
                Arena arena = new Arena(device, graph, true)) {
            arena.initialise(5);
            Map<String, float[]> first = arena.read();
            arena.values().clear();
            arena.write(first);
            arena.read().forEach((name, data) -> assertEquals(first.get(name)[0], data[0], name));
            assertEquals(430_500, arena.layout().weightCount());
            assertEquals(431_080, arena.layout().parameterCount());
            assertEquals(430_500, arena.liveCount());
            arena.mask();
            assertEquals(430_500, arena.liveCount());
        }
    }
}
