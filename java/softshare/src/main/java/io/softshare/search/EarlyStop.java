package io.softshare.search;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether a trial can be given up, by the learning curves of those that went to their end. At an epoch of a stage, the error e is known,
 * and for each finished trial the factor f between its error there and its file's. A trial is hopeless if even {@value #MARGIN} times
 * the smallest factor that any finished trial had, the best it could hope for, leaves it above the limit. So none is stopped that could
 * still be feasible if it did as well from there as the best so far, with that margin; whether its file would be small does not matter
 * for that. Nothing is stopped on the evidence of fewer than {@value #ENOUGH} trials.
 */
final class EarlyStop {
    static final int ENOUGH = 8;
    static final double MARGIN = 0.9;

    /** Errors of few images jump: one below this (in points) says no more than this. */
    private static final double LEAST_ERROR = 0.02;

    private final double maxErrorPercent;
    private final Map<String, double[]> factors = new HashMap<>();

    EarlyStop(double maxErrorPercent, List<Trial> trials, List<Store.Epoch> epochs) {
        this.maxErrorPercent = maxErrorPercent;
        Map<Integer, Trial> done = new HashMap<>();
        trials.stream().filter(t -> t.state() == Trial.State.DONE).forEach(t -> done.put(t.number(), t));
        for (Store.Epoch epoch : epochs) {
            Trial trial = done.get(epoch.trial());
            if (trial != null) {
                double factor = trial.errorPercent() / Math.max(LEAST_ERROR, epoch.validationErrorPercent());
                factors.merge(key(epoch.stage(), epoch.epoch()), new double[] {factor}, EarlyStop::join);
            }
        }
        factors.values().forEach(Arrays::sort);
    }

    /** The error that a hopeless trial is heading for (by the median factor); NaN: it may go on. */
    double hopeless(String stage, int epoch, double validationErrorPercent) {
        double[] known = factors.get(key(stage, epoch));
        if (known == null || known.length < ENOUGH || validationErrorPercent * known[0] * MARGIN <= maxErrorPercent) {
            return Double.NaN;
        }
        return Math.max(maxErrorPercent * 1.01, validationErrorPercent * known[known.length / 2]);
    }

    private static String key(String stage, int epoch) {
        return epoch + " " + stage;
    }

    private static double[] join(double[] a, double[] b) {
        double[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }
}
