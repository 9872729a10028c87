package io.softshare.train;

import io.softshare.network.Arena;
import io.softshare.network.ParameterLayout.Slot;
import java.util.Arrays;

/**
 * Magnitude pruning in rounds, each followed by epochs of retraining (Han et al. 2015, the first part of Deep Compression): what is
 * cut off stays off. A layer's threshold is s·σ, σ the root mean square of the layer's live weights and s the same for all layers,
 * chosen by the number of weights that a round leaves in the whole network. Biases are not pruned.
 */
final class Pruning {
    private Pruning() {}

    /** What has to be done before an epoch of the stage, from 0. */
    static void before(Stage stage, int epoch, Arena arena) {
        if (stage.rounds() == 0) {
            return; // retraining alone
        }
        int round = epoch / stage.roundEpochs();
        if (epoch % stage.roundEpochs() == 0 && round < stage.rounds()) {
            cut(arena, left(arena.liveCount(), stage, round));
        }
    }

    /** Weights to be left by a round, from 0: the same share in each, of what the one before left. */
    static long left(long live, Stage stage, int round) {
        double share = stage.targetNonZero() > 0
                ? Math.pow((double) stage.targetNonZero() / live, 1.0 / (stage.rounds() - round))
                : stage.keptShare();
        return Math.min(live, Math.max(1, Math.round(live * share)));
    }

    /** Keeps so many weights, the largest in units of their layer's σ; of equal ones the first. */
    static void cut(Arena arena, long left) {
        int count = (int) arena.layout().weightCount();
        arena.mask();
        int[] mask = arena.readMask();
        float[] values = arena.values().readFloats(0, count);
        boolean[] kept = new boolean[count];
        Masks.largest(sizes(arena, mask, values), left, kept);
        Masks.keep(arena, kept);
    }

    /** |w| / σ of each live weight. */
    private static double[] sizes(Arena arena, int[] mask, float[] values) {
        double[] size = new double[values.length];
        Arrays.fill(size, Masks.NONE);
        for (Slot slot : arena.layout().weights()) {
            int first = (int) slot.offset();
            double squares = 0;
            long live = 0;
            for (int i = first; i < first + slot.spec().size(); i++) {
                if (Masks.isLive(mask, i)) {
                    squares += (double) values[i] * values[i];
                    live++;
                }
            }
            double sigma = Math.sqrt(squares / Math.max(1, live));
            for (int i = first; i < first + slot.spec().size(); i++) {
                if (Masks.isLive(mask, i)) {
                    size[i] = sigma > 0 ? Math.abs(values[i]) / sigma : 0;
                }
            }
        }
        return size;
    }
}
