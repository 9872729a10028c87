package io.softshare.onnx;

import io.softshare.graph.Operation;
import io.softshare.graph.Shape;
import io.softshare.graph.Signature.Head;
import io.softshare.onnx.OnnxModel.NodeProto;
import io.softshare.onnx.OnnxValue.Activation;
import io.softshare.onnx.OnnxValue.Weights;
import io.softshare.onnx.OnnxValue.Wholes;
import io.softshare.safetensors.StateDict;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The operators that compute with the images, one method each. */
final class LayerImport {
    /** For messages. */
    static final List<String> OPERATORS = List.of(
            "Conv",
            "Gemm",
            "MatMul",
            "BatchNormalization",
            "Relu",
            "MaxPool",
            "AveragePool",
            "GlobalAveragePool",
            "Add",
            "Flatten",
            "Reshape",
            "Dropout",
            "Identity",
            "Softmax and LogSoftmax at the end");

    /** Inputs that must be there, where it is not one. */
    static final Map<String, Integer> LEAST_INPUTS = Map.of(
            "Conv",
            2,
            "Gemm",
            2,
            "MatMul",
            2,
            "BatchNormalization",
            5,
            "Add",
            2,
            "Reshape",
            2,
            "Gather",
            2,
            "Expand",
            2,
            "Slice",
            3);

    private static final Set<Long> SPATIAL = Set.of(2L, 3L);
    private static final int MOST_POSITIONS = 256; // of a window for a maximum: the kernels note them in a byte
    private static final int UNKNOWN = -1;

    private final GraphImport graph;
    private final Path file;

    LayerImport(GraphImport graph, Path file) {
        this.graph = graph;
        this.file = file;
    }

    /** What the node gives, or null if its operator is unknown. @param in its inputs, null where one is left out */
    OnnxValue read(NodeProto node, List<OnnxValue> in) throws OnnxException {
        Attributes a = new Attributes(node);
        OnnxValue value = switch (node.type()) {
            case "Conv" -> convolution(node, a, in);
            case "Gemm" -> gemm(node, a, in);
            case "MatMul" -> matMul(node, in);
            case "BatchNormalization" -> batchNorm(node, a, in);
            case "Relu" -> relu(activation(node, in, 0), node);
            case "MaxPool" -> maxPool(node, a, activation(node, in, 0));
            case "AveragePool" -> averagePool(node, a, activation(node, in, 0));
            case "GlobalAveragePool" -> graph.add(node, new Operation.GlobalAveragePool(), false, image(node, in, 0));
            case "ReduceMean" -> reduceMean(node, a, in);
            case "Add" -> add(node, in);
            case "Flatten" -> flatten(node, a, activation(node, in, 0));
            case "Reshape" -> {
                boolean zeroIsMeant = a.whole("allowzero", 0) != 0;
                yield reshape(node, activation(node, in, 0), wholes(node, in, 1), zeroIsMeant);
            }
            case "Squeeze" -> squeeze(node, a, in);
            case "Transpose" -> transpose(node, a, activation(node, in, 0));
            case "Dropout" -> dropout(node, a, in);
            case "Identity" -> activation(node, in, 0);
            case "Cast" -> {
                a.require("to", ElementTypes.FLOAT, ElementTypes.FLOAT);
                a.ignore("saturate");
                yield activation(node, in, 0);
            }
            case "Softmax" -> softmax(node, a, activation(node, in, 0), Head.SOFTMAX);
            case "LogSoftmax" -> softmax(node, a, activation(node, in, 0), Head.LOG_SOFTMAX);
            default -> null;
        };
        if (value != null) {
            a.done();
        }
        return value;
    }

    static OnnxException fault(NodeProto node, String what) {
        return new OnnxException(node.describe() + ": " + what);
    }

    private static Activation activation(NodeProto node, List<OnnxValue> in, int place) throws OnnxException {
        if (in.get(place) instanceof Activation x) {
            return x;
        }
        throw fault(node, "expected input " + place + " to depend on the images, found a constant");
    }

    private static Activation image(NodeProto node, List<OnnxValue> in, int place) throws OnnxException {
        Activation x = activation(node, in, place);
        if (x.flat()) {
            throw fault(node, "expected (batch, channels, height, width), found " + x.describe());
        }
        return x;
    }

    private Activation vector(NodeProto node, List<OnnxValue> in, int place) throws OnnxException {
        Activation x = activation(node, in, place);
        if (!x.flat()) {
            throw fault(node, "expected (batch, features), found " + x.describe());
        }
        return graph.flat(x);
    }

