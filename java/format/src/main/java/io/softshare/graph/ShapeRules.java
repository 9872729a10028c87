package io.softshare.graph;

import java.util.ArrayList;
import java.util.List;

/** What each operation makes of its input shapes, and which tensors it owns. */
final class ShapeRules {
    private ShapeRules() {}

    static Shape output(Node node, List<Shape> inputs) {
        int expected = node.operation() instanceof Operation.Add ? 2 : 1;
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
            if (2L * p.padHeight() > p.kernelHeight() || 2L * p.padWidth() > p.kernelWidth()) {
                throw new GraphException("node " + node.name() + ": padding is more than half the window");
            }
            return new Shape(
                    in.channels(),
                    window(node, in.height(), p.kernelHeight(), p.strideHeight(), p.padHeight()),
                    window(node, in.width(), p.kernelWidth(), p.strideWidth(), p.padWidth()));
        }
        if (operation instanceof Operation.AveragePool p) {
            return new Shape(
                    in.channels(),
                    window(node, in.height(), p.kernelHeight(), p.strideHeight(), 0),
                    window(node, in.width(), p.kernelWidth(), p.strideWidth(), 0));
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
        String name = node.name();
        if (node.operation() instanceof Operation.Convolution c) {
            specs.add(new TensorSpec(
                    name + ".weight",
                    TensorRole.WEIGHT,
                    List.of(c.outChannels(), c.inChannels(), c.kernelHeight(), c.kernelWidth())));
            if (c.bias()) {
                specs.add(new TensorSpec(name + ".bias", TensorRole.BIAS, List.of(c.outChannels())));
            }
        } else if (node.operation() instanceof Operation.Linear l) {
            specs.add(new TensorSpec(name + ".weight", TensorRole.WEIGHT, List.of(l.outFeatures(), l.inFeatures())));
            if (l.bias()) {
                specs.add(new TensorSpec(name + ".bias", TensorRole.BIAS, List.of(l.outFeatures())));
            }
        } else if (node.operation() instanceof Operation.BatchNorm b) {
            List<Integer> shape = List.of(b.channels());
            specs.add(new TensorSpec(name + ".weight", TensorRole.SCALE, shape));
            specs.add(new TensorSpec(name + ".bias", TensorRole.SHIFT, shape));
            specs.add(new TensorSpec(name + ".running_mean", TensorRole.RUNNING_MEAN, shape));
            specs.add(new TensorSpec(name + ".running_var", TensorRole.RUNNING_VARIANCE, shape));
        }
        return specs;
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
