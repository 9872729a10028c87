package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;
import io.softshare.graph.TensorRole;
import io.softshare.network.Arena;
import io.softshare.network.ParameterLayout.Slot;
import io.softshare.quantize.SharedValues;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The hard step: the network runs on shared values (and rounded biases); gradients pass straight through to the latent
 * weights, and, summed over the weights of a value, to the value.
 */
final class HardUpdate implements AutoCloseable {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final Kernels kernels;
    private final Arena arena;
    private final TrainingState state;
    private final Stage stage;
    private final Weights weights;
    private final LiveWeights packed;
    private final long count;
    private final long others;
    private final Buffer latent;
    private final Buffer latentOthers;
    private final List<Run> runs;
    private final Buffer codebook;
    private final Buffer penalty;
    private final Buffer assignment;
    private final Buffer sums;
    /**
     * Adam's moments of the shared values on the device; null on the CPU, where this class updates the shared values itself, in
     * double and by schedules that are not rounded to float: the recipes' published files were made so. Elsewhere a
     * step must not come back to the host.
     */
    private final Buffer moments;

    /** packed: the live weights, or null: all of them. */
    HardUpdate(Device device, TrainingState state, Stage stage, LiveWeights packed) {
        this.kernels = device.kernels();
        this.state = state;
        this.stage = stage;
        this.packed = packed;
        arena = state.arena();
        weights = packed == null ? Weights.of(arena) : packed.packed();
        count = weights.count();
        long all = arena.layout().weightCount();
        others = arena.layout().parameterCount() - all;
        float[] latentWeights = new float[(int) count];
        byte[] assigned = new byte[(int) count];
        for (int k = 0; k < count; k++) {
            latentWeights[k] = state.latent[place(k)];
            assigned[k] = state.assignment[place(k)];
        }
        latent = state.floats(latentWeights);
        latentOthers = state.floats(Arrays.copyOfRange(state.latent, (int) all, state.latent.length));
        runs = runs(arena);
        codebook = state.floats(state.codebook);
        penalty = state.floats(state.penalty);
        assignment = state.bytes(assigned);
        sums = device.allocate(8L * state.codebook.length);
        moments = device.kind().equals("cpu") ? null : state.doubles(state.codebookMoments);
    }

    /** Neighbours in the arena that are all biases, or all parameters of batch-norms, whose scale no grid suits. */
    private record Run(long offset, long count, boolean biases) {}

    private static List<Run> runs(Arena arena) {
        List<Run> runs = new ArrayList<>();
        for (Slot slot : arena.layout().others()) {
            boolean biases = slot.spec().role() == TensorRole.BIAS;
            Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            if (last != null && last.biases == biases) {
                runs.set(
                        runs.size() - 1,
                        new Run(last.offset, last.count + slot.spec().size(), biases));
            } else {
                runs.add(new Run(slot.offset(), slot.spec().size(), biases));
            }
        }
        return runs;
    }

    /** Where weight k lies in the arena. */
    private int place(int k) {
        return packed == null ? k : (int) packed.positions()[k];
    }

    /** Once assignments are frozen: of values that explain a weight about equally well, the one of fewer bits. */
    static void rateDistortion(TrainingState state, double lambda) {
        List<int[]> indices = new ArrayList<>();
        List<float[]> latent = new ArrayList<>();
        for (Slot slot : state.arena().layout().weights()) {
            int first = (int) slot.offset();
            int[] tensor = new int[slot.spec().size()];
            for (int i = 0; i < tensor.length; i++) {
                tensor[i] = state.assignment[first + i] & 0xFF;
            }
            indices.add(tensor);
            latent.add(Arrays.copyOfRange(state.latent, first, first + tensor.length));
        }
        List<int[]> chosen = new SharedValues(state.codebook, indices, latent).cheapest(lambda);
        int tensor = 0;
        for (Slot slot : state.arena().layout().weights()) {
            int[] indicesOfTensor = chosen.get(tensor++);
            for (int i = 0; i < indicesOfTensor.length; i++) {
                state.assignment[(int) slot.offset() + i] = (byte) indicesOfTensor[i];
            }
        }
    }

