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
    private final Kernels kernels;
    private final Arena arena;
    private final TrainingState state;
    private final Stage stage;
    private final LiveWeights packed;
    private final long count;
    private final long others;
    private final Buffer latent;
    private final Buffer latentOthers;
    private final List<Run> runs;
    private final Buffer assignment;
    private final List<ValuesUpdate> groups = new ArrayList<>();

    /** packed: the live weights, or null: all of them. */
    HardUpdate(Device device, TrainingState state, Stage stage, LiveWeights packed) {
        this.kernels = device.kernels();
        this.state = state;
        this.stage = stage;
        this.packed = packed;
        arena = state.arena();
        long all = arena.layout().weightCount();
        count = packed == null ? all : packed.count();
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
        assignment = state.bytes(assigned);
        for (GroupWeights part : GroupWeights.of(state, packed)) {
            groups.add(new ValuesUpdate(device, state, part, latent, assignment));
        }
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
        for (MixtureGroup group : state.groups()) {
            List<int[]> indices = new ArrayList<>();
            List<float[]> latent = new ArrayList<>();
            for (Slot slot : group.slots) {
                int first = (int) slot.offset();
                int[] tensor = new int[slot.spec().size()];
                for (int i = 0; i < tensor.length; i++) {
                    tensor[i] = state.assignment[first + i] & 0xFF;
                }
                indices.add(tensor);
                latent.add(Arrays.copyOfRange(state.latent, first, first + tensor.length));
            }
            List<int[]> chosen = new SharedValues(group.codebook, indices, latent).cheapest(lambda);
            for (int t = 0; t < chosen.size(); t++) {
                int first = (int) group.slots.get(t).offset();
                for (int i = 0; i < chosen.get(t).length; i++) {
                    state.assignment[first + i] = (byte) chosen.get(t)[i];
                }
            }
        }
    }

    /** Before the forward pass: shared values into the weights, rounded biases into the arena. */
    void quantise(boolean assign) {
        groups.forEach(g -> g.quantise(assign));
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
            groups.forEach(g -> g.stepLatent(scalars));
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
        groups.forEach(g -> g.stepValues(scalars, t, rate));
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
        groups.forEach(ValuesUpdate::save);
    }

    /** Shared values from mixtures without a zero component, each live weight to be assigned in the first step. */
    static void begin(TrainingState state, Stage stage, byte[] responsible, boolean zeroComponent) {
        state.groups().forEach(group -> ValuesUpdate.begin(group, stage, zeroComponent));
        state.latent = state.arena().values().readFloats();
        state.assignment = responsible == null
                ? new byte[(int) state.arena().layout().weightCount()]
                : Arrays.copyOf(responsible, responsible.length);
    }

    @Override
    public void close() {
        groups.forEach(ValuesUpdate::close);
        latent.close();
        latentOthers.close();
        assignment.close();
    }
}
