package io.softshare.train;

import io.softshare.network.Arena;
import io.softshare.network.ParameterLayout.Slot;
import java.util.Arrays;

/**
 * Prune and regrow: after an epoch the least important live weights are frozen at zero, and as many zeros as still may move come
 * back to life, at zero, where the loss's gradient is greatest. What is pruned early is so not lost for good.
 *
 * <p>Importance is |∂L/∂w|·occ^a for what might live, |w|·occ^0.6a for what does (a: the stage's regrowOccupancy): occ, the weights
 * expected in a cell from its row's and column's counts, favours rows and columns that are in use, which cost fewer bits: −log occ is
 * what a coder of rows and columns pays for the cell, so a is the rate at which a weight's use is weighed against its bits. Only
 * cells of rows and columns in use are candidates. A live weight whose gradient is exactly 0 on all images does nothing and goes first.
 *
 * <p>Numbers follow Zhu and Gupta's cubic (2017) from n_0 to n_end over the first 6/7 of the pattern's time U:
 * n(u) = n_end + (n_0 − n_end)·(1 − min(1, 7u / 6U))³; of these k(u) = share·n·(1 + cos(πu/U)) / 2 are regrown ones.
 */
final class Regrowth {
    /** Images over which gradients are summed. */
    static final int IMAGES = 3840;

    private static final double PRUNING = 6.0 / 7;
    /** A live weight's power of occ, as a share of a zero's: it has shown its use, a gradient only promises one. */
    private static final double LIVE_POWER = 0.6;

    private static final double LEAST = 1e-3;
    private static final double MOST = 30;

    private final TrainingState state;
    private final double share;
    private final double until;
    private final double occupancy;

    Regrowth(TrainingState state, double share, double until, double occupancy) {
        this.state = state;
        this.share = share;
        this.until = until;
        this.occupancy = occupancy;
    }

    /** Weights to be live at u of the stage. */
    long live(long end, double u) {
        double left = 1 - Math.min(1, u / (PRUNING * until));
        return Math.round(end + (state.liveAtStart - end) * left * left * left);
    }

    /** How many of them are regrown. */
    long regrown(long live, double u) {
        return u < until ? Math.round(share * live * (1 + Math.cos(Math.PI * u / until)) / 2) : 0;
    }

    /** Changes mask, values and moments. gradient: of all weights, in the order of the arena. */
    void change(long end, double u, float[] gradient) {
        Arena arena = state.arena();
        int count = (int) arena.layout().weightCount();
        arena.mask();
        int[] mask = arena.readMask();
        float[] values = arena.values().readFloats(0, count);
        double[] living = new double[count];
        double[] zeros = new double[count];
        importance(mask, values, gradient, living, zeros);
        long live = Math.min(live(end, u), arena.liveCount());
        long regrown = regrown(live, u);
        boolean[] kept = new boolean[count];
        Masks.largest(living, live - regrown, kept);
        Masks.largest(zeros, regrown, kept);
        Masks.keep(arena, kept);
    }

    /** By weight: of what lives, and of what might be regrown. */
    private void importance(int[] mask, float[] values, float[] gradient, double[] living, double[] zeros) {
        Arrays.fill(living, Masks.NONE);
        Arrays.fill(zeros, Masks.NONE);
        for (Slot slot : state.arena().layout().weights()) {
            int rows = slot.spec().rows();
            int columns = slot.spec().columns();
            int kernel = slot.spec().kernel();
            int first = (int) slot.offset();
            long[] ofRow = new long[rows];
            long[] ofColumn = new long[columns];
            long total = 0;
            for (int i = 0; i < slot.spec().size(); i++) {
                if (Masks.isLive(mask, first + i)) {
                    ofRow[i / (columns * kernel)]++;
                    ofColumn[i / kernel % columns]++;
                    total++;
                }
            }
            for (int i = 0; i < slot.spec().size(); i++) {
                double row = ofRow[i / (columns * kernel)];
                double column = ofColumn[i / kernel % columns];
                double occupied = Math.min(MOST, Math.max(LEAST, row * column / Math.max(1, total)));
                int at = first + i;
                double slope = Math.abs(gradient[at]);
                if (slope > 0 && Masks.isLive(mask, at)) {
                    living[at] = Math.abs(values[at]) * Math.pow(occupied, LIVE_POWER * occupancy);
                } else if (slope > 0 && row > 0 && column > 0) {
                    zeros[at] = slope * Math.pow(occupied, occupancy);
                }
            }
        }
    }
}
