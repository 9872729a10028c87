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
import io.softshare.train.TrainingState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** From a trained state to what a file holds, and back into an arena. */
public final class Export {
    private Export() {}

    /**
     * The network of a state that went through a hard stage: weights as indices into the shared values, biases in fixed
     * point where biasBits is 0 or more, everything else as it is.
     */
    static CompressedModel model(Graph graph, TrainingState state, int biasBits) {
        float[] codebook = state.codebook();
        byte[] assignment = state.assignment();
        Map<String, float[]> values = state.arena().read();
        List<CompressedTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : graph.tensors()) {
            float[] data = values.get(spec.name());
            if (spec.role() == TensorRole.WEIGHT) {
                Slot slot = state.arena().layout().slot(spec.name());
                int[] indices = new int[spec.size()];
                for (int i = 0; i < indices.length; i++) {
                    int entry = assignment[(int) slot.offset() + i] & 0xFF;
                    // A shared value that came to be zero is the zero.
                    indices[i] = codebook[entry] == 0 ? 0 : entry;
                }
                tensors.add(new QuantizedTensor(spec, indices, codebook));
            } else if (spec.role() == TensorRole.BIAS && biasBits >= 0) {
                tensors.add(FixedPointTensor.round(spec, data, biasBits));
            } else {
                tensors.add(new FloatTensor(spec, data));
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
