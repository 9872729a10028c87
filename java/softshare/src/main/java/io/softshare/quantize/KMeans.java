package io.softshare.quantize;

import java.util.Arrays;

/** Lloyd's algorithm in one dimension, without randomness: it starts from quantiles, or from values evenly spread. */
public final class KMeans {
    private static final int ROUNDS = 100;

    private KMeans() {}

    /** Centres in ascending order and the share of the values that is nearest to each. */
    public record Result(double[] centres, double[] shares) {}

    /** At most k centres of the values: fewer if there are fewer distinct ones. */
    public static Result fit(float[] values, int k) {
        return fit(values, k, false);
    }

    /** spread: it starts from k values evenly spread from the least to the greatest; some may end with no value of their own. */
    public static Result fit(float[] values, int k, boolean spread) {
        if (values.length == 0) {
            return new Result(new double[] {0}, new double[] {1});
        }
        float[] sorted = values.clone();
        Arrays.sort(sorted);
        int distinct = 1;
        for (int i = 1; i < sorted.length; i++) {
            distinct += sorted[i] != sorted[i - 1] ? 1 : 0;
        }
        int n = Math.min(k, distinct);
        double[] centres = new double[n];
        for (int j = 0; j < n; j++) {
            centres[j] = spread && n > 1
                    ? sorted[0] + (double) j / (n - 1) * ((double) sorted[sorted.length - 1] - sorted[0])
                    : sorted[(int) ((j + 0.5) * sorted.length / n)];
        }
        int[] ends = new int[n];
        for (int round = 0; round < ROUNDS; round++) {
            boolean moved = false;
            int i = 0;
            for (int j = 0; j < n; j++) {
                double border = j + 1 < n ? (centres[j] + centres[j + 1]) / 2 : Double.POSITIVE_INFINITY;
                double sum = 0;
                int start = i;
                while (i < sorted.length && sorted[i] <= border) {
                    sum += sorted[i++];
                }
                if (i > start) {
                    double centre = sum / (i - start);
                    moved |= centre != centres[j];
                    centres[j] = centre;
                }
                ends[j] = i;
            }
            if (!moved) {
                break;
            }
        }
        double[] shares = new double[n];
        for (int j = 0; j < n; j++) {
            shares[j] = (ends[j] - (j == 0 ? 0 : ends[j - 1])) / (double) sorted.length;
        }
        return new Result(centres, shares);
    }
}
