package io.softshare.search;

import org.hipparchus.distribution.continuous.NormalDistribution;

/**
 * What a point promises: expected improvement of log bytes on the smallest feasible file, times the probability that the
 * validation error keeps to its limit (Gelbart, Snoek and Adams 2014), both averaged over hyperparameters. Before anything is feasible the
 * probability alone counts.
 */
final class Acquisition {
    private static final NormalDistribution NORMAL = new NormalDistribution(0, 1);

    private final Posteriors logBytes;
    private final Posteriors logError;
    private final double best;

    /**
     * Makes the acquisition of two models.
     *
     * @param logError model of log(error / limit)
     * @param best log bytes of the smallest feasible file; NaN: there is none
     */
    Acquisition(Posteriors logBytes, Posteriors logError, double best) {
        this.logBytes = logBytes;
        this.logError = logError;
        this.best = best;
    }

    double at(double[] point) {
        double feasible = feasibility(point);
        return Double.isNaN(best) ? feasible : feasible * improvement(point);
    }

    private double improvement(double[] point) {
        double sum = 0;
        for (int s = 0; s < logBytes.samples(); s++) {
            GaussianProcess.Posterior p = logBytes.at(s, point);
            sum += expectedImprovement(best, p.mean(), p.deviation());
        }
        return sum / logBytes.samples();
    }

    /** Mean of the model of log bytes. */
    double expectedLogBytes(double[] point) {
        double sum = 0;
        for (int s = 0; s < logBytes.samples(); s++) {
            sum += logBytes.at(s, point).mean();
        }
        return sum / logBytes.samples();
    }

    /** Probability that a trial's measured error, noise included, is at most the limit. */
    double feasibility(double[] point) {
        double sum = 0;
        for (int s = 0; s < logError.samples(); s++) {
            GaussianProcess.Posterior p = logError.at(s, point);
            sum += NORMAL.cumulativeProbability(-p.mean() / Math.hypot(p.deviation(), logError.noise(s)));
        }
        return sum / logError.samples();
    }

    /** E max(best − y, 0) for y normal: how far below the best it is expected to come. */
    static double expectedImprovement(double best, double mean, double deviation) {
        double z = (best - mean) / deviation;
        return deviation * (z * NORMAL.cumulativeProbability(z) + NORMAL.density(z));
    }
}
