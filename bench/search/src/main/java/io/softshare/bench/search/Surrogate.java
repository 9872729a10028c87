package io.softshare.bench.search;

import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.LUDecomposition;

/** A function that stands in for training: made of recorded trials, by means that share nothing with the search's own models. */
interface Surrogate {
    double at(double[] point);

    /** How a surrogate is made of points (n, d) and values (n). */
    interface Fit {
        Surrogate of(double[][] points, double[] values);
    }

    /** Mean of the nearest trials, weighted by the inverse square of their distance: bounded by what was seen. */
    static Surrogate nearest(double[][] points, double[] values) {
        int neighbours = Math.min(8, points.length);
        return x -> {
            double[] squares = new double[points.length];
            for (int i = 0; i < points.length; i++) {
                squares[i] = square(points[i], x);
            }
            double[] sorted = squares.clone();
            java.util.Arrays.sort(sorted);
            double reach = sorted[neighbours - 1];
            double sum = 0;
            double total = 0;
            for (int i = 0; i < points.length; i++) {
                if (squares[i] <= reach) {
                    double weight = 1 / (squares[i] + 1e-4);
                    sum += weight * values[i];
                    total += weight;
                }
            }
            return sum / total;
        };
    }

    /** Cubic radial functions on a plane, smoothed by a ridge: goes on beyond what was seen. */
    static Fit radial(double ridge) {
        return (points, values) -> {
            int n = points.length;
            int d = points[0].length;
            double[][] matrix = new double[n + d + 1][n + d + 1];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    matrix[i][j] = Math.pow(square(points[i], points[j]), 1.5);
                }
                matrix[i][i] += ridge;
                matrix[i][n] = matrix[n][i] = 1;
                for (int k = 0; k < d; k++) {
                    matrix[i][n + 1 + k] = matrix[n + 1 + k][i] = points[i][k];
                }
            }
            double[] right = java.util.Arrays.copyOf(values, n + d + 1);
            double[] c = new LUDecomposition(new Array2DRowRealMatrix(matrix, false))
                    .getSolver()
                    .solve(new ArrayRealVector(right, false))
                    .toArray();
            return x -> {
                double sum = c[n];
                for (int i = 0; i < n; i++) {
                    sum += c[i] * Math.pow(square(points[i], x), 1.5);
                }
                for (int k = 0; k < d; k++) {
                    sum += c[n + 1 + k] * x[k];
                }
                return sum;
            };
        };
    }

    /** Share of the values' variance that a surrogate without a trial explains of it, over ten parts. */
    static double explained(Fit fit, double[][] points, double[] values) {
        double mean = java.util.Arrays.stream(values).average().orElseThrow();
        double left = 0;
        double all = 0;
        for (int part = 0; part < 10; part++) {
            int p = part;
            int[] train = java.util.stream.IntStream.range(0, points.length)
                    .filter(i -> i % 10 != p)
                    .toArray();
            Surrogate without = fit.of(
                    java.util.Arrays.stream(train).mapToObj(i -> points[i]).toArray(double[][]::new),
                    java.util.Arrays.stream(train).mapToDouble(i -> values[i]).toArray());
            for (int i = p; i < points.length; i += 10) {
                left += Math.pow(values[i] - without.at(points[i]), 2);
                all += Math.pow(values[i] - mean, 2);
            }
        }
        return 1 - left / all;
    }

    private static double square(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return sum;
    }
}
