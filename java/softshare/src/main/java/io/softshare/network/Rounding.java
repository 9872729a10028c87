package io.softshare.network;

import io.softshare.device.ConvolutionOperation;
import java.util.Collection;
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
    /** Convolutions whose input, and whose output's gradient, come rounded. */
    private final Set<Integer> inputs = new HashSet<>();

    private final Set<Integer> gradients = new HashSet<>();

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
                boolean y = readByConvolutionsAlone(plans.get(i).gives().name(), i, inputs);
                boolean dx = norm.training() && comesFromConvolutionAlone(i);
                layers.set(i, norm.inBf16(y, dx));
            }
        }
        for (int i = 0; i < layers.size(); i++) {
            if (inputs.contains(i) || gradients.contains(i)) {
                convolution(i).takeBf16(inputs.contains(i), gradients.contains(i));
            }
        }
    }

    private boolean readByConvolutionsAlone(String output, int maker, Collection<Integer> found) {
        List<Integer> readers = flow.readers(flow.value(output));
        if (readers.isEmpty() || flow.maker(flow.value(output)) != maker) {
            return false;
        }
        boolean all = readers.stream().allMatch(i -> convolution(i) != null);
        return all && found.addAll(readers);
    }

    /** Whether what a batch-norm reads is a convolution's output, read by nobody else and not rectified. */
    private boolean comesFromConvolutionAlone(int norm) {
        String input = flow.value(plans.get(norm).node().inputs().get(0));
        int maker = flow.maker(input);
        if (maker < 0 || flow.readers(input).size() != 1 || plans.get(maker).fused() || convolution(maker) == null) {
            return false;
        }
        return gradients.add(maker);
    }

    /** The convolution in bf16 that a layer is; null: it is none. */
    private ConvolutionOperation convolution(int i) {
        return layers.get(i) instanceof Layers.Convolution c && c.op().computesInBf16() ? c.op() : null;
    }
}
