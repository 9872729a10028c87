package io.softshare.onnx;

import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.network.Arena;
import io.softshare.network.Network;
import java.util.Map;

/** What our own layers make of inputs in PyTorch's order, (batch, channels, height, width). */
final class Logits {
    private Logits() {}

    static float[] of(Graph graph, Map<String, float[]> tensors, float[] x) {
        int batch = x.length / graph.input().size();
        try (Device device = CpuDevice.open(1);
                Arena arena = new Arena(device, graph, false);
                Network network = new Network(device, graph, arena, batch, false)) {
            arena.write(tensors);
            network.input().write(channelsLast(x, graph.input()));
            network.forward();
            return network.logits().readFloats();
        }
    }

    static float[] channelsLast(float[] x, Shape shape) {
        int area = shape.height() * shape.width();
        float[] turned = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            int image = i / shape.size();
            int channel = i % shape.size() / area;
            turned[image * shape.size() + i % area * shape.channels() + channel] = x[i];
        }
        return turned;
    }
}
