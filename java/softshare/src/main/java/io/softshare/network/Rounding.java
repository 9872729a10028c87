package io.softshare.network;

import io.softshare.device.ConvolutionOperation;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which values of a network lie in bfloat16. A convolution in bf16 rounds its input and its output's gradient. Where a batch-norm alone
 * writes what convolutions in bf16 alone read, it writes it rounded: the bits that are multiplied are the same, half the memory is
 * written, and nobody reads it another time to round it.
 */
final class Rounding {
    private final List<Network.Plan> plans;
    private final List<Layer> layers;
    private final Flow flow;
    private final Set<Integer> roundedInputs = new HashSet<>(); // convolutions, by position
    private final Set<Integer> roundedGradients = new HashSet<>(); // ... whose output's gradient comes rounded

    private Rounding(List<Network.Plan> plans, List<Layer> layers) {
        this.plans = plans;
        this.layers = layers;
        this.flow = new Flow(plans);
    }

    /** Lets the layers, one for each plan, hand on rounded what they can. */
    static void apply(List<Network.Plan> plans, List<Layer> layers) {
        new Rounding(plans, layers).apply();
    }

    private void apply() {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i) instanceof Layers.BatchNorm norm) {
                layers.set(i, norm.inBf16(roundOutput(i), norm.training() && roundGradient(i)));
            }
        }
        for (int i = 0; i < layers.size(); i++) {
            if (roundedInputs.contains(i) || roundedGradients.contains(i)) {
                convolution(i).takeBf16(roundedInputs.contains(i), roundedGradients.contains(i));
            }
        }
    }

    /** Has a batch-norm's output rounded if convolutions alone read it and nobody changes it in place. @return whether it is */
    private boolean roundOutput(int norm) {
        String output = flow.value(plans.get(norm).gives().name());
        List<Integer> readers = flow.readers(output);
        if (readers.isEmpty() || flow.maker(output) != norm || readers.stream().anyMatch(i -> convolution(i) == null)) {
            return false;
        }
        return roundedInputs.addAll(readers);
    }

    /** Has the gradient in its input rounded if that is a convolution's output, not rectified, which nobody else reads. @return whether it is */
    private boolean roundGradient(int norm) {
        String input = flow.value(plans.get(norm).node().inputs().get(0));
        int maker = flow.maker(input);
        if (maker < 0 || flow.readers(input).size() != 1 || plans.get(maker).fused() || convolution(maker) == null) {
            return false;
        }
        return roundedGradients.add(maker);
    }

    /** The convolution in bf16 that a layer is; null: it is none. */
    private ConvolutionOperation convolution(int i) {
        return layers.get(i) instanceof Layers.Convolution c && c.op().computesInBf16() ? c.op() : null;
    }
}
