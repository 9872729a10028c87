package io.softshare.graph;

import java.util.ArrayList;
import java.util.List;

/** What each operation makes of its input shapes, and which tensors it owns. */
public final class ShapeRules {
    private ShapeRules() {}

    /**
     * Shape of what a node gives.
     *
     * @throws GraphException naming the node, if it cannot read these
     */
    public static Shape output(Node node, List<Shape> inputs) {
        int expected = node.operation().inputs();
        if (inputs.size() != expected) {
            throw new GraphException("node " + node.name() + " has " + inputs.size() + " inputs, expected " + expected);
        }
        Shape in = inputs.get(0);
        Operation operation = node.operation();
        if (operation instanceof Operation.Convolution c) {
            positive(node, c.inChannels(), c.outChannels());
            same(node, "input channels", c.inChannels(), in.channels());
            return new Shape(
                    c.outChannels(),
                    window(node, in.height(), c.kernelHeight(), c.strideHeight(), c.padHeight()),
                    window(node, in.width(), c.kernelWidth(), c.strideWidth(), c.padWidth()));
        }
        if (operation instanceof Operation.Linear l) {
            positive(node, l.inFeatures(), l.outFeatures());
            same(node, "input features", l.inFeatures(), in.channels());
            same(node, "input height and width (flatten first)", 1, in.height() * in.width());
            return Shape.flat(l.outFeatures());
        }
        if (operation instanceof Operation.BatchNorm b) {
            same(node, "channels", b.channels(), in.channels());
            if (!(b.epsilon() > 0)) {
                throw new GraphException("node " + node.name() + ": epsilon must be positive, found " + b.epsilon());
            }
            return in;
        }
        if (operation instanceof Operation.MaxPool p) {
            halfAtMost(node, p.padHeight(), p.kernelHeight());
            halfAtMost(node, p.padWidth(), p.kernelWidth());
            return new Shape(
                    in.channels(),
                    window(node, in.height(), p.kernelHeight(), p.strideHeight(), p.padHeight()),
                    window(node, in.width(), p.kernelWidth(), p.strideWidth(), p.padWidth()));
        }
        if (operation instanceof Operation.AveragePool p) {
            halfAtMost(node, p.padHeight(), p.kernelHeight());
            halfAtMost(node, p.padWidth(), p.kernelWidth());
            return new Shape(
                    in.channels(),
                    window(node, in.height(), p.kernelHeight(), p.strideHeight(), p.padHeight()),
                    window(node, in.width(), p.kernelWidth(), p.strideWidth(), p.padWidth()));
        }
        if (operation instanceof Operation.GlobalAveragePool) {
            return Shape.flat(in.channels());
        }
        if (operation instanceof Operation.Flatten) {
            return Shape.flat(in.size());
        }
        if (operation instanceof Operation.Add) {
            if (!in.equals(inputs.get(1))) {
                throw new GraphException("node " + node.name() + " adds " + in + " and " + inputs.get(1));
            }
            return in;
        }
        return in; // Relu keeps the shape
    }

    static List<TensorSpec> tensors(Node node) {
        List<TensorSpec> specs = new ArrayList<>();
        if (node.operation() instanceof Operation.Convolution c) {
            add(
                    specs,
                    node,
                    "weight",
                    TensorRole.WEIGHT,
                    c.outChannels(),
                    c.inChannels(),
                    c.kernelHeight(),
                    c.kernelWidth());
            if (c.bias()) {
                add(specs, node, "bias", TensorRole.BIAS, c.outChannels());
            }
        } else if (node.operation() instanceof Operation.Linear l) {
            add(specs, node, "weight", TensorRole.WEIGHT, l.outFeatures(), l.inFeatures());
            if (l.bias()) {
                add(specs, node, "bias", TensorRole.BIAS, l.outFeatures());
            }
        } else if (node.operation() instanceof Operation.BatchNorm b) {
            add(specs, node, "weight", TensorRole.SCALE, b.channels());
            add(specs, node, "bias", TensorRole.SHIFT, b.channels());
            add(specs, node, "running_mean", TensorRole.RUNNING_MEAN, b.channels());
            add(specs, node, "running_var", TensorRole.RUNNING_VARIANCE, b.channels());
        }
        if (!node.tensorNames().isEmpty() && node.tensorNames().size() != specs.size()) {
            throw new GraphException(
                    "node " + node.name() + " names " + node.tensorNames().size() + " tensors, it has " + specs.size());
        }
        return specs;
    }

    private static void add(List<TensorSpec> specs, Node node, String suffix, TensorRole role, Integer... shape) {
        boolean named = specs.size() < node.tensorNames().size();
        String name = named ? node.tensorNames().get(specs.size()) : node.name() + "." + suffix;
        specs.add(new TensorSpec(name, role, List.of(shape)));
    }

    private static void halfAtMost(Node node, int pad, int kernel) {
        if (2L * pad > kernel) {
            throw new GraphException("node " + node.name() + ": padding is more than half the window");
        }
    }

    /** Output positions of a sliding window along one dimension. */
    private static int window(Node node, int size, int kernel, int stride, int pad) {
        if (kernel < 1 || stride < 1 || pad < 0 || pad >= (long) kernel + size || size + 2L * pad < kernel) {
            throw new GraphException("node " + node.name() + ": window " + kernel + ", stride " + stride + ", padding "
                    + pad + " does not fit size " + size);
        }
        long positions = (size + 2L * pad - kernel) / stride + 1;
        if (positions > Integer.MAX_VALUE) {
            throw new GraphException("node " + node.name() + " has more than 2^31 positions a row");
        }
        return (int) positions;
    }

    private static void positive(Node node, int in, int out) {
        if (in < 1 || out < 1) {
            throw new GraphException("node " + node.name() + " maps " + in + " to " + out + " features");
        }
    }

    private static void same(Node node, String what, int declared, int found) {
        if (declared != found) {
            throw new GraphException(
                    "node " + node.name() + ": " + what + ": expected " + declared + ", found " + found);
        }
    }
}
