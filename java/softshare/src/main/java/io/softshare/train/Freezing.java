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

    /** Gives so many of the weights frozen just now back, as they were in mask and values before; both are changed. */
    private static void keepLargest(Arena arena, int[] mask, float[] values, long wanted) {
        int[] left = arena.readMask();
        double[] claimed = new double[values.length];
        Arrays.fill(claimed, Masks.NONE);
        for (int i = 0; i < values.length; i++) {
            if (Masks.isLive(mask, i) && !Masks.isLive(left, i)) {
                claimed[i] = Math.abs(values[i]);
            }
        }
        boolean[] kept = new boolean[values.length];
        Masks.largest(claimed, wanted, kept);
        for (int i = 0; i < values.length; i++) {
            if (claimed[i] != Masks.NONE && !kept[i]) {
                Masks.set(mask, i, false);
                values[i] = 0;
            }
        }
        arena.writeMask(mask);
        arena.values().write(0, values, 0, values.length);
    }
}
