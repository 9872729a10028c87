package io.softshare.graph;

import java.util.List;

/**
 * Name, role and shape of one tensor of a network.
 *
 * @param name as in PyTorch's state_dict, e.g. {@code conv1.weight}
 * @param role what it is for
 * @param shape dimensions, outermost first: (out, in, height, width), (out, in) or (n)
 */
public record TensorSpec(String name, TensorRole role, List<Integer> shape) {

    public TensorSpec {
        shape = List.copyOf(shape);
    }

    /** Number of elements. */
    public int size() {
        long size = 1;
        for (int dimension : shape) {
            size = Math.multiplyExact(size, dimension);
        }
        return Math.toIntExact(size);
    }

    /** Output units: rows of the weight matrix. 1 for what is no weight. */
    public int rows() {
        return role == TensorRole.WEIGHT ? shape.get(0) : 1;
    }

    /** Input channels or features: columns of the weight matrix. The size for what is no weight. */
    public int columns() {
        return role == TensorRole.WEIGHT ? shape.get(1) : size();
    }

    /** Weights that share a (row, column): kernel height × width, 1 for linear layers and for what is no weight. */
    public int kernel() {
        return role == TensorRole.WEIGHT && shape.size() == 4 ? shape.get(2) * shape.get(3) : 1;
    }
}
