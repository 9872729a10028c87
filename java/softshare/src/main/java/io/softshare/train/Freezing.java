package io.softshare.train;

import io.softshare.network.Arena;
import java.util.Arrays;

/**
 * Freezes, after an epoch, the weights that the zero component claims, but hardly more than the stage is to leave: on large data it may
 * claim several times as many in its last epoch as still have to go. The largest of those claimed then stay, and exactly
 * {@code targetNonZero} weights are live.
 */
final class Freezing {
    /** So near below the target an epoch's own step is left as it is: which weights are claimed says more than their size. */
    private static final double NEAR = 0.9;

    private Freezing() {}

    static void freeze(PriorUpdate update, Arena arena, Stage stage) {
        if (!stage.endsAtTarget()) {
            update.freeze(stage.freezeAbove());
            return;
        }
        int count = (int) arena.layout().weightCount();
        arena.mask();
        int[] mask = arena.readMask();
        float[] values = arena.values().readFloats(0, count);
        update.freeze(stage.freezeAbove());
        long live = arena.liveCount();
        if (live < NEAR * stage.targetNonZero()) {
            keepLargest(arena, mask, values, stage.targetNonZero() - live);
        }
    }

    /** Takes freezing back for so many of the largest of the weights that it claimed; mask and values as they were before. */
    private static void keepLargest(Arena arena, int[] mask, float[] values, long wanted) {
        int[] left = arena.readMask();
        boolean[] kept = new boolean[values.length];
        double[] claimed = new double[values.length];
        Arrays.fill(claimed, Masks.NONE);
        for (int i = 0; i < values.length; i++) {
            kept[i] = Masks.isLive(left, i);
            if (Masks.isLive(mask, i) && !kept[i]) {
                claimed[i] = Math.abs(values[i]);
            }
        }
        Masks.largest(claimed, wanted, kept);
        arena.writeMask(mask);
        arena.values().write(0, values, 0, values.length);
        Masks.keep(arena, kept);
    }
}
