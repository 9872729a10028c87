package io.softshare.prior;

import java.util.Arrays;

/**
 * A mixture of K = J + 1 Gaussians: mixing proportions π, means μ, standard deviations σ. With a zero component it is
 * number 0 and its mean is 0. Arrays are copied in and out.
 */
public final class Mixture {
    private final double[] proportions;
    private final double[] means;
    private final double[] deviations;

    public Mixture(double[] proportions, double[] means, double[] deviations) {
        if (proportions.length == 0 || means.length != proportions.length || deviations.length != means.length) {
            throw new IllegalArgumentException("a mixture needs as many proportions, means and deviations, found "
                    + proportions.length + ", " + means.length + ", " + deviations.length);
        }
        this.proportions = proportions.clone();
        this.means = means.clone();
        this.deviations = deviations.clone();
    }

    /**
     * The start of METHOD.md: a zero component of proportion π_0 and σ_0, and J others of equal proportions with means
     * evenly on ±range.
     */
    public static Mixture initial(int others, double zeroProportion, double sigmaZero, double range, double sigma) {
        int k = others + 1;
        double[] pi = new double[k];
        double[] mu = new double[k];
        double[] deviation = new double[k];
        pi[0] = zeroProportion;
        deviation[0] = sigmaZero;
        for (int j = 1; j < k; j++) {
            pi[j] = (1 - zeroProportion) / others;
            mu[j] = others == 1 ? 0 : -range + 2 * range * (j - 1) / (others - 1);
            deviation[j] = sigma;
        }
        return new Mixture(pi, mu, deviation);
    }

    /** From π, μ, σ one after another, as the kernels hold them. */
    public static Mixture of(double[] packed) {
        int k = packed.length / 3;
        return new Mixture(
                Arrays.copyOfRange(packed, 0, k),
                Arrays.copyOfRange(packed, k, 2 * k),
                Arrays.copyOfRange(packed, 2 * k, 3 * k));
    }

    /** π, μ, σ one after another, as the kernels hold them. */
    public double[] packed() {
        int k = size();
        double[] packed = new double[3 * k];
        System.arraycopy(proportions, 0, packed, 0, k);
        System.arraycopy(means, 0, packed, k, k);
        System.arraycopy(deviations, 0, packed, 2 * k, k);
        return packed;
    }

    public int size() {
        return means.length;
    }

    public double proportion(int component) {
        return proportions[component];
    }

    public double mean(int component) {
        return means[component];
    }

    public double deviation(int component) {
        return deviations[component];
    }

    /** The mixture of all but component 0, its proportions scaled to sum to 1. */
    public Mixture withoutZero() {
        int k = size();
        double rest = 0;
        for (int j = 1; j < k; j++) {
            rest += proportions[j];
        }
        double[] pi = Arrays.copyOfRange(proportions, 1, k);
        for (int j = 0; j < pi.length; j++) {
            pi[j] = rest > 0 ? pi[j] / rest : 1.0 / pi.length;
        }
        return new Mixture(pi, Arrays.copyOfRange(means, 1, k), Arrays.copyOfRange(deviations, 1, k));
    }

    /** Symmetric Kullback–Leibler distance of two components, mean of both directions, of their Gaussians. */
    double distance(int a, int b) {
        double va = deviations[a] * deviations[a];
        double vb = deviations[b] * deviations[b];
        double d = means[a] - means[b];
        return 0.25 * ((va + d * d) / vb + (vb + d * d) / va - 2);
    }

    /**
     * Merges pairs whose distance is below the threshold, nearest first: proportions add up, mean and variance are the
     * pair's weighted means, and a pair with the zero component keeps the mean 0 (METHOD.md, after the paper).
     */
    public Mixture merge(double threshold) {
        Mixture mixture = this;
        while (mixture.size() > 2) {
            int bestA = -1;
            int bestB = -1;
            double best = threshold;
            for (int a = 0; a < mixture.size(); a++) {
                for (int b = a + 1; b < mixture.size(); b++) {
                    double distance = mixture.distance(a, b);
                    if (distance < best) {
                        best = distance;
                        bestA = a;
                        bestB = b;
                    }
                }
            }
            if (bestA < 0) {
                break;
            }
            mixture = mixture.joined(bestA, bestB);
        }
        return mixture;
    }

    private Mixture joined(int a, int b) {
        int k = size() - 1;
        double[] pi = new double[k];
        double[] mu = new double[k];
        double[] deviation = new double[k];
        for (int j = 0, out = 0; j < size(); j++) {
            if (j == b) {
                continue;
            }
            pi[out] = proportions[j];
            mu[out] = means[j];
            deviation[out] = deviations[j];
            if (j == a) {
                double sum = proportions[a] + proportions[b];
                double share = sum > 0 ? proportions[a] / sum : 0.5;
                pi[out] = sum;
                mu[out] = a == 0 ? 0 : share * means[a] + (1 - share) * means[b];
                deviation[out] =
                        Math.sqrt(share * deviations[a] * deviations[a] + (1 - share) * deviations[b] * deviations[b]);
            }
            out++;
        }
        return new Mixture(pi, mu, deviation);
    }
}
