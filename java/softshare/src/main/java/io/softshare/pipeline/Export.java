package io.softshare.pipeline;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import io.softshare.network.Arena;
import io.softshare.network.ParameterLayout.Slot;
import io.softshare.quantize.SharedValues;
import io.softshare.quantize.SharedWeights;
import io.softshare.train.TrainingState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** From a trained state to what a file holds, and back into an arena. */
public final class Export {
    private Export() {}

    /** The weights of a state that went through a hard stage, by tensor in the graph's order. */
    static SharedWeights weights(TrainingState state) {
        byte[] assignment = state.assignment();
        float[] latent = state.latent();
        List<int[]> indices = new ArrayList<>();
        List<float[]> behind = new ArrayList<>();
        for (Slot slot : state.arena().layout().weights()) {
            int[] tensor = new int[slot.spec().size()];
            for (int i = 0; i < tensor.length; i++) {
                tensor[i] = assignment[(int) slot.offset() + i] & 0xFF;
            }
            indices.add(tensor);
            behind.add(Arrays.copyOfRange(latent, (int) slot.offset(), (int) slot.offset() + tensor.length));
        }
        List<float[]> codebooks = state.codebooks();
        List<SharedValues> groups = new ArrayList<>();
        int tensors = indices.size() / codebooks.size();
        for (int g = 0; g < codebooks.size(); g++) {
            int from = g * tensors;
            groups.add(new SharedValues(
                            codebooks.get(g),
                            indices.subList(from, from + tensors),
                            behind.subList(from, from + tensors))
                    .tidy());
        }
        return new SharedWeights(groups);
    }

    /**
     * A network of weights as indices into shared values.
     *
     * @param weights of the graph's weight tensors, in its order
     * @param values of all other tensors, by name
     * @param biasBits fractional bits of biases, in fixed point; below 0: as they are
     * @param mantissaBits of batch-norm's scales and statistics, 0 to 23
     */
    static CompressedModel model(
            Graph graph, SharedWeights weights, Map<String, float[]> values, int biasBits, int mantissaBits) {
        List<CompressedTensor> tensors = new ArrayList<>();
        Iterator<SharedWeights.Tensor> shared = weights.tensors().iterator();
        for (TensorSpec spec : graph.tensors()) {
            float[] data = values.get(spec.name());
            if (spec.role() == TensorRole.WEIGHT) {
                SharedWeights.Tensor tensor = shared.next();
                tensors.add(new QuantizedTensor(spec, tensor.indices(), tensor.codebook()));
            } else if (spec.role() == TensorRole.BIAS && biasBits >= 0) {
                tensors.add(FixedPointTensor.round(spec, data, biasBits));
            } else {
                float[] rounded = new float[data.length];
                for (int i = 0; i < rounded.length; i++) {
                    rounded[i] = SharedValues.roundMantissa(data[i], mantissaBits);
                }
                tensors.add(new FloatTensor(spec, rounded));
            }
        }
        return new CompressedModel(graph, tensors);
    }

    /** Writes a decoded network's tensors into an arena. */
    public static void load(CompressedModel model, Arena arena) {
        for (CompressedTensor tensor : model.tensors()) {
            arena.write(Map.of(tensor.spec().name(), tensor.values()));
        }
    }
}
