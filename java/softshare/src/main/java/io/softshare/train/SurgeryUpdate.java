package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.Philox;
import io.softshare.device.Scalar;
import io.softshare.network.Arena;
import io.softshare.network.ParameterLayout.Slot;
import java.util.Arrays;

/**
 * Pruning with splicing (Guo, Yao and Chen 2016): the network runs on W ⊙ T, while gradients go to all of W, so that a weight that was
 * cut off and turns out to be needed grows until it is spliced in again. Before a step, with a probability that falls as training goes
 * on, T_i becomes 0 where |W_i| &lt; a, 1 where |W_i| ≥ b, and stays between; a = 0.9·t, b = 1.1·t with t = μ + c·σ of |W| in the layer as
 * it was when the stage began. The paper sets c by hand; here one c for all layers leaves a given share of weights above t.
 *
 * <p>W moves by plain gradient descent with weight decay, as the paper's networks did (but without momentum, at a rate that makes up
 * for it): under Adam all weights that are off would drift equally fast. Masks are made on the host, also for a GPU.
 */
final class SurgeryUpdate implements AutoCloseable {
    private static final double BELOW = 0.9;
    private static final double ABOVE = 1.1;
    /** γ of the probability (1 + γ·step)⁻¹. */
    private static final double GAMMA = 1e-4;

    private final Kernels kernels;
    private final TrainingState state;
    private final Arena arena;
    private final int count;
    private final long seed;
    private final Buffer dense;
    private final int[] mask;

    SurgeryUpdate(Device device, TrainingState state, long seed) {
        kernels = device.kernels();
        this.state = state;
        this.seed = seed;
        arena = state.arena();
        count = (int) arena.layout().weightCount();
        dense = state.floats(state.latent);
        mask = arena.readMask();
    }

    /** Thresholds from the weights as they are; everything live until the first step. */
    static void begin(TrainingState state, Stage stage) {
        Arena arena = state.arena();
        int weights = (int) arena.layout().weightCount();
        float[] values = arena.values().readFloats(0, weights);
        arena.mask();
        state.latent = values;
        long wanted = stage.targetNonZero() > 0
                ? Math.min(weights, stage.targetNonZero())
                : Math.max(1, Math.round(stage.keptShare() * weights));
        int layers = arena.layout().weights().size();
        double[] mean = new double[layers];
        double[] deviation = new double[layers];
        double[] standard = new double[weights]; // (|w| − μ) / σ: c is where so many are above it
        int layer = 0;
        for (Slot slot : arena.layout().weights()) {
            int first = (int) slot.offset();
            int end = first + slot.spec().size();
            double sum = 0;
            double squares = 0;
            for (int i = first; i < end; i++) {
                sum += Math.abs(values[i]);
                squares += (double) values[i] * values[i];
            }
            mean[layer] = sum / (end - first);
            deviation[layer] = Math.sqrt(Math.max(0, squares / (end - first) - mean[layer] * mean[layer]));
            for (int i = first; i < end; i++) {
                double above = Math.abs(values[i]) - mean[layer];
                standard[i] = deviation[layer] > 0 ? above / deviation[layer] : 0;
            }
            layer++;
        }
        Arrays.sort(standard);
        double c = standard[(int) (weights - wanted)];
        state.thresholds = new float[layers];
        for (int l = 0; l < layers; l++) {
            state.thresholds[l] = (float) Math.max(0, mean[l] + c * deviation[l]);
        }
    }

    /**
     * Before the forward pass: perhaps other masks, and W ⊙ T into the arena.
     *
     * @param step of the stage, from 0
     * @param settled whether masks stay as they are from here on
     */
    void mask(long step, boolean settled) {
        float[] all = dense.readFloats();
        if (!settled) {
            int[] words = new int[4];
            Philox.block(seed, step, 0, Philox.PURPOSE_OTHER, words);
            if (Philox.uniform(words[0]) < 1 / (1 + GAMMA * step)) {
                splice(all);
            }
        }
        write(all);
    }

    private void splice(float[] all) {
        int layer = 0;
        for (Slot slot : arena.layout().weights()) {
            float off = (float) (BELOW * state.thresholds[layer]);
            float on = (float) (ABOVE * state.thresholds[layer]);
            int first = (int) slot.offset();
            for (int i = first; i < first + slot.spec().size(); i++) {
                float size = Math.abs(all[i]);
                if (size < off) {
                    Masks.set(mask, i, false);
                } else if (size >= on) {
                    Masks.set(mask, i, true);
                }
            }
            layer++;
        }
    }

    private void write(float[] all) {
        for (int i = 0; i < count; i++) {
            if (!Masks.isLive(mask, i)) {
                all[i] = 0;
            }
        }
        arena.values().write(0, all, 0, count);
    }

    /** After the backward pass. */
    void step(Buffer scalars) {
        kernels.addScaled(count, scalars, DECAY, dense, dense);
        kernels.addScaled(count, scalars, DESCENT, arena.gradient().floatView(0, count), dense);
    }

    /** Scalars of the step that a stage without mixture does not use otherwise: −rate, and −rate · decay. */
    static final Scalar DESCENT = Scalar.TAU;

    static final Scalar DECAY = Scalar.SIGMA;

    void save() {
        state.latent = dense.readFloats();
        write(state.latent.clone());
        arena.writeMask(mask);
    }

    @Override
    public void close() {
        dense.close();
    }
}
