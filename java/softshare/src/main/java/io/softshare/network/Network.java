package io.softshare.network;

import io.softshare.device.BatchNormOperation;
import io.softshare.device.Buffer;
import io.softshare.device.ConvolutionOperation;
import io.softshare.device.ConvolutionPoolOperation;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.LayerOperations;
import io.softshare.device.PoolOperation;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph compiled for one device and batch size over an arena: {@link #input()} is filled by the caller, {@link #forward()}
 * gives {@link #logits()}; in training {@link #backward()} goes from {@link #logitsGradient()} to the arena's gradients.
 * Closing frees its operations and activations, not the arena. Used by one thread at a time.
 */
public final class Network implements AutoCloseable {
    private final Device device;
    private final Kernels kernels;
    private final LayerOperations operations;
    private final Graph graph;
    private final Arena arena;
    private final int batch;
    private final boolean training;
    private final Map<String, Value> values = new HashMap<>();
    private final Map<String, Integer> readers = new HashMap<>();
    private final List<Layer> layers = new ArrayList<>();
    private final List<Buffer> owned = new ArrayList<>();
    private final Layers.Momentum momentum = new Layers.Momentum();
    private Buffer scratch;
    private final Value output;

    /** With the device's fused kernels. */
    public Network(Device device, Graph graph, Arena arena, int batch, boolean training) {
        this(device, device.layers(true), graph, arena, batch, training);
    }

    /** operations: what makes the layers, of the same device. */
    public Network(Device device, LayerOperations operations, Graph graph, Arena arena, int batch, boolean training) {
        this.device = device;
        this.kernels = device.kernels();
        this.operations = operations;
        this.graph = graph;
        this.arena = arena;
        this.batch = batch;
        this.training = training;
        try {
            for (Node node : graph.nodes()) {
                node.inputs().forEach(name -> readers.merge(name, 1, Integer::sum));
            }
            values.put(Graph.INPUT, new Value(graph.input(), own(floats(graph.input())), null));
            List<Plan> plans = allocate();
            // Backward order decides who overwrites a gradient and who adds, so layers are made from the last.
            for (int i = plans.size() - 1; i >= 0; i--) {
                layers.add(0, compile(plans.get(i)));
            }
            Rounding.apply(plans, layers);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        output = values.get(graph.nodes().get(graph.nodes().size() - 1).name());
    }

    /**
     * A node to compile. gives: the node that its output is the value of: its own, or the last one computed with it: pool (null: none),
     * and a rectifier where fused. inPlace: it overwrites its input.
     */
    record Plan(Node node, Operation.MaxPool pool, boolean fused, boolean inPlace, Node gives) {
        static Plan of(Node node, boolean inPlace) {
            return new Plan(node, null, false, inPlace, node);
        }
    }

    private List<Plan> allocate() {
        List<Plan> plans = new ArrayList<>();
        for (Node node : graph.nodes()) {
            String from = node.inputs().get(0);
            Plan last = plans.isEmpty() ? null : plans.get(plans.size() - 1);
            boolean follows = last != null && last.gives().name().equals(from) && readers.getOrDefault(from, 0) == 1;
            Plan with = follows ? with(last, node) : null;
            if (with != null) {
                plans.set(plans.size() - 1, with);
            } else {
                boolean relu = node.operation() instanceof Operation.Relu;
                plans.add(Plan.of(node, relu && follows && !(last.node().operation() instanceof Operation.Relu)));
            }
        }
        Sharing sharing = new Sharing(plans, Graph.INPUT);
        for (Plan plan : plans) {
            String name = plan.gives().name();
            if (plan.inPlace()) {
                values.put(name, values.get(plan.node().inputs().get(0)));
                continue;
            }
            Shape shape = graph.shape(name);
            Value data = values.get(sharing.dataOf(name));
            Value gradient = values.get(sharing.gradientOf(name));
            values.put(
                    name,
                    new Value(
                            shape,
                            data != null ? data.data : own(floats(shape)),
                            !training ? null : gradient != null ? gradient.gradient : own(floats(shape))));
        }
        return plans;
    }

    /** The plan with a node that follows computed in it; null: it cannot be. */
    private Plan with(Plan plan, Node next) {
        Operation of = plan.node().operation();
        if (next.operation() instanceof Operation.Relu
                && operations.fusesRectifier()
                && !plan.fused()
                && (of instanceof Operation.Convolution
                        || of instanceof Operation.Linear
                        || of instanceof Operation.BatchNorm)) {
            return new Plan(plan.node(), plan.pool(), true, false, next);
        }
        // The rectifier and the pool may follow the convolution in either order.
        if (next.operation() instanceof Operation.MaxPool p
                && of instanceof Operation.Convolution c
                && plan.pool() == null
                && p.strideHeight() == p.kernelHeight()
                && p.strideWidth() == p.kernelWidth()
                && operations.fusesPool(pooled(sizes(plan.node(), c, 0), p))) {
            return new Plan(plan.node(), p, plan.fused(), false, next);
        }
        return null;
    }

    private ConvolutionOperation.Sizes sizes(Node node, Operation.Convolution c, int flags) {
        String from = node.inputs().get(0);
        Shape in = graph.shape(from);
        return sizes(batch, c, in, flags);
    }

    /** Sizes of a convolution of images of a shape; flags: what is wanted beside its bias. */
    static ConvolutionOperation.Sizes sizes(int batch, Operation.Convolution c, Shape in, int flags) {
        return new ConvolutionOperation.Sizes(
                batch,
                c.inChannels(),
                in.height(),
                in.width(),
                c.outChannels(),
                c.kernelHeight(),
                c.kernelWidth(),
                c.strideHeight(),
                c.strideWidth(),
                c.padHeight(),
                c.padWidth(),
                flags | (c.bias() ? Kernels.BIAS : 0));
    }

    private static ConvolutionPoolOperation.Sizes pooled(ConvolutionOperation.Sizes sizes, Operation.MaxPool p) {
        return new ConvolutionPoolOperation.Sizes(
                sizes, p.kernelHeight(), p.kernelWidth(), p.padHeight(), p.padWidth());
    }

    private Buffer floats(Shape shape) {
        return device.floats(count(shape));
    }

    private long count(Shape shape) {
        return (long) batch * shape.size();
    }

    private Buffer own(Buffer buffer) {
        owned.add(buffer);
        return buffer;
    }

    private Layer compile(Plan plan) {
        Node node = plan.node();
        Value y = values.get(plan.gives().name());
        if (plan.inPlace()) {
            return new Layers.ReluInPlace(operations, y, count(y.shape));
        }
        Value x = values.get(node.inputs().get(0));
        int flags = plan.fused() ? Kernels.RELU : 0;
        Operation operation = node.operation();
        if (operation instanceof Operation.Convolution c) {
            ConvolutionOperation.Sizes sizes = sizes(node, c, flags);
            Sink dx = sink(x);
            if (plan.pool() != null) {
                Buffer argmax = training ? own(device.allocate(count(y.shape))) : null;
                return new Layers.ConvolutionPool(
                        operations.convolutionPool(pooled(sizes, plan.pool()), !dx.wanted()),
                        parameters(node),
                        x,
                        y,
                        argmax,
                        dx);
            }
            return new Layers.Convolution(operations.convolution(sizes), plan.fused(), parameters(node), x, y, dx);
        }
        if (operation instanceof Operation.Linear l) {
            return new Layers.Linear(
                    operations.linear(batch, l.inFeatures(), l.outFeatures(), flags | (l.bias() ? Kernels.BIAS : 0)),
                    plan.fused(),
                    parameters(node),
                    x,
                    y,
                    sink(x));
        }
        if (operation instanceof Operation.BatchNorm b) {
            return batchNorm(node, b, plan.fused(), x, y);
        }
        if (operation instanceof Operation.MaxPool p) {
            Buffer argmax = own(device.allocate(count(y.shape)));
            return pool(
                    new PoolOperation.Sizes(
                            PoolOperation.Kind.MAX,
                            batch,
                            x.shape.channels(),
                            x.shape.height(),
                            x.shape.width(),
                            p.kernelHeight(),
                            p.kernelWidth(),
                            p.strideHeight(),
                            p.strideWidth(),
                            p.padHeight(),
                            p.padWidth()),
                    x,
                    y,
                    argmax);
        }
        if (operation instanceof Operation.AveragePool p) {
            return average(p, x, y);
        }
        if (operation instanceof Operation.GlobalAveragePool) {
            int height = x.shape.height();
            int width = x.shape.width();
            return average(new Operation.AveragePool(height, width, height, width), x, y);
        }
        if (operation instanceof Operation.Relu) {
            return new Layers.Relu(operations, x, y, sink(x), count(y.shape));
        }
        if (operation instanceof Operation.Add) {
            Value b = values.get(node.inputs().get(1));
            return new Layers.Add(kernels, x, b, y, sink(x), sink(b), count(y.shape));
        }
        if (operation instanceof Operation.Flatten) {
            return new Layers.Flatten(kernels, batch, x, y, sink(x));
        }
        throw new IllegalStateException("no layer for " + operation);
    }

    private Layer batchNorm(Node node, Operation.BatchNorm b, boolean relu, Value x, Value y) {
        List<TensorSpec> tensors = node.tensors();
        String scale = tensors.get(0).name();
        String shift = tensors.get(1).name();
        Layers.Norm norm = new Layers.Norm(
                arena.view(scale),
                arena.view(shift),
                training ? arena.gradientView(scale) : null,
                training ? arena.gradientView(shift) : null,
                arena.view(tensors.get(2).name()),
                arena.view(tensors.get(3).name()),
                own(device.floats(b.channels())),
                own(device.floats(b.channels())));
        long positions = (long) batch * x.shape.height() * x.shape.width();
        // An image in front of a batch-norm has no gradient to take: one is kept for the kernel to write to.
        Sink dx = sink(x);
        if (training && !dx.wanted()) {
            dx = new Sink(kernels, own(floats(x.shape)), null, true, count(x.shape));
        }
        BatchNormOperation op =
                new BatchNormOperation(kernels, positions, b.channels(), b.epsilon(), relu, false, false);
        return new Layers.BatchNorm(op, training, momentum, norm, x, y, dx);
    }

    private Layer average(Operation.AveragePool p, Value x, Value y) {
        return pool(
                new PoolOperation.Sizes(
                        PoolOperation.Kind.AVERAGE,
                        batch,
                        x.shape.channels(),
                        x.shape.height(),
                        x.shape.width(),
                        p.kernelHeight(),
                        p.kernelWidth(),
                        p.strideHeight(),
                        p.strideWidth(),
                        p.padHeight(),
                        p.padWidth()),
                x,
                y,
                null);
    }

    private Layer pool(PoolOperation.Sizes sizes, Value x, Value y, Buffer argmax) {
        return new Layers.Pool(operations.pool(sizes), x, y, argmax, sink(x));
    }

    private Layers.Parameters parameters(Node node) {
        List<TensorSpec> tensors = node.tensors();
        String weight = tensors.get(0).name();
        String bias = tensors.size() > 1 ? tensors.get(1).name() : null;
        return new Layers.Parameters(
                arena.view(weight),
                bias != null ? arena.view(bias) : null,
                training ? arena.gradientView(weight) : null,
                training && bias != null ? arena.gradientView(bias) : null);
    }

    private Sink sink(Value x) {
        if (x.gradient == null) {
            return new Sink(kernels, null, null, true, 0);
        }
        boolean first = x.claim();
        long count = count(x.shape);
        if (!first && (scratch == null || scratch.bytes() < 4 * count)) {
            scratch = own(device.floats(count));
        }
        return new Sink(kernels, x.gradient, first ? null : scratch, first, count);
    }

    /** Images of a batch, (batch, height, width, channels), preprocessed. */
    public Buffer input() {
        return values.get(Graph.INPUT).data;
    }

    /** (batch, classes). */
    public Buffer logits() {
        return output.data;
    }

    /** Gradient of the loss in the logits, written by the caller before {@link #backward()}. */
    public Buffer logitsGradient() {
        return output.gradient;
    }

    public int batch() {
        return batch;
    }

    public Graph graph() {
        return graph;
    }

    public void forward() {
        for (Layer layer : layers) {
            layer.forward();
        }
    }

    public void backward() {
        for (int i = layers.size() - 1; i >= 0; i--) {
            layers.get(i).backward();
        }
    }

    /** Whether running statistics are kept: there is a batch-norm. */
    public boolean hasStatistics() {
        return layers.stream().anyMatch(Layers.BatchNorm.class::isInstance);
    }

    /**
     * The forward pass of a training network as batch k = 0, 1, … of a new estimate of the running statistics: after the
     * last they are the mean over all batches. (Otherwise each batch weighs a tenth, as in PyTorch.)
     */
    public void estimateStatistics(int k) {
        momentum.value = 1f / (k + 1);
        try {
            forward();
        } finally {
            momentum.value = Layers.Momentum.USUAL;
        }
    }

    /** Library implementations in use by layer, in order; own kernels are left out. */
    public List<String> implementations() {
        return layers.stream()
                .map(Layer::implementation)
                .filter(s -> !s.isEmpty())
                .toList();
    }

    @Override
    public void close() {
        layers.forEach(Layer::close);
        owned.forEach(Buffer::close);
    }
}
