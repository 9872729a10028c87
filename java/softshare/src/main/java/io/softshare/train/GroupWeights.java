package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.PriorOperation.TensorLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A group's weights among those that an optimiser works on: all in the arena, or the live ones packed.
 *
 * @param from where they begin there
 * @param weights views of them. The mask of a group that is but a part of the arena is a copy, as its words begin elsewhere: it is as
 *     the arena's was when this was made, and goes with {@link #close}
 */
record GroupWeights(MixtureGroup group, long from, Weights weights, boolean ownsMask) implements AutoCloseable {
    /** Of all groups of a state; live: their live weights packed, or null: all weights, in the arena. */
    static List<GroupWeights> of(TrainingState state, LiveWeights live) {
        Weights all = live == null ? Weights.of(state.arena()) : live.packed();
        if (state.groups().size() == 1) {
            return List.of(new GroupWeights(state.groups().get(0), 0, all, false));
        }
        List<GroupWeights> parts = new ArrayList<>();
        for (MixtureGroup group : state.groups()) {
            parts.add(live == null ? inArena(state, group, all) : packed(live, group, all));
        }
        return List.copyOf(parts);
    }

    private static GroupWeights inArena(TrainingState state, MixtureGroup group, Weights all) {
        int[] mask = state.arena().readMask();
        Buffer own = mask.length == 0 ? null : state.ints(Masks.part(mask, (int) group.first, (int) group.count));
        List<TensorLayout> layout = new ArrayList<>();
        for (var slot : group.slots) {
            layout.add(new TensorLayout(
                    slot.offset() - group.first,
                    slot.spec().rows(),
                    slot.spec().columns(),
                    slot.spec().kernel()));
        }
        return new GroupWeights(group, group.first, all.part(group.first, group.count, own, layout), own != null);
    }

    private static GroupWeights packed(LiveWeights live, MixtureGroup group, Weights all) {
        long from = count(live.positions(), group.first);
        long count = count(live.positions(), group.first + group.count) - from;
        return new GroupWeights(
                group, from, all.part(from, count, null, List.of(new TensorLayout(0, 1, count, 1))), false);
    }

    /** How many positions are below one. */
    private static int count(long[] positions, long below) {
        int at = Arrays.binarySearch(positions, below);
        return at < 0 ? -at - 1 : at;
    }

    @Override
    public void close() {
        if (ownsMask) {
            weights.live().close();
        }
    }
}
