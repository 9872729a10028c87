package io.softshare.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A Gaussian process whose hyperparameters are integrated: samples of their logarithms by slice sampling. Integrated rather than maximised, because with tens of trials in a
 * dozen dimensions the likelihood has many maxima, and the highest is often one that is far too sure of itself.
 *
 * <p>Priors, on logarithms: length scales normal about ln(0.4 √d) (the distance of two points grows with √d), amplitude about 0
 * (outputs are standardised), noise about ln 0.1; deviation 1 each.
 */
final class Posteriors {
    private static final int SAMPLES = 8;
    private static final int BURN_IN = 12; // sweeps
    private static final int THINNING = 2; // sweeps between samples

    private final double mean;
    private final double deviation;
    private final double[][] points;
    private final double[] values;
    private final List<GaussianProcess> processes = new ArrayList<>();

    /**
     * Learns from observations.
     *
     * @param points (n, d)
     * @param values (n), on any scale; they are standardised here
     */
    Posteriors(double[][] points, double[] values, int dimensions, SplittableRandom random) {
        int n = values.length;
        this.points = points;
        mean = n == 0 ? 0 : Arrays.stream(values).average().orElse(0);
        double variance =
                Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / Math.max(1, n - 1);
        deviation = variance > 1e-18 ? Math.sqrt(variance) : 1;
        this.values = Arrays.stream(values).map(v -> (v - mean) / deviation).toArray();
        sample(dimensions, random);
    }

    private Posteriors(Posteriors from, List<GaussianProcess> processes) {
        mean = from.mean;
        deviation = from.deviation;
        points = from.points;
        values = from.values;
        this.processes.addAll(processes);
    }

    /**
     * The same samples, each told that pending points gave what it expects of them: its mean stays, its deviation near them
     * falls, so that nobody proposes them again while they run.
     */
    Posteriors with(List<double[]> pending) {
        if (pending.isEmpty()) {
            return this;
        }
        List<GaussianProcess> told = new ArrayList<>();
        for (GaussianProcess process : processes) {
            double[][] all = Arrays.copyOf(points, points.length + pending.size());
            double[] outputs = Arrays.copyOf(values, all.length);
            for (int i = 0; i < pending.size(); i++) {
                all[points.length + i] = pending.get(i);
                outputs[points.length + i] = process.at(pending.get(i)).mean();
            }
            told.add(new GaussianProcess(all, outputs, process.hyperparameters()));
        }
        return new Posteriors(this, told);
    }

    /** Samples of the hyperparameters. */
    int samples() {
        return processes.size();
    }

    /** Mean and deviation of the function at a point under one sample, on the observations' scale. */
    GaussianProcess.Posterior at(int sample, double[] point) {
        GaussianProcess.Posterior p = processes.get(sample).at(point);
        return new GaussianProcess.Posterior(mean + deviation * p.mean(), deviation * p.deviation());
    }

    /** Deviation of an observation's noise under one sample, on the observations' scale. */
    double noise(int sample) {
        return deviation * processes.get(sample).hyperparameters().noise();
    }

    private void sample(int dimensions, SplittableRandom random) {
        double[] center = new double[dimensions + 2];
        center[1] = Math.log(0.1);
        Arrays.fill(center, 2, center.length, Math.log(0.4 * Math.sqrt(dimensions)));
        SliceSampler sampler = new SliceSampler(state -> density(state, center), center, random);
        for (int sweep = 0; processes.size() < SAMPLES; sweep++) {
            double[] state = sampler.sweep();
            if (sweep >= BURN_IN && (sweep - BURN_IN) % THINNING == 0) {
                processes.add(new GaussianProcess(points, values, hyperparameters(state)));
            }
        }
    }

    /** Logarithm of likelihood times prior; minus infinity where the covariance cannot be decomposed. */
    private double density(double[] state, double[] center) {
        double prior = 0;
        for (int k = 0; k < state.length; k++) {
            prior -= 0.5 * (state[k] - center[k]) * (state[k] - center[k]);
        }
        try {
            return prior + new GaussianProcess(points, values, hyperparameters(state)).logLikelihood();
        } catch (ArithmeticException e) {
            return Double.NEGATIVE_INFINITY;
        }
    }

    private static GaussianProcess.Hyperparameters hyperparameters(double[] state) {
        double[] lengths = new double[state.length - 2];
        for (int d = 0; d < lengths.length; d++) {
            lengths[d] = Math.exp(state[d + 2]);
        }
        return new GaussianProcess.Hyperparameters(Math.exp(state[0]), Math.exp(state[1]), lengths);
    }
}
