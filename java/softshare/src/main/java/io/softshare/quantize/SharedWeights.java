package io.softshare.quantize;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * All weights of a network as indices into shared values: one set of values for all tensors, or one for each of them.
 *
 * @param groups tensors that share a set of values, in the network's order
 */
public record SharedWeights(List<SharedValues> groups) {
    /** One weight tensor. */
    public record Tensor(int[] indices, float[] codebook) {}

    public SharedWeights {
        groups = List.copyOf(groups);
    }

    /** {@link SharedValues#rateDistortion}, each group by itself. */
    public SharedWeights rateDistortion(double lambda) {
        return each(g -> g.rateDistortion(lambda));
    }

    /** {@link SharedValues#rounded}. */
    public SharedWeights rounded(int mantissaBits) {
        return each(g -> g.rounded(mantissaBits));
    }

    private SharedWeights each(UnaryOperator<SharedValues> change) {
        return new SharedWeights(groups.stream().map(change).toList());
    }

    /** Number of shared values of all groups, each one's zero included. */
    public int values() {
        return groups.stream().mapToInt(g -> g.codebook().length).sum();
    }

    /** The tensors, in the network's order. */
    public List<Tensor> tensors() {
        List<Tensor> tensors = new ArrayList<>();
        for (SharedValues group : groups) {
            group.indices().forEach(indices -> tensors.add(new Tensor(indices, group.codebook())));
        }
        return tensors;
    }
}
