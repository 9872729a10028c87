package io.softshare.onnx;

import io.softshare.graph.Graph;
import io.softshare.graph.GraphException;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.Layout;
import io.softshare.graph.Shape;
import io.softshare.graph.ShapeRules;
import io.softshare.graph.Signature;
import io.softshare.graph.Signature.Head;
import io.softshare.onnx.OnnxModel.NodeProto;
import io.softshare.onnx.OnnxModel.ValueInfo;
import io.softshare.onnx.OnnxValue.Activation;
import io.softshare.onnx.OnnxValue.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One reading of a model: its nodes in order become nodes of the network, constants or nothing. What does not lead to the
 * output is passed over.
 */
final class GraphImport {
    /** Values that a node may give for one image: a batch of some hundreds of them must fit memory. */
    private static final int MOST_VALUES = 1 << 24;

    private static final List<Long> CHANNELS_FIRST = List.of(0L, 3L, 1L, 2L);

    private final OnnxModel model;
    private final Map<String, OnnxValue> values = new HashMap<>();
    private final Map<String, List<NodeProto>> readers = new HashMap<>();
    private final Map<String, Integer> uses = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Shape> shapes = new HashMap<>();
    private final Map<String, float[]> tensors = new LinkedHashMap<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private final TensorNames names = new TensorNames();
    private final ShapeArithmetic arithmetic;
    private final LayerImport layers;
    private final Shape images;
    private Shape input;
    private Layout layout;
    private long batch = -1;
    private long elementsLeft;
    private Head head;

    GraphImport(Path file, OnnxModel model, Shape images, OnnxLimits limits) {
        this.model = model;
        elementsLeft = limits.elements();
        this.images = images;
        arithmetic = new ShapeArithmetic(file);
        layers = new LayerImport(this, file);
    }

    OnnxNetwork network(String name) throws OnnxException {
        if (model.opset() < OnnxReader.OLDEST_OPSET || model.opset() > OnnxReader.NEWEST_OPSET) {
            throw new OnnxException("expected operators of version " + OnnxReader.OLDEST_OPSET + " to "
                    + OnnxReader.NEWEST_OPSET + ", found opset " + model.opset() + "; export with opset_version=17");
        }
        for (OnnxTensor tensor : model.initializers()) {
            if (values.put(tensor.name(), arithmetic.of(tensor, tensor.name())) != null) {
                throw new OnnxException("two initializers are named " + OnnxException.quote(tensor.name()));
            }
        }
        Set<String> given = new HashSet<>(values.keySet());
        for (NodeProto node : model.nodes()) {
            for (String output : node.outputs()) {
                if (!output.isEmpty() && !given.add(output)) {
                    throw new OnnxException(node.describe() + " gives " + OnnxException.quote(output)
                            + ", which is there already; the file is damaged");
                }
            }
        }
        if (model.outputs().size() != 1) {
            throw new OnnxException(
                    "expected one output, the logits, found " + model.outputs().size());
        }
        List<NodeProto> needed = needed();
        for (NodeProto node : needed) {
            for (String read : node.inputs()) {
                readers.computeIfAbsent(read, k -> new ArrayList<>()).add(node);
                uses.merge(read, 1, Integer::sum);
            }
        }
        String inputName = input();
        for (NodeProto node : needed) {
            if (node.type().equals("Constant")) {
                read(node); // it may stand behind a node that is read together with the one that it is for
            }
        }
        for (NodeProto node : needed) {
            read(node);
        }
        String outputName = model.outputs().get(0).name();
        return new OnnxNetwork(graph(name, inputName, outputName), tensors, List.copyOf(notes));
    }

    /** Nodes that the output depends on, in order. */
    private List<NodeProto> needed() {
        Set<String> wanted = new HashSet<>(Set.of(model.outputs().get(0).name()));
        List<NodeProto> needed = new ArrayList<>();
        for (int i = model.nodes().size() - 1; i >= 0; i--) {
            NodeProto node = model.nodes().get(i);
            if (node.outputs().stream().anyMatch(wanted::contains)) {
                wanted.addAll(node.inputs());
                needed.add(0, node);
            }
        }
        return needed;
    }

