package io.softshare.onnx;

import io.softshare.container.AtomicFile;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing.Layout;
import io.softshare.graph.Shape;
import io.softshare.graph.Signature.Head;
import io.softshare.graph.TensorSpec;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes networks as ONNX files of opset 13, with an open batch, whole or not at all. Tensors have the graph's names, in the
 * shapes in which they came; so have input and output. The input is what {@link io.softshare.graph.Preprocessing} makes of
 * pixels, which the file tells in its metadata only. Numbers of fields are onnx.proto's. The same network gives the same bytes.
 */
public final class OnnxWriter {
    private static final int IR_VERSION = 7;
    private static final int OPSET = 13;
    private static final int CHUNK_BYTES = 1 << 16;
    private static final long BATCH = -1;

    // Types of attributes.
    private static final int FLOAT = 1;
    private static final int INT = 2;
    private static final int INTS = 7;

    private final Graph graph;
    private final Map<String, float[]> tensors;
    private final Set<String> taken = new HashSet<>();
    private final Map<String, Value> values = new HashMap<>();
    private final List<ProtobufSink> nodes = new ArrayList<>();
    private final List<Initializer> initializers = new ArrayList<>();

    /** What a node gives, under its ONNX name. flat: (batch, features) */
    private record Value(String name, boolean flat) {}

    /** A tensor: all of its message but the values, and those. */
    private record Initializer(ProtobufSink start, float[] floats, long[] wholes) {
        long dataBytes() {
            return floats != null ? 4L * floats.length : 8L * wholes.length;
        }

        /** Message and the field in which it lies. */
        ProtobufSink whole() {
            ProtobufSink tail = new ProtobufSink().length(9, dataBytes());
            ProtobufSink head = new ProtobufSink().length(5, start.size() + tail.size() + dataBytes());
            byte[] body = start.toBytes();
            ProtobufSink all = new ProtobufSink();
            all.append(head.toBytes());
            all.append(body);
            all.append(tail.toBytes());
            return all;
        }
    }

    private OnnxWriter(Graph graph, Map<String, float[]> tensors) {
        this.graph = graph;
        this.tensors = tensors;
        graph.tensors().forEach(t -> taken.add(t.name()));
        taken.add(graph.signature().input());
        taken.add(graph.signature().output());
    }

    /**
     * Writes a file.
     *
     * @param tensors values by the graph's names, linear weights as (out, in)
     * @throws IOException if it cannot be written, or would be larger than an ONNX file may be (2 GiB)
     */
    public static void write(Path path, Graph graph, Map<String, float[]> tensors) throws IOException {
        new OnnxWriter(graph, tensors).write(path);
    }

    private void write(Path path) throws IOException {
        nodes();
        ProtobufSink ends = new ProtobufSink();
        ends.text(2, graph.name());
        ends.message(11, end(graph.signature().input(), inputDimensions()));
        ends.message(12, end(graph.signature().output(), List.of(BATCH, (long) graph.classes())));
        List<byte[]> heads = new ArrayList<>();
        long graphBytes = ends.size();
        ProtobufSink steps = new ProtobufSink();
        nodes.forEach(n -> steps.message(1, n));
        graphBytes += steps.size();
        for (Initializer i : initializers) {
            byte[] head = i.whole().toBytes();
            heads.add(head);
            graphBytes += head.length + i.dataBytes();
        }
        ProtobufSink start = new ProtobufSink().whole(1, IR_VERSION).text(2, "softshare");
        start.message(8, new ProtobufSink().text(1, "").whole(2, OPSET));
        Metadata.of(graph.preprocessing())
                .forEach((k, v) ->
                        start.message(14, new ProtobufSink().text(1, k).text(2, v)));
        start.length(7, graphBytes);
        if (start.size() + graphBytes > Integer.MAX_VALUE) {
            throw new IOException(path + ": the network takes " + (start.size() + graphBytes)
                    + " bytes, more than an ONNX file may have (2^31); write a .safetensors");
        }
        AtomicFile.write(path, channel -> {
            put(channel, start.toBytes());
            put(channel, steps.toBytes());
            for (int i = 0; i < heads.size(); i++) {
                put(channel, heads.get(i));
                data(channel, initializers.get(i));
            }
            put(channel, ends.toBytes());
        });
    }

