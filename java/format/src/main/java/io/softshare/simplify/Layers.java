package io.softshare.simplify;

import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;

/** Convolution and linear layers seen alike: a matrix of rows × columns × kernel positions. */
record Layers(int rows, int columns, int kernel, boolean padded, boolean bias) {
    /** The layer of a node, null if it is none. */
    static Layers of(Node node) {
        if (node.operation() instanceof Operation.Convolution c) {
            return new Layers(
                    c.outChannels(),
                    c.inChannels(),
                    c.kernelHeight() * c.kernelWidth(),
                    c.padHeight() > 0 || c.padWidth() > 0,
                    c.bias());
        }
        if (node.operation() instanceof Operation.Linear l) {
            return new Layers(l.outFeatures(), l.inFeatures(), 1, false, l.bias());
        }
        return null;
    }

    int at(int row, int column) {
        return (row * columns + column) * kernel;
    }

    boolean emptyRow(double[] weights, int row) {
        return zero(weights, at(row, 0), columns * kernel);
    }

    boolean empty(double[] weights, int row, int column) {
        return zero(weights, at(row, column), kernel);
    }

    private static boolean zero(double[] weights, int from, int count) {
        for (int i = from; i < from + count; i++) {
            if (weights[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /** Features that a flattening node makes of each channel. */
    static int area(Graph graph, Node flatten) {
        var shape = graph.shape(flatten.inputs().get(0));
        return shape.height() * shape.width();
    }
}
