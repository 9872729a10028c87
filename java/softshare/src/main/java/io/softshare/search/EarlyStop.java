package io.softshare.search;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether a trial can be given up, by the learning curves of those that went to their end. At an epoch of a stage, the error e is known,
 * and for each finished trial the factor between its error there and its file's. What a trial may hope for is taken to be as far below
 * the smallest of these factors as that is below their median, f²/m: a search moves to where trials recover better than any before, and a
 * bound by the smallest alone stopped four feasible trials of fourteen in a recorded search. A trial is hopeless if even that leaves
 * it above the limit; whether its file would be small does not matter. Nothing is stopped on the evidence of fewer than {@value #ENOUGH}
 * trials.
 */
final class EarlyStop {
    static final int ENOUGH = 8;

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

    /**
     * The error that a hopeless trial is taken to be heading for; NaN: it may go on. By the smallest factor seen, which lies between hope and
     * median: by the median, trials near the limit would look worse than they are and keep the search away from where the best files lie.
     */
    double hopeless(String stage, int epoch, double validationErrorPercent) {
        double[] known = factors.get(key(stage, epoch));
        if (known == null || known.length < ENOUGH) {
            return Double.NaN;
        }
        double median = known[known.length / 2];
        double hope = median == 0 ? 0 : known[0] * known[0] / median;
        return validationErrorPercent * hope <= maxErrorPercent
                ? Double.NaN
                : Math.max(maxErrorPercent * 1.01, validationErrorPercent * known[0]);
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