    /** Of a batch-norm or rectifier, which take both. */
    private Activation any(Activation x) {
        return x.flat() ? graph.flat(x) : x;
    }

    /** A constant, or null if it is left out. */
    private static Weights constant(NodeProto node, List<OnnxValue> in, int place) throws OnnxException {
        OnnxValue value = place < in.size() ? in.get(place) : null;
        if (value == null || value instanceof Weights) {
            return (Weights) value;
        }
        throw fault(node, "expected input " + place + " to be a constant of floats");
    }

    private static Weights constant(NodeProto node, List<OnnxValue> in, int place, int dimensions)
            throws OnnxException {
        Weights w = constant(node, in, place);
        if (w == null || w.tensor().dimensions().size() != dimensions) {
            throw fault(
                    node,
                    "expected a constant of " + dimensions + " dimensions as input " + place + ", found "
                            + (w == null ? "none" : "shape " + w.tensor().dimensions()));
        }
        return w;
    }

    private static Wholes wholes(NodeProto node, List<OnnxValue> in, int place) throws OnnxException {
        if (place < in.size() && in.get(place) instanceof Wholes w) {
            return w;
        }
        throw fault(node, "expected input " + place + " to follow from shapes and constants");
    }

    /** A bias of that length, or null if there is none or an exporter's made of zeros. */
    private Weights bias(NodeProto node, List<OnnxValue> in, int place, int length) throws OnnxException {
        Weights w = constant(node, in, place);
        if (w == null || w.computed() && w.tensor().isZero()) {
            return null;
        }
        List<Long> dimensions = w.tensor().dimensions();
        boolean row = dimensions.size() == 2 && dimensions.get(0) == 1;
        if (dimensions.isEmpty() || dimensions.size() > 1 && !row || w.tensor().size() != length) {
            throw fault(node, "expected a bias of shape [" + length + "], found " + dimensions);
        }
        return w;
    }

    /** Values for a node of its own: exporters store equal tensors once, so the file's size does not bound their sum. */
    private float[] values(NodeProto node, Weights w) throws OnnxException {
        graph.take(node, w.tensor().size());
        float[] values = w.tensor().floats(file);
        return w.tensor().packed() != null ? values.clone() : values;
    }

    private OnnxValue convolution(NodeProto node, Attributes a, List<OnnxValue> in) throws OnnxException {
        Activation x = image(node, in, 0);
        Weights w = constant(node, in, 1, 4);
        List<Long> d = w.tensor().dimensions();
        a.require("group", 1, 1);
        if (w.transposed() || d.contains(0L)) {
            throw fault(node, "weights of shape " + d + " are not supported");
        }
        Window window = Window.of(node, a, x.shape(), d.subList(2, 4));
        int out = d.get(0).intValue();
        Weights bias = bias(node, in, 2, out);
        Operation operation = new Operation.Convolution(
                d.get(1).intValue(),
                out,
                window.height(),
                window.width(),
                window.strideHeight(),
                window.strideWidth(),
                window.padHeight(),
                window.padWidth(),
                bias != null);
        List<Weights> constants = bias == null ? List.of(w) : List.of(w, bias);
        // Checked against the shape that is read before the values are decoded.
        List<float[]> data = new ArrayList<>();
        for (Weights c : constants) {
            data.add(values(node, c));
        }
        return graph.add(node, operation, false, x, constants, data);
    }

    private OnnxValue maxPool(NodeProto node, Attributes a, Activation x) throws OnnxException {
        a.ignore("storage_order"); // of the indices, which nothing reads
        image(node, List.of(x), 0);
        Window w = Window.ofPool(node, a, x.shape());
        if ((long) w.height() * w.width() > MOST_POSITIONS) {
            throw fault(
                    node,
                    "a window of " + w.height() + "×" + w.width() + " is not supported, only " + MOST_POSITIONS
                            + " positions at most");
        }
        return graph.add(
                node,
                new Operation.MaxPool(
                        w.height(), w.width(), w.strideHeight(), w.strideWidth(), w.padHeight(), w.padWidth()),
                false,
                x);
    }

    private OnnxValue averagePool(NodeProto node, Attributes a, Activation x) throws OnnxException {
        image(node, List.of(x), 0);
        Window w = Window.ofPool(node, a, x.shape());
        if (a.whole("count_include_pad", 0) != 0 && (w.padHeight() != 0 || w.padWidth() != 0)) {
            throw fault(node, "count_include_pad 1 is not supported with padding");
        }
        return graph.add(
                node,
                new Operation.AveragePool(
                        w.height(), w.width(), w.strideHeight(), w.strideWidth(), w.padHeight(), w.padWidth()),
                false,
                x);
    }

