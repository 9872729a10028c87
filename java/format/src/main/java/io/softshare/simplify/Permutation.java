package io.softshare.simplify;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.graph.TensorSpec;
import io.softshare.simplify.ChannelGroups.Axis;
import io.softshare.simplify.ChannelGroups.Group;
import io.softshare.simplify.ChannelGroups.Use;
import java.util.ArrayList;
import java.util.List;

/** Puts the channels of a group into another order, in every tensor that follows. */
final class Permutation {
    private Permutation() {}

    /** @param order which old channel comes at each place */
    static CompressedModel apply(CompressedModel model, Group group, int[] order) {
        List<CompressedTensor> tensors = new ArrayList<>(model.tensors());
        for (Use use : group.uses()) {
            for (int i = 0; i < tensors.size(); i++) {
                if (tensors.get(i).spec().name().equals(use.tensor())) {
                    tensors.set(i, apply(tensors.get(i), use, order));
                }
            }
        }
        return new CompressedModel(model.graph(), tensors);
    }

    private static CompressedTensor apply(CompressedTensor tensor, Use use, int[] order) {
        int[] from = sources(tensor.spec(), use, order);
        if (tensor instanceof QuantizedTensor t) {
            return new QuantizedTensor(t.spec(), gather(t.indices(), from), t.codebook());
        }
        if (tensor instanceof FixedPointTensor t) {
            return new FixedPointTensor(t.spec(), gather(t.steps(), from), t.fractionBits());
        }
        float[] values = ((FloatTensor) tensor).values();
        float[] moved = new float[values.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = values[from[i]];
        }
        return new FloatTensor(tensor.spec(), moved);
    }

    private static int[] gather(int[] values, int[] from) {
        int[] moved = new int[values.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = values[from[i]];
        }
        return moved;
    }

    /** Where the element at each place comes from. */
    private static int[] sources(TensorSpec spec, Use use, int[] order) {
        int outer = use.axis() == Axis.COLUMNS ? spec.rows() : 1;
        int length = order.length * use.block();
        int inner = spec.size() / outer / length;
        int[] from = new int[spec.size()];
        int at = 0;
        for (int o = 0; o < outer; o++) {
            for (int channel : order) {
                int start = (o * length + channel * use.block()) * inner;
                for (int i = 0; i < use.block() * inner; i++) {
                    from[at++] = start + i;
                }
            }
        }
        return from;
    }
}
