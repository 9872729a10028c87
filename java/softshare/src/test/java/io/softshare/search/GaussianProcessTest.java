package io.softshare.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GaussianProcessTest {
    private static final GaussianProcess.Hyperparameters HYPER =
            new GaussianProcess.Hyperparameters(0.8, 0.3, new double[] {0.5, 2});

    /** Matérn 5/2 with its constant, written another way: by the polynomial in √5 r. */
    private static double covariance(double[] x, double[] z) {
        double r = Math.hypot((x[0] - z[0]) / 0.5, (x[1] - z[1]) / 2);
        return 0.64 * (1 + Math.sqrt(5) * r + 5 * r * r / 3) * Math.exp(-Math.sqrt(5) * r) + 1;
    }

    @Test
    void oneAndTwoPointsAreTheClosedForms() {
        double[] a = {0.2, 0.7};
        double[] b = {0.5, 0.1};
        double[] x = {0.4, 0.6};
        double total = 0.64 + 1 + 0.09;
        GaussianProcess one = new GaussianProcess(new double[][] {a}, new double[] {1.5}, HYPER);
        double k = covariance(a, x);
        assertEquals(k / total * 1.5, one.at(x).mean(), 1e-7);
        assertEquals(Math.sqrt(1.64 - k * k / total), one.at(x).deviation(), 1e-7);
        assertEquals(-0.5 * (1.5 * 1.5 / total + Math.log(2 * Math.PI * total)), one.logLikelihood(), 1e-7);

        GaussianProcess two = new GaussianProcess(new double[][] {a, b}, new double[] {1.5, -0.4}, HYPER);
        double c = covariance(a, b);
        double determinant = total * total - c * c;
        double ka = covariance(a, x);
        double kb = covariance(b, x);
        double weightA = (total * 1.5 - c * -0.4) / determinant;
        double weightB = (total * -0.4 - c * 1.5) / determinant;
        assertEquals(ka * weightA + kb * weightB, two.at(x).mean(), 1e-7);
        double explained = (total * ka * ka - 2 * c * ka * kb + total * kb * kb) / determinant;
        assertEquals(Math.sqrt(1.64 - explained), two.at(x).deviation(), 1e-7);
    }

    /** p(y₁…yₙ) = Π p(yᵢ | y₁…yᵢ₋₁): ties the likelihood to the posterior. */
    @Test
    void likelihoodIsTheProductOfPredictions() {
        SplittableRandom random = new SplittableRandom(1);
        double[][] points = new double[12][];
        double[] values = new double[12];
        double sum = 0;
        for (int i = 0; i < points.length; i++) {
            points[i] = random.doubles(2).limit(2).toArray();
            values[i] = Math.sin(5 * points[i][0]) + 0.1 * random.nextDouble();
            GaussianProcess before = new GaussianProcess(Arrays.copyOf(points, i), Arrays.copyOf(values, i), HYPER);
            GaussianProcess.Posterior p = before.at(points[i]);
            double variance = p.deviation() * p.deviation() + 0.09;
            sum += -0.5 * (Math.log(2 * Math.PI * variance) + Math.pow(values[i] - p.mean(), 2) / variance);
        }
        assertEquals(sum, new GaussianProcess(points, values, HYPER).logLikelihood(), 1e-5);
    }

    /** The posterior mean is twice differentiable at the data, as Matérn 5/2 is and Matérn 1/2 or 3/2 are not. */
    @Test
    void meanIsSmoothWhereTheDataLie() {
        GaussianProcess process = new GaussianProcess(
                new double[][] {{0.3, 0.5}, {0.6, 0.5}},
                new double[] {1, -1},
                new GaussianProcess.Hyperparameters(1, 0.01, new double[] {0.3, 1}));
        double h = 1e-3;
        double left = second(process, 0.3 - 2 * h, h);
        double right = second(process, 0.3 + 2 * h, h);
        assertTrue(Math.abs(left - right) < 0.15 * Math.abs(left), left + " and " + right);
    }

    private static double second(GaussianProcess process, double x, double h) {
        return (mean(process, x + h) - 2 * mean(process, x) + mean(process, x - h)) / (h * h);
    }

    private static double mean(GaussianProcess process, double x) {
        return process.at(new double[] {x, 0.5}).mean();
    }

    @Test
    void sliceSamplerDrawsFromItsDensity() {
        // Normal with means 1 and -2, deviations 1 and 0.5, correlation 0.8.
        SliceSampler sampler = new SliceSampler(
                s -> {
                    double u = s[0] - 1;
                    double v = (s[1] + 2) / 0.5;
                    return -(u * u - 1.6 * u * v + v * v) / (2 * (1 - 0.64));
                },
                new double[] {0, 0},
                new SplittableRandom(3));
        int n = 40_000;
        double[] sum = new double[5];
        for (int i = 0; i < n + 100; i++) {
            double[] s = sampler.sweep();
            if (i >= 100) {
                sum[0] += s[0] / n;
                sum[1] += s[1] / n;
                sum[2] += s[0] * s[0] / n;
                sum[3] += s[1] * s[1] / n;
                sum[4] += s[0] * s[1] / n;
            }
        }
        assertEquals(1, sum[0], 0.06);
        assertEquals(-2, sum[1], 0.03);
        assertEquals(1, sum[2] - sum[0] * sum[0], 0.1);
        assertEquals(0.25, sum[3] - sum[1] * sum[1], 0.025);
        assertEquals(0.4, sum[4] - sum[0] * sum[1], 0.04);
    }

    @Test
    void whatMattersHasTheShorterLength() {
        SplittableRandom random = new SplittableRandom(5);
        double[][] points = new double[30][];
        double[] values = new double[30];
        for (int i = 0; i < points.length; i++) {
            points[i] = random.doubles(2).limit(2).toArray();
            values[i] = 100 + 50 * Math.sin(6 * points[i][0]);
        }
        Posteriors learned = new Posteriors(points, values, 2, random);
        double[] here = {0.5, 0.1};
        double[] aside = {0.5, 0.9};
        double[] ahead = {0.9, 0.1};
        for (int s = 0; s < learned.samples(); s++) {
            assertEquals(100 + 50 * Math.sin(3), learned.at(s, here).mean(), 5);
            assertEquals(100 + 50 * Math.sin(3), learned.at(s, aside).mean(), 8);
            assertEquals(100 + 50 * Math.sin(5.4), learned.at(s, ahead).mean(), 8);
            assertTrue(learned.at(s, here).deviation() < 10);
        }
        double[] corner = {1, 1};
        Posteriors told = learned.with(java.util.List.of(corner));
        for (int s = 0; s < learned.samples(); s++) {
            GaussianProcess.Posterior before = learned.at(s, corner);
            assertEquals(before.mean(), told.at(s, corner).mean(), 1e-4 * Math.abs(before.mean()));
            assertTrue(told.at(s, corner).deviation() < before.deviation());
        }
    }
}