    /** Before the forward pass: shared values into the weights, rounded biases into the arena. */
    void quantise(boolean assign) {
        if (assign) {
            kernels.codebookAssign(
                    count, latent, weights.live(), state.codebook.length, codebook, penalty, 1, assignment);
        }
        kernels.codebookValues(count, assignment, codebook, weights.values());
        for (Run run : runs) {
            Buffer values = arena.values().floatView(run.offset, run.count);
            Buffer from = latentOthers.floatView(run.offset - arena.layout().weightCount(), run.count);
            if (run.biases && stage.biasBits() >= 0) {
                kernels.round(run.count, (float) Math.scalb(1.0, -stage.biasBits()), from, values);
            } else {
                values.copyFrom(from);
            }
        }
    }

    /** After the backward pass. t counts steps from 1; rate: of the shared values. */
    void step(Buffer scalars, boolean moveLatent, long t, double rate) {
        if (moveLatent) {
            kernels.adam(
                    count,
                    latent,
                    weights.gradient(),
                    weights.moment1(),
                    weights.moment2(),
                    weights.live(),
                    scalars,
                    Scalar.RATE_WEIGHTS,
                    PriorOperation.Adam.DEFAULT);
        }
        if (others > 0) {
            long all = arena.layout().weightCount();
            kernels.adam(
                    others,
                    latentOthers,
                    arena.gradient().floatView(all, others),
                    arena.moment1().floatView(all, others),
                    arena.moment2().floatView(all, others),
                    null,
                    scalars,
                    Scalar.RATE_OTHER,
                    PriorOperation.Adam.DEFAULT);
        }
        int k = state.codebook.length;
        kernels.codebookGradient(count, weights.gradient(), assignment, k, sums);
        if (moments != null) {
            kernels.codebookUpdate(k, sums, scalars, PriorOperation.Adam.DEFAULT, moments, codebook);
            return;
        }
        double[] gradient = sums.readDoubles(k);
        for (int j = 1; j < k; j++) {
            double m = BETA1 * state.codebookMoments[j] + (1 - BETA1) * gradient[j];
            double v = BETA2 * state.codebookMoments[k + j] + (1 - BETA2) * gradient[j] * gradient[j];
            state.codebookMoments[j] = m;
            state.codebookMoments[k + j] = v;
            double corrected = m / (1 - Math.pow(BETA1, t));
            double scale = Math.sqrt(v / (1 - Math.pow(BETA2, t))) + EPSILON;
            state.codebook[j] -= (float) (rate * corrected / scale);
        }
        codebook.write(state.codebook);
    }

    void save() {
        quantise(false);
        float[] latentWeights = latent.readFloats();
        byte[] assigned = assignment.readBytes((int) count);
        for (int k = 0; k < count; k++) {
            state.latent[place(k)] = latentWeights[k];
            state.assignment[place(k)] = assigned[k];
        }
        float[] otherValues = latentOthers.readFloats();
        System.arraycopy(otherValues, 0, state.latent, (int) arena.layout().weightCount(), otherValues.length);
        if (moments != null) {
            state.codebook = codebook.readFloats();
            state.codebookMoments = moments.readDoubles(state.codebookMoments.length);
        }
    }

    /** Shared values from a mixture without a zero component, each live weight to be assigned in the first step. */
    static void begin(TrainingState state, Stage stage, byte[] responsible, boolean zeroComponent) {
        int components = state.mixture.length / 3;
        int shift = zeroComponent ? 0 : 1;
        float[] codebook = new float[components + shift];
        float[] penalty = new float[components + shift];
        for (int j = 0; j < components; j++) {
            codebook[j + shift] = (float) state.mixture[components + j];
            double proportion = Math.max(state.mixture[j], 1e-6);
            penalty[j + shift] = (float) (-2 * stage.entropyWidth() * stage.entropyWidth() * Math.log(proportion));
        }
        codebook[0] = 0;
        state.codebook = codebook;
        state.penalty = penalty;
        state.codebookMoments = new double[2 * codebook.length];
        state.latent = state.arena().values().readFloats();
        state.assignment = responsible == null
                ? new byte[(int) state.arena().layout().weightCount()]
                : Arrays.copyOf(responsible, responsible.length);
    }

    @Override
    public void close() {
        latent.close();
        latentOthers.close();
        codebook.close();
        penalty.close();
        assignment.close();
        sums.close();
        if (moments != null) {
            moments.close();
        }
    }
}