    private OnnxValue gemm(NodeProto node, Attributes a, List<OnnxValue> in) throws OnnxException {
        a.require("alpha", 1f);
        a.require("beta", 1f);
        a.require("transA", 0, 0);
        boolean turned = a.whole("transB", 0) != 0;
        return linear(node, vector(node, in, 0), constant(node, in, 1, 2), turned, in, 2);
    }

    private OnnxValue matMul(NodeProto node, List<OnnxValue> in) throws OnnxException {
        Activation x = vector(node, in, 0);
        Weights w = constant(node, in, 1, 2);
        NodeProto next = graph.onlyReader(node.outputs().get(0));
        if (next != null && next.type().equals("Add") && next.inputs().size() == 2) {
            String other =
                    next.inputs().get(next.inputs().get(0).equals(node.outputs().get(0)) ? 1 : 0);
            if (graph.value(other) instanceof Weights bias) {
                List<OnnxValue> three = Arrays.asList(x, w, bias);
                OnnxValue sum = linear(node, x, w, false, three, 2);
                graph.set(next.outputs().get(0), sum);
                return sum;
            }
        }
        return linear(node, x, w, false, List.of(x, w), 2);
    }

    /** y = x · B + c. @param turned whether B is to be read transposed */
    private OnnxValue linear(NodeProto node, Activation x, Weights b, boolean turned, List<OnnxValue> in, int biasPlace)
            throws OnnxException {
        // As it lies in the file, the matrix is (out, in) if it is turned once in all.
        boolean outFirst = turned != b.transposed();
        int first = b.tensor().dimensions().get(0).intValue();
        int second = b.tensor().dimensions().get(1).intValue();
        int features = outFirst ? second : first;
        int out = outFirst ? first : second;
        Weights bias = bias(node, in, biasPlace, out);
        float[] values = values(node, b);
        List<float[]> data = new ArrayList<>();
        data.add(outFirst ? values : StateDict.transpose(values, features, out));
        if (bias != null) {
            data.add(values(node, bias));
        }
        return graph.add(
                node,
                new Operation.Linear(features, out, bias != null, !outFirst),
                true,
                x,
                bias == null ? List.of(b) : List.of(b, bias),
                data);
    }

