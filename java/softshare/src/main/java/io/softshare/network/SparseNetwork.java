package io.softshare.network;

import io.softshare.device.Buffer;
import io.softshare.device.ConvolutionOperation;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.SparseOperation;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * A chain of layers over an arena's live weights alone, for training on the CPU when few are left: convolutions and linear
 * layers, each with at most a rectifier and a maximum pooling behind it. {@link #supports} says which graphs are such chains; the
 * others (residual joins, batch-norm, averages) are trained by {@link Network}, zeros included.
 *
 * <p>Closing frees its activations, not the arena. Used by one thread at a time.
 */
public final class SparseNetwork implements AutoCloseable {
    private final Arena arena;
    private final SparseOperation operation;
    private final Buffer input;
    private final Buffer logits;
    private final Buffer logitsGradient;

    public SparseNetwork(Device device, Graph graph, Arena arena, int batch) {
        this.arena = arena;
        Shape image = graph.input();
        operation = SparseOperation.create(
                device.kernels(),
                new SparseOperation.Input(batch, image.height(), image.width(), image.channels()),
                layers(graph, arena.layout()),
                graph.classes(),
                arena.layout().parameterCount());
        input = device.floats((long) batch * image.size());
        logits = device.floats((long) batch * graph.classes());
        logitsGradient = device.floats((long) batch * graph.classes());
    }

    /** Whether a graph on a device can be trained so. */
    public static boolean supports(Device device, Graph graph) {
        return device.kind().equals("cpu") && layers(graph, new ParameterLayout(graph)) != null;
    }

    /** The graph as a chain of layers, or null if it is none. */
    private static List<SparseOperation.Layer> layers(Graph graph, ParameterLayout layout) {
        List<SparseOperation.Layer> layers = new ArrayList<>();
        List<Node> nodes = graph.nodes();
        String before = Graph.INPUT;
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            if (node.inputs().size() != 1 || !node.inputs().get(0).equals(before)) {
                return null;
            }
            Shape in = graph.shape(before);
            before = node.name();
            Operation operation = node.operation();
            SparseOperation.Layer last = layers.isEmpty() ? null : layers.get(layers.size() - 1);
            if (operation instanceof Operation.Flatten) {
                continue; // activations are planar: it moves nothing
            }
            if (operation instanceof Operation.Convolution c) {
                layers.add(layer(layout, node, Network.sizes(1, c, in, 0)));
            } else if (operation instanceof Operation.Linear l) {
                layers.add(layer(
                        layout,
                        node,
                        new ConvolutionOperation.Sizes(
                                1,
                                l.inFeatures(),
                                1,
                                1,
                                l.outFeatures(),
                                1,
                                1,
                                1,
                                1,
                                0,
                                0,
                                l.bias() ? Kernels.BIAS : 0)));
            } else if (operation instanceof Operation.Relu && last != null) {
                layers.set(
                        layers.size() - 1,
                        new SparseOperation.Layer(
                                last.sizes().rectified(), last.weights(), last.biases(), last.pool()));
            } else if (operation instanceof Operation.MaxPool p
                    && last != null
                    && last.pool() == SparseOperation.Pool.NONE
                    && p.padHeight() == 0
                    && p.padWidth() == 0) {
                layers.set(
                        layers.size() - 1,
                        new SparseOperation.Layer(
                                last.sizes(),
                                last.weights(),
                                last.biases(),
                                new SparseOperation.Pool(
                                        p.kernelHeight(), p.kernelWidth(), p.strideHeight(), p.strideWidth())));
            } else {
                return null;
            }
        }
        return layers.isEmpty() ? null : layers;
    }

    private static SparseOperation.Layer layer(ParameterLayout layout, Node node, ConvolutionOperation.Sizes sizes) {
        List<TensorSpec> tensors = node.tensors();
        long biases = tensors.size() > 1 ? layout.slot(tensors.get(1).name()).offset() : 0;
        return new SparseOperation.Layer(
                sizes, layout.slot(tensors.get(0).name()).offset(), biases, SparseOperation.Pool.NONE);
    }

    /** Which weights are live: their positions in the arena, increasing; packed buffers are in this order. */
    public void live(long count, Buffer index) {
        operation.live(count, index);
    }

    /** Images of a batch, (batch, height, width, channels), preprocessed. */
    public Buffer input() {
        return input;
    }

    /** (batch, classes). */
    public Buffer logits() {
        return logits;
    }

    /** Gradient of the loss in the logits, written by the caller before {@link #backward}. */
    public Buffer logitsGradient() {
        return logitsGradient;
    }

    /** packed: the live weights; biases are the arena's. */
    public void forward(Buffer packed) {
        operation.forward(input, packed, arena.values(), logits);
    }

    /** Overwrites packedGradient, and the biases' gradients in the arena. */
    public void backward(Buffer packed, Buffer packedGradient) {
        operation.backward(logitsGradient, packed, packedGradient, arena.gradient());
    }

    @Override
    public void close() {
        operation.close();
        input.close();
        logits.close();
        logitsGradient.close();
    }
}