    /** Finds the one input that is no constant and says what it is. */
    private String input() throws OnnxException {
        List<ValueInfo> open = model.inputs().stream()
                .filter(v -> !values.containsKey(v.name()))
                .toList();
        if (open.size() != 1) {
            throw new OnnxException("expected one input, the images, found " + open.size());
        }
        ValueInfo value = open.get(0);
        String where = "input " + OnnxException.quote(value.name());
        if (value.elementType() != ElementTypes.FLOAT) {
            throw new OnnxException(where + ": expected FLOAT, found " + ElementTypes.name(value.elementType())
                    + "; export the network in float32");
        }
        List<Long> d = value.dimensions();
        if (d == null || d.size() != 4 && d.size() != 2) {
            throw new OnnxException(where + ": expected (batch, channels, height, width) or (batch, features), found "
                    + (d == null ? "no shape" : d.size() + " dimensions"));
        }
        batch = d.get(0);
        if (d.size() == 2) {
            layout = Layout.FLAT;
            long features = d.get(1) > 0 || images == null ? d.get(1) : images.size();
            input = images != null && images.size() == features ? images : new Shape(size(where, features), 1, 1);
        } else {
            List<NodeProto> first = readers.getOrDefault(value.name(), List.of());
            layout = first.size() == 1 && turnsChannelsFirst(first.get(0)) ? Layout.NHWC : Layout.NCHW;
            boolean last = layout == Layout.NHWC;
            input = new Shape(
                    size(where, filled(d.get(last ? 3 : 1), images == null ? -1 : images.channels())),
                    size(where, filled(d.get(last ? 1 : 2), images == null ? -1 : images.height())),
                    size(where, filled(d.get(last ? 2 : 3), images == null ? -1 : images.width())));
        }
        values.put(value.name(), new Activation(Graph.INPUT, input, layout == Layout.FLAT));
        shapes.put(Graph.INPUT, input);
        return value.name();
    }

    private static boolean turnsChannelsFirst(NodeProto node) {
        return node.type().equals("Transpose")
                && node.attributes().containsKey("perm")
                && node.attributes().get("perm").wholes().equals(CHANNELS_FIRST);
    }

    private static long filled(long dimension, int known) {
        return dimension > 0 ? dimension : known;
    }

    private static int size(String where, long dimension) throws OnnxException {
        if (dimension < 1 || dimension > MOST_VALUES) {
            throw new OnnxException(where + ": expected sizes of channels, height and width from 1 to " + MOST_VALUES
                    + ", found " + (dimension < 0 ? "an open one" : String.valueOf(dimension))
                    + "; export with the images' size, only the batch may be open");
        }
        return (int) dimension;
    }

    private void read(NodeProto node) throws OnnxException {
        if (node.outputs().isEmpty() || values.containsKey(node.outputs().get(0))) {
            return; // read together with the node before
        }
        List<OnnxValue> in = new ArrayList<>();
        boolean constant = true;
        for (String name : node.inputs()) {
            OnnxValue value = name.isEmpty() ? null : values.get(name);
            if (value == null && !name.isEmpty()) {
                throw new OnnxException(node.describe() + " reads " + OnnxException.quote(name)
                        + ", which nothing before it gives; the file is damaged");
            }
            boolean likeness = in.size() == 1 && node.type().equals("CastLike"); // of which the type alone counts
            constant &= likeness || !(value instanceof Activation);
            in.add(value);
        }
        boolean standard = node.domain().isEmpty() || node.domain().equals("ai.onnx");
        if (head != null) {
            throw new OnnxException(node.describe() + " comes after a softmax, which is supported at the end only");
        }
        int least = node.type().equals("Constant") ? 0 : LayerImport.LEAST_INPUTS.getOrDefault(node.type(), 1);
        if (in.size() < least || in.subList(0, least).contains(null)) {
            throw new OnnxException(node.describe() + ": expected " + least + " inputs or more, found " + in.size());
        }
        boolean computed = standard
                && ShapeArithmetic.OPERATORS.contains(node.type())
                && (constant || node.type().equals("Shape"));
        OnnxValue value = computed ? arithmetic.evaluate(node, in) : standard ? layers.read(node, in) : null;
        if (value == null) {
            throw new OnnxException(
                    "operator " + OnnxException.quote(standard ? node.type() : node.domain() + "." + node.type())
                            + " of " + node.describe().replaceFirst(" \\(.*", "") + " is not supported; supported are "
                            + String.join(", ", LayerImport.OPERATORS));
        }
        values.put(node.outputs().get(0), value);
    }

    private Graph graph(String name, String inputName, String outputName) throws OnnxException {
        if (!(values.get(outputName) instanceof Activation last)) {
            throw new OnnxException("output " + OnnxException.quote(outputName) + " does not depend on the input");
        }
        if (!last.flat() && last.shape().height() * last.shape().width() != 1) {
            throw new OnnxException("output " + OnnxException.quote(outputName) + ": expected one value a class, found "
                    + last.describe());
        }
        if (nodes.isEmpty() || !nodes.get(nodes.size() - 1).name().equals(last.node())) {
            last = flat(last);
        }
        if (nodes.isEmpty() || !nodes.get(nodes.size() - 1).name().equals(last.node())) {
            throw new OnnxException("output " + OnnxException.quote(outputName) + " is not the last that is computed");
        }
        Set<String> read = new HashSet<>();
        nodes.forEach(n -> read.addAll(n.inputs()));
        for (Node node : nodes.subList(0, nodes.size() - 1)) {
            if (!read.contains(node.name())) {
                throw new OnnxException(
                        "what " + node.name() + " gives is used for its shape only; that is not supported");
            }
        }
        Preprocessing preprocessing = Metadata.preprocessing(model.metadata(), input.channels(), layout);
        Signature signature = new Signature(inputName, outputName, head == null ? Head.LOGITS : head);
        return new Graph(name, input, preprocessing, signature, nodes);
    }

