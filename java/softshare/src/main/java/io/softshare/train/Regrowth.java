package io.softshare.train;

import io.softshare.network.Arena;
import io.softshare.network.ParameterLayout.Slot;
import java.util.Arrays;

/**
 * Prune and regrow: after an epoch the least important live weights are frozen at zero, and as many zeros as still may move come
 * back to life, at zero, where the loss's gradient is greatest. What is pruned early is so not lost for good.
 *
 * <p>Importance is |w|·occ^0.15 for what lives, |∂L/∂w|·occ^0.25 for what might: occ, the weights expected in a cell from its
 * row's and column's counts, favours rows and columns that are in use, which cost fewer bits. Only cells of rows and columns in use
 * are candidates. A live weight whose gradient is exactly 0 on all images does nothing and goes first.
 *
 * <p>Numbers follow Zhu and Gupta's cubic (2017) from n_0 to n_end over the first 6/7 of the pattern's time U:
 * n(u) = n_end + (n_0 − n_end)·(1 − min(1, 7u / 6U))³; of these k(u) = share·n·(1 + cos(πu/U)) / 2 are regrown ones.
 */
final class Regrowth {
    /** Images over which gradients are summed. */
    static final int IMAGES = 3840;

    private static final double PRUNING = 6.0 / 7;
    private static final double LIVE_POWER = 0.15;
    private static final double ZERO_POWER = 0.25;
    private static final double LEAST = 1e-3;
    private static final double MOST = 30;

    private final TrainingState state;
    private final double share;
    private final double until;

    Regrowth(TrainingState state, double share, double until) {
        this.state = state;
        this.share = share;
        this.until = until;
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
        double[] importance = importance(mask, values, gradient);
        long live = Math.min(live(end, u), arena.liveCount());
        long regrown = regrown(live, u);
        float[] moment1 = arena.moment1().readFloats(0, count);
        float[] moment2 = arena.moment2().readFloats(0, count);
        boolean[] kept = new boolean[count];
        for (int i : best(importance, live - regrown, true)) {
            kept[i] = true;
        }
        for (int i : best(importance, regrown, false)) {
            kept[i] = true;
        }
        for (int i = 0; i < count; i++) {
            boolean was = isLive(mask, i);
            if (was != kept[i]) {
                mask[i >> 5] ^= 1 << (i & 31);
                values[i] = 0;
                moment1[i] = 0;
                moment2[i] = 0;
            }
        }
        arena.writeMask(mask);
        arena.values().write(0, values, 0, count);
        arena.moment1().write(0, moment1, 0, count);
        arena.moment2().write(0, moment2, 0, count);
    }

    /** By weight: above 0 what lives, below 0 (−importance) what might be regrown, 0 what may not. */
    private double[] importance(int[] mask, float[] values, float[] gradient) {
        double[] importance = new double[values.length];
        for (Slot slot : state.arena().layout().weights()) {
            int rows = slot.spec().rows();
            int columns = slot.spec().columns();
            int kernel = slot.spec().kernel();
            int first = (int) slot.offset();
            long[] ofRow = new long[rows];
            long[] ofColumn = new long[columns];
            long total = 0;
            for (int i = 0; i < slot.spec().size(); i++) {
                if (isLive(mask, first + i)) {
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
                if (isLive(mask, at)) {
                    importance[at] = gradient[at] == 0
                            ? 0
                            : Math.max(Double.MIN_NORMAL, Math.abs(values[at]) * Math.pow(occupied, LIVE_POWER));
                } else if (row > 0 && column > 0) {
                    importance[at] = -Math.abs(gradient[at]) * Math.pow(occupied, ZERO_POWER);
                }
            }
        }
        return importance;
    }

    /** Places of so many of the most important, of what lives or of what might; fewer if there are fewer. Ties: the first. */
    private static int[] best(double[] importance, long wanted, boolean living) {
        double sign = living ? 1 : -1;
        double[] sorted = Arrays.stream(importance)
                .map(x -> sign * x)
                .filter(x -> x > 0)
                .sorted()
                .toArray();
        int number = (int) Math.min(Math.max(0, wanted), sorted.length);
        if (number == 0) {
            return new int[0];
        }
        double least = sorted[sorted.length - number];
        int[] places = new int[number];
        int found = 0;
        for (int i = 0; i < importance.length; i++) {
            if (sign * importance[i] > least) {
                places[found++] = i;
            }
        }
        for (int i = 0; found < number; i++) {
            if (sign * importance[i] == least) {
                places[found++] = i;
            }
        }
        return places;
    }

    private static boolean isLive(int[] mask, int i) {
        return (mask[i >> 5] >>> (i & 31) & 1) != 0;
    }
}