    private static void put(FileChannel channel, byte[] bytes) throws IOException {
        AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes));
    }

    private static void data(FileChannel channel, Initializer tensor) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int count = tensor.floats != null ? tensor.floats.length : tensor.wholes.length;
        for (int i = 0; i < count; i++) {
            if (buffer.remaining() < 8) {
                AtomicFile.writeFully(channel, buffer.flip());
                buffer.clear();
            }
            if (tensor.floats != null) {
                buffer.putFloat(tensor.floats[i]);
            } else {
                buffer.putLong(tensor.wholes[i]);
            }
        }
        AtomicFile.writeFully(channel, buffer.flip());
    }

    private List<Long> inputDimensions() {
        Shape s = graph.input();
        return switch (graph.preprocessing().layout()) {
            case NCHW -> List.of(BATCH, (long) s.channels(), (long) s.height(), (long) s.width());
            case NHWC -> List.of(BATCH, (long) s.height(), (long) s.width(), (long) s.channels());
            case FLAT -> List.of(BATCH, (long) s.size());
        };
    }

    private static ProtobufSink end(String name, List<Long> dimensions) {
        ProtobufSink shape = new ProtobufSink();
        for (long d : dimensions) {
            ProtobufSink dimension = new ProtobufSink();
            shape.message(1, d == BATCH ? dimension.text(2, "batch") : dimension.whole(1, d));
        }
        ProtobufSink tensor = new ProtobufSink().whole(1, ElementTypes.FLOAT).message(2, shape);
        return new ProtobufSink().text(1, name).message(2, new ProtobufSink().message(1, tensor));
    }

    private void nodes() {
        Layout layout = graph.preprocessing().layout();
        Value image = new Value(graph.signature().input(), layout == Layout.FLAT);
        if (layout == Layout.NHWC) {
            image = node("Transpose", unique("channels_first"), false, List.of(image.name), ints("perm", 0, 3, 1, 2));
        }
        values.put(Graph.INPUT, image);
        List<Node> all = graph.nodes();
        for (int i = 0; i < all.size(); i++) {
            Node node = all.get(i);
            values.put(node.name(), write(node));
        }
        Value last = flat(all.get(all.size() - 1).name());
        Head head = graph.signature().head();
        // The output has a name of its own: what gives it is one more node.
        switch (head) {
            case LOGITS -> node("Identity", graph.signature().output(), true, List.of(last.name));
            case SOFTMAX -> node("Softmax", graph.signature().output(), true, List.of(last.name), attribute("axis", 1));
            case LOG_SOFTMAX ->
                node("LogSoftmax", graph.signature().output(), true, List.of(last.name), attribute("axis", 1));
        }
    }

    private Value write(Node node) {
        Operation operation = node.operation();
        String from = node.inputs().get(0);
        String name = unique(node.name());
        if (operation instanceof Operation.Convolution c) {
            return node(
                    "Conv",
                    name,
                    false,
                    withTensors(node, image(from)),
                    ints("kernel_shape", c.kernelHeight(), c.kernelWidth()),
                    ints("strides", c.strideHeight(), c.strideWidth()),
                    ints("pads", c.padHeight(), c.padWidth(), c.padHeight(), c.padWidth()));
        }
        if (operation instanceof Operation.Linear l) {
            return node("Gemm", name, true, withTensors(node, flat(from)), attribute("transB", l.transposed() ? 0 : 1));
        }
        if (operation instanceof Operation.BatchNorm b) {
            Value x = shaped(from);
            ProtobufSink epsilon =
                    new ProtobufSink().text(1, "epsilon").number(2, b.epsilon()).whole(20, FLOAT);
            return node("BatchNormalization", name, x.flat, withTensors(node, x), epsilon);
        }
        if (operation instanceof Operation.Relu) {
            Value x = shaped(from);
            return node("Relu", name, x.flat, List.of(x.name));
        }
        if (operation instanceof Operation.MaxPool p) {
            return node(
                    "MaxPool",
                    name,
                    false,
                    List.of(image(from).name),
                    ints("kernel_shape", p.kernelHeight(), p.kernelWidth()),
                    ints("strides", p.strideHeight(), p.strideWidth()),
                    ints("pads", p.padHeight(), p.padWidth(), p.padHeight(), p.padWidth()));
        }
        if (operation instanceof Operation.AveragePool p) {
            return node(
                    "AveragePool",
                    name,
                    false,
                    List.of(image(from).name),
                    ints("kernel_shape", p.kernelHeight(), p.kernelWidth()),
                    ints("strides", p.strideHeight(), p.strideWidth()),
                    ints("pads", p.padHeight(), p.padWidth(), p.padHeight(), p.padWidth()));
        }
        if (operation instanceof Operation.GlobalAveragePool) {
            return node("GlobalAveragePool", name, false, List.of(image(from).name));
        }
        if (operation instanceof Operation.Add) {
            boolean flat = graph.shape(from).height() * graph.shape(from).width() == 1;
            Value a = flat ? flat(from) : image(from);
            Value b = flat ? flat(node.inputs().get(1)) : image(node.inputs().get(1));
            return node("Add", name, flat, List.of(a.name, b.name));
        }
        if (operation instanceof Operation.Flatten) {
            return flat(from);
        }
        throw new IllegalStateException("no ONNX operator for " + operation);
    }

    /** As it is, unless it is a flat input that stands for an image. */
    private Value shaped(String node) {
        Shape s = graph.shape(node);
        return s.height() * s.width() == 1 ? values.get(node) : image(node);
    }

    /** As (batch, features). */
    private Value flat(String node) {
        Value value = values.get(node);
        if (value.flat) {
            return value;
        }
        return node("Flatten", unique(node + "_flat"), true, List.of(value.name), attribute("axis", 1));
    }

    /** As (batch, channels, height, width). */
    private Value image(String node) {
        Value value = values.get(node);
        if (!value.flat) {
            return value;
        }
        Shape s = graph.shape(node);
        String shape = unique(node + "_shape");
        ProtobufSink start =
                new ProtobufSink().whole(1, 4).whole(2, ElementTypes.INT64).text(8, shape);
        initializers.add(new Initializer(start, null, new long[] {-1, s.channels(), s.height(), s.width()}));
        return node("Reshape", unique(node + "_image"), false, List.of(value.name, shape));
    }

    /** Inputs of a node: what it reads, then its tensors. */
    private List<String> withTensors(Node node, Value read) {
        List<String> inputs = new ArrayList<>(List.of(read.name));
        boolean transposed = node.operation() instanceof Operation.Linear l && l.transposed();
        for (TensorSpec spec : node.tensors()) {
            float[] data = tensors.get(spec.name());
            if (data == null || data.length != spec.size()) {
                throw new IllegalArgumentException(
                        graph.name() + ": no values, or not as many as expected, for tensor " + spec.name());
            }
            boolean turned = transposed && spec.shape().size() == 2;
            List<Integer> shape = new ArrayList<>();
            spec.shape().forEach(d -> shape.add(turned ? 0 : shape.size(), d));
            ProtobufSink start = new ProtobufSink();
            shape.forEach(d -> start.whole(1, d));
            start.whole(2, ElementTypes.FLOAT).text(8, spec.name());
            float[] laid = turned ? StateDict.transpose(data, spec.rows(), spec.columns()) : data;
            initializers.add(new Initializer(start, laid, null));
            inputs.add(spec.name());
        }
        return inputs;
    }

    private String unique(String wanted) {
        String name = wanted;
        for (int i = 2; !taken.add(name); i++) {
            name = wanted + "_" + i;
        }
        return name;
    }

    private Value node(String type, String output, boolean flat, List<String> inputs, ProtobufSink... attributes) {
        ProtobufSink node = new ProtobufSink();
        inputs.forEach(i -> node.text(1, i));
        node.text(2, output).text(3, output).text(4, type);
        for (ProtobufSink attribute : attributes) {
            node.message(5, attribute);
        }
        nodes.add(node);
        return new Value(output, flat);
    }

    private static ProtobufSink attribute(String name, long value) {
        return new ProtobufSink().text(1, name).whole(3, value).whole(20, INT);
    }

    private static ProtobufSink ints(String name, long... values) {
        ProtobufSink attribute = new ProtobufSink().text(1, name);
        for (long value : values) {
            attribute.whole(8, value);
        }
        return attribute.whole(20, INTS);
    }
}