    private OnnxValue batchNorm(NodeProto node, Attributes a, List<OnnxValue> in) throws OnnxException {
        Activation x = any(activation(node, in, 0));
        a.require("training_mode", 0, 0);
        a.ignore("momentum", "spatial");
        float epsilon = a.number("epsilon", 1e-5f);
        List<Weights> constants = new ArrayList<>();
        List<float[]> data = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            Weights w = constant(node, in, i, 1);
            if (w.tensor().size() != x.shape().channels()) {
                throw fault(
                        node,
                        "expected constants of shape [" + x.shape().channels() + "], found "
                                + w.tensor().dimensions() + " as input " + i);
            }
            constants.add(w);
            data.add(values(node, w));
        }
        for (float variance : data.get(3)) {
            if (!(variance + epsilon > 0)) {
                throw fault(node, "expected variances from 0 on, found " + variance);
            }
        }
        return graph.add(node, new Operation.BatchNorm(x.shape().channels(), epsilon), x.flat(), x, constants, data);
    }

    private OnnxValue relu(Activation given, NodeProto node) throws OnnxException {
        Activation x = any(given);
        return graph.add(node, new Operation.Relu(), x.flat(), x);
    }

    private OnnxValue add(NodeProto node, List<OnnxValue> in) throws OnnxException {
        if (!(in.get(0) instanceof Activation) || !(in.get(1) instanceof Activation)) {
            throw fault(node, "adding a constant is supported directly after MatMul only");
        }
        Activation x = any(activation(node, in, 0));
        Activation y = any(activation(node, in, 1));
        if (!x.shape().equals(y.shape()) || x.flat() != y.flat()) {
            throw fault(node, "expected two of equal shape, found " + x.describe() + " and " + y.describe());
        }
        return graph.add(node, new Operation.Add(), x.flat(), x, y);
    }

    private OnnxValue flatten(NodeProto node, Attributes a, Activation x) throws OnnxException {
        long axis = a.whole("axis", 1);
        if (axis != 1 && axis != (x.flat() ? -1 : -3)) {
            throw fault(node, "axis " + axis + " is not supported, only 1");
        }
        return x.flat() ? x : graph.flat(x);
    }

    private OnnxValue reshape(NodeProto node, Activation x, Wholes to, boolean zeroIsMeant) throws OnnxException {
        long[] target = to.values().clone();
        Shape s = x.shape();
        long[] from = x.flat()
                ? new long[] {Wholes.BATCH, s.size()}
                : new long[] {Wholes.BATCH, s.channels(), s.height(), s.width()};
        long known = 1;
        int open = UNKNOWN;
        for (int i = 0; i < target.length; i++) {
            if (target[i] == 0 && i < from.length && !zeroIsMeant) {
                target[i] = from[i];
            }
            if (i > 0 && target[i] == -1) {
                open = i;
            } else if (i > 0) {
                known = target[i] < 1 || target[i] > s.size() ? Long.MAX_VALUE / s.size() : known * target[i];
            }
            if (known > s.size()) {
                break;
            }
        }
        if (open != UNKNOWN && known > 0 && known <= s.size() && s.size() % known == 0) {
            target[open] = s.size() / known;
            known = s.size();
        }
        boolean batchFirst = target.length > 0 && (target[0] == -1 && open == UNKNOWN || graph.isBatch(target[0]));
        if (batchFirst && known == s.size()) {
            if (target.length == 2) {
                return x.flat() ? x : graph.flat(x);
            }
            if (target.length == 4) {
                Shape image = new Shape((int) target[1], (int) target[2], (int) target[3]);
                boolean same = s.equals(image);
                if (same && (!x.flat() || image.height() * image.width() == 1)
                        || x.flat() && x.node().equals(io.softshare.graph.Graph.INPUT) && graph.imageOfInput(image)) {
                    return new Activation(x.node(), image, false);
                }
            }
        }
        throw fault(
                node,
                "from " + x.describe() + " to " + Wholes.describe(to.values()) + " is not supported, only to (batch, "
                        + s.size() + ")");
    }

    /** Axes of a node, counted from the front; by its setting or, in newer versions, by an input. */
    private static Set<Long> axes(NodeProto node, Attributes a, List<OnnxValue> in, int rank) throws OnnxException {
        List<Long> given = in.size() > 1 && in.get(1) instanceof Wholes w
                ? Arrays.stream(w.values()).boxed().toList()
                : a.wholes("axes", List.of());
        return Set.copyOf(given.stream()
                .map(axis -> axis < 0 ? axis + rank : axis)
                .distinct()
                .toList());
    }

    private OnnxValue reduceMean(NodeProto node, Attributes a, List<OnnxValue> in) throws OnnxException {
        Activation x = image(node, in, 0);
        a.ignore("noop_with_empty_axes");
        boolean kept = a.whole("keepdims", 1) != 0;
        if (!axes(node, a, in, 4).equals(SPATIAL)) {
            throw fault(node, "supported over height and width together only");
        }
        return graph.add(node, new Operation.GlobalAveragePool(), !kept, x);
    }

    private OnnxValue squeeze(NodeProto node, Attributes a, List<OnnxValue> in) throws OnnxException {
        Activation x = image(node, in, 0);
        if (!axes(node, a, in, 4).equals(SPATIAL)
                || x.shape().height() * x.shape().width() != 1) {
            throw fault(node, "from " + x.describe() + " is supported over a height and width of 1 only");
        }
        return graph.flat(x);
    }

    private OnnxValue transpose(NodeProto node, Attributes a, Activation x) throws OnnxException {
        List<Long> order = a.wholes("perm", List.of());
        if (!x.node().equals(io.softshare.graph.Graph.INPUT) || !graph.startsWithChannelsLast()) {
            throw fault(node, "order " + order + " is not supported, only [0, 3, 1, 2] of the input");
        }
        return x;
    }

    private OnnxValue dropout(NodeProto node, Attributes a, List<OnnxValue> in) throws OnnxException {
        a.ignore("ratio", "seed");
        boolean training = in.size() > 2
                && in.get(2) != null
                && !(in.get(2) instanceof Weights w && w.tensor().isZero());
        if (training) {
            throw fault(node, "it is in training mode; export with model.eval()");
        }
        return activation(node, in, 0);
    }

    private OnnxValue softmax(NodeProto node, Attributes a, Activation x, Head head) throws OnnxException {
        long axis = a.whole("axis", graph.opset() < 13 ? 1 : -1);
        boolean classes = x.shape().height() * x.shape().width() == 1 && (axis == 1 || x.flat() && axis == -1);
        if (!classes) {
            throw fault(node, "over axis " + axis + " of " + x.describe() + " is not supported, only over the classes");
        }
        graph.setHead(head);
        return x;
    }
}
