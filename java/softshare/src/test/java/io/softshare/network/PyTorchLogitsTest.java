package io.softshare.network;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.safetensors.NamedTensor;
import io.softshare.safetensors.StateDict;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights from PyTorch give PyTorch's logits. */
class PyTorchLogitsTest {
    private static final int BATCH = 4;

    @ParameterizedTest
    @CsvSource({"lenet-300-100, 1, 28", "lenet-5, 1, 28", "wrn-16-4, 3, 32"})
    void logitsAgree(String model, int channels, int size, @TempDir Path folder) throws Exception {
        String python = System.getenv("SOFTSHARE_PYTHON");
        assumeTrue(python != null, "SKIPPED: SOFTSHARE_PYTHON names no Python with torch and safetensors");
        Path weights = folder.resolve("weights.safetensors");
        Path reference = folder.resolve("case.safetensors");
        int status = new ProcessBuilder(
                        python, "src/test/python/reference_logits.py", model, weights.toString(), reference.toString())
                .inheritIO()
                .start()
                .waitFor();
        assertEquals(0, status);
        Graph graph = Models.find(model, new Shape(channels, size, size), 10).orElseThrow();
        try (Device device = CpuDevice.open(2);
                Arena arena = new Arena(device, graph, false);
                Network network = new Network(device, graph, arena, BATCH, false)) {
            arena.write(StateDict.read(weights).forGraph(graph));
            network.input().write(tensor(StateDict.read(reference), "x"));
            network.forward();
            assertArrayEquals(
                    tensor(StateDict.read(reference), "logits"),
                    network.logits().readFloats(),
                    1e-4f);
        }
    }

    private static float[] tensor(StateDict dict, String name) {
        return dict.tensors().stream()
                .filter(t -> t.name().equals(name))
                .map(NamedTensor::values)
                .findFirst()
                .orElseThrow();
    }
}
