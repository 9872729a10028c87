package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.network.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * The prior's part of a step: task gradient + τ/N·∂L_C/∂w, Adam, and the mixture's own update where it is due. Fused in one
 * pass over the weights of a mixture, or unfused with the responsibility matrix in memory; both from and to the same state.
 */
final class PriorUpdate implements AutoCloseable {
    private final TrainingState state;
    private final List<GroupWeights> parts;
    private final List<GroupUpdate> updates = new ArrayList<>();

    /** On all weights of the state's arena. */
    PriorUpdate(Device device, TrainingState state, Stage stage, PriorSettings settings, boolean fused) {
        this(device, state, null, stage, settings, fused);
    }

    /** live: the live weights packed, only where there is no zero component, which may be structured and freezes in the arena; or null. */
    PriorUpdate(
            Device device, TrainingState state, LiveWeights live, Stage stage, PriorSettings settings, boolean fused) {
        this.state = state;
        parts = GroupWeights.of(state, live);
        for (GroupWeights part : parts) {
            // A layer may have no live weight left; then its mixture stays as it is.
            if (part.weights().count() > 0) {
                updates.add(new GroupUpdate(device, state, part, stage, settings, fused));
            }
        }
    }

    /** Whether a stage's zero component is structured by rows and columns. */
    static boolean isStructured(Stage stage) {
        return stage.structured() && stage.kind() == Stage.Kind.PRIOR;
    }

    /** One step; update: the mixture's own parameters move too. */
    void step(Buffer scalars, boolean update) {
        for (GroupUpdate group : updates) {
            group.step(scalars, update);
        }
    }

    /** Row and column offsets from the present weights and mixture, before the first step. */
    void startOffsets() {
        updates.forEach(GroupUpdate::startOffsets);
    }

    /** Freezes what the zero component claims. @return how many weights were frozen just now */
    long freeze(double threshold) {
        Arena arena = state.arena();
        Buffer live = arena.mask();
        if (parts.size() == 1) {
            return updates.get(0).freeze(threshold, live);
        }
        int[] mask = arena.readMask();
        long frozen = 0;
        for (GroupUpdate update : updates) {
            int first = (int) update.group().first;
            int count = (int) update.group().count;
            try (Buffer own = state.ints(Masks.part(mask, first, count))) {
                frozen += update.freeze(threshold, own);
                Masks.replace(mask, first, count, own.readInts((count + 31) / 32));
            }
        }
        arena.writeMask(mask);
        return frozen;
    }

    /** Most responsible component of each weight. */
    byte[] assign() {
        byte[] assignment = new byte[(int) state.arena().layout().weightCount()];
        for (GroupUpdate update : updates) {
            int count = (int) update.group().count;
            try (Buffer own = state.bytes(new byte[count])) {
                update.assign(own);
                System.arraycopy(own.readBytes(count), 0, assignment, (int) update.group().first, count);
            }
        }
        return assignment;
    }

    /** Brings mixtures, moments and offsets back to the state. */
    void save() {
        for (GroupUpdate update : updates) {
            update.save(state);
        }
    }

    @Override
    public void close() {
        updates.forEach(GroupUpdate::close);
        parts.forEach(GroupWeights::close);
    }
}
