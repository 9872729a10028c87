package io.softshare.search;

import org.hipparchus.exception.MathIllegalArgumentException;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.CholeskyDecomposition;

/**
 * A Gaussian process with the ARD Matérn 5/2 covariance of Snoek, Larochelle and Adams (2012), a constant mean integrated out
 * under a wide prior, and noise:
 *
 * <pre>
 * k(x, x') = a² (1 + √5 r + 5/3 r²) exp(−√5 r) + c²,   r² = Σ ((x_d − x'_d) / l_d)²
 * </pre>
 *
 * Outputs are expected to be standardised. Immutable; any number of threads may ask it.
 */
final class GaussianProcess {
    /** Deviation c of the prior on the mean, in units of the outputs' own. */
    static final double MEAN_DEVIATION = 1;

    /** Keeps the matrix positive where points lie on each other: far below any noise that matters. */
    private static final double JITTER = 1e-8;

    private static final double SQRT5 = Math.sqrt(5);

    private final double[][] points; // (n, d)
    private final Hyperparameters hyper;
    private final double[][] lower; // (n, n): L of K = L Lᵀ
    private final double[] whitened; // (n): L⁻¹ y
    private final double[] weights; // (n): K⁻¹ y

    /**
     * What the covariance is made of; all positive.
     *
     * @param amplitude a
     * @param noise deviation of an observation
     * @param lengths l, one a dimension, in units of the cube's edge
     */
    record Hyperparameters(double amplitude, double noise, double[] lengths) {}

    /** Mean and deviation of the function at a point, noise not included. */
    record Posterior(double mean, double deviation) {}

    /**
     * Conditions on observations.
     *
     * @param points (n, d), n of 0 or more
     * @param values (n)
     * @throws ArithmeticException if the covariance is not positive definite to rounding
     */
    GaussianProcess(double[][] points, double[] values, Hyperparameters hyper) {
        this.points = points;
        this.hyper = hyper;
        int n = points.length;
        double[][] covariance = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                covariance[i][j] = covariance[j][i] = covariance(points[i], points[j]);
            }
            covariance[i][i] = variance() + hyper.noise() * hyper.noise() + JITTER;
        }
        if (n == 0) {
            lower = covariance;
        } else {
            try {
                lower = new CholeskyDecomposition(new Array2DRowRealMatrix(covariance, false), 1e-12, 1e-14)
                        .getL()
                        .getData();
            } catch (MathIllegalArgumentException e) {
                throw new ArithmeticException("covariance of " + n + " points: " + e.getMessage());
            }
        }
        whitened = values.clone();
        solveLower(whitened);
        weights = whitened.clone();
        solveUpper(weights);
    }

    /** log p(y | points, hyperparameters). */
    double logLikelihood() {
        double sum = -0.5 * points.length * Math.log(2 * Math.PI);
        for (int i = 0; i < points.length; i++) {
            sum -= 0.5 * whitened[i] * whitened[i] + Math.log(lower[i][i]);
        }
        return sum;
    }

    Posterior at(double[] point) {
        int n = points.length;
        double[] cross = new double[n];
        double mean = 0;
        for (int i = 0; i < n; i++) {
            cross[i] = covariance(points[i], point);
            mean += cross[i] * weights[i];
        }
        solveLower(cross);
        double variance = variance();
        for (double c : cross) {
            variance -= c * c;
        }
        return new Posterior(mean, Math.sqrt(Math.max(variance, 1e-14)));
    }

    Hyperparameters hyperparameters() {
        return hyper;
    }

    private double variance() {
        return hyper.amplitude() * hyper.amplitude() + MEAN_DEVIATION * MEAN_DEVIATION;
    }

    private double covariance(double[] x, double[] z) {
        double square = 0;
        for (int d = 0; d < x.length; d++) {
            double step = (x[d] - z[d]) / hyper.lengths()[d];
            square += step * step;
        }
        double r = SQRT5 * Math.sqrt(square);
        return hyper.amplitude() * hyper.amplitude() * (1 + r + r * r / 3) * Math.exp(-r)
                + MEAN_DEVIATION * MEAN_DEVIATION;
    }

    private void solveLower(double[] b) {
        for (int i = 0; i < b.length; i++) {
            double[] row = lower[i];
            double sum = b[i];
            for (int j = 0; j < i; j++) {
                sum -= row[j] * b[j];
            }
            b[i] = sum / row[i];
        }
    }

    private void solveUpper(double[] b) {
        for (int i = b.length - 1; i >= 0; i--) {
            double sum = b[i];
            for (int j = i + 1; j < b.length; j++) {
                sum -= lower[j][i] * b[j];
            }
            b[i] = sum / lower[i][i];
        }
    }
}