    // What follows is for LayerImport.

    /** Adds a node that owns no tensors. */
    Activation add(NodeProto from, Operation operation, boolean flat, Activation... in) throws OnnxException {
        return add(from, new Node(Node.unnamed(operation, nodes.size()), operation, nodesOf(in)), flat);
    }

    /** Adds a node with its tensors, in their order. */
    Activation add(
            NodeProto from,
            Operation operation,
            boolean flat,
            Activation in,
            List<Weights> constants,
            List<float[]> data)
            throws OnnxException {
        Node bare = new Node(Node.unnamed(operation, nodes.size()), operation, nodesOf(in));
        List<String> shared = new ArrayList<>();
        Node node = names.name(bare, from.name(), constants, w -> uses.getOrDefault(w.name(), 0) > 1, shared);
        for (String name : shared) {
            notes.add("tensor " + OnnxException.quote(name)
                    + " is used more than once; each use gets its own from here on");
        }
        Activation out = add(from, node, flat);
        for (int i = 0; i < data.size(); i++) {
            tensors.put(node.tensors().get(i).name(), data.get(i));
        }
        return out;
    }

    private Activation add(NodeProto from, Node node, boolean flat) throws OnnxException {
        Shape shape;
        try {
            shape = ShapeRules.output(
                    node, node.inputs().stream().map(shapes::get).toList());
        } catch (GraphException e) {
            throw new OnnxException(from.describe() + ": " + e.getMessage().replaceFirst("^node [^ :]+:? *", ""), e);
        }
        if (shape.size() > MOST_VALUES) {
            throw new OnnxException(from.describe() + " gives " + shape.size() + " values for an image, expected "
                    + MOST_VALUES + " at most");
        }
        nodes.add(node);
        shapes.put(node.name(), shape);
        return new Activation(node.name(), shape, flat);
    }

    private static List<String> nodesOf(Activation... in) {
        List<String> read = new ArrayList<>();
        for (Activation x : in) {
            read.add(x.node());
        }
        return read;
    }

    /** The same as a flat vector. */
    Activation flat(Activation x) {
        if (x.shape().height() * x.shape().width() == 1) {
            return new Activation(x.node(), x.shape(), true);
        }
        String made = x.node() + " flat"; // for a flat input that several read; no node is named so
        if (values.get(made) instanceof Activation before) {
            return before;
        }
        Operation operation = new Operation.Flatten();
        Node node = new Node(Node.unnamed(operation, nodes.size()), operation, List.of(x.node()));
        nodes.add(node);
        Shape shape = Shape.flat(x.shape().size());
        shapes.put(node.name(), shape);
        Activation out = new Activation(node.name(), shape, true);
        values.put(made, out);
        return out;
    }

    /** A flat input's image, where the network makes one of it first of all. @return false if it is too late for that */
    boolean imageOfInput(Shape shape) {
        boolean fits = images == null || images.equals(shape);
        if (!nodes.isEmpty() || layout != Layout.FLAT || !fits || shape.size() != input.size()) {
            return false;
        }
        input = shape;
        shapes.put(Graph.INPUT, shape);
        return true;
    }

    /** Counts values that a node gets for itself. */
    void take(NodeProto node, int count) throws OnnxException {
        elementsLeft -= count;
        if (elementsLeft < 0) {
            throw new OnnxException(
                    node.describe() + ": with its tensors the network has more values than are read at most");
        }
    }

    /** The one node that reads a value, or null if there are none or several, or it is the output. */
    NodeProto onlyReader(String value) {
        List<NodeProto> all = readers.getOrDefault(value, List.of());
        return all.size() == 1 && !value.equals(model.outputs().get(0).name()) ? all.get(0) : null;
    }

    OnnxValue value(String name) {
        return values.get(name);
    }

    void set(String name, OnnxValue value) {
        values.put(name, value);
    }

    void setHead(Head found) {
        head = found;
    }

    /** Whether a number stands for the number of images. */
    boolean isBatch(long dimension) {
        return dimension == OnnxValue.Wholes.BATCH || batch > 0 && dimension == batch;
    }

    boolean startsWithChannelsLast() {
        return layout == Layout.NHWC;
    }

    long opset() {
        return model.opset();
    }
}
