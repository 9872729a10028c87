package io.softshare.quantize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Weights as indices into values that they share, over several tensors, and the latent weights that the values stand for.
 *
 * @param codebook the values; [0] is +0
 * @param indices one a weight, an array a tensor
 * @param latent the weights before quantisation, likewise
 */
public record SharedValues(float[] codebook, List<int[]> indices, List<float[]> latent) {
    private static final int ROUNDS = 8;

    /** Without values that nobody uses, equal ones once, the rest in ascending order: what a coder takes best. */
    public SharedValues tidy() {
        boolean[] used = new boolean[codebook.length];
        for (int[] tensor : indices) {
            for (int index : tensor) {
                used[index] = true;
            }
        }
        Integer[] order = new Integer[codebook.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(i -> codebook[i]));
        float[] values = new float[codebook.length];
        int[] to = new int[codebook.length];
        int count = 1;
        for (int j : order) {
            if (!used[j] || codebook[j] == 0) {
                continue; // a shared value that came to be zero is the zero
            }
            if (count == 1 || values[count - 1] != codebook[j]) {
                values[count++] = codebook[j];
            }
            to[j] = count - 1;
        }
        return new SharedValues(
                Arrays.copyOf(values, count),
                indices.stream()
                        .map(tensor -> Arrays.stream(tensor).map(i -> to[i]).toArray())
                        .toList(),
                latent);
    }

    /**
     * Gives each weight the value of least cost, (w − μ_j)² / 2s² − λ · log p_j, the zero among them: of two values that explain a
     * weight about equally well, the one that takes fewer bits. w is the weight's value and what its latent weight differs from
     * the mean of those that share it; s² is the mean square of these differences, p_j how often a tensor uses value j, which
     * follows the choice for a few rounds. λ = 1 is the responsibility of a mixture with these values as means, one width s
     * and proportions p. Zero stays zero: the zero component has taken its weights already.
     *
     * @param lambda λ, above 0
     */
    public SharedValues rateDistortion(double lambda) {
        return new SharedValues(codebook, cheapest(lambda), latent).tidy();
    }

    /** The indices of {@link #rateDistortion}, into the codebook as it is. */
    public List<int[]> cheapest(double lambda) {
        int k = codebook.length;
        double[] sums = new double[k];
        long[] counts = new long[k];
        for (int t = 0; t < indices.size(); t++) {
            for (int i = 0; i < indices.get(t).length; i++) {
                sums[indices.get(t)[i]] += latent.get(t)[i];
                counts[indices.get(t)[i]]++;
            }
        }
        List<double[]> targets = new ArrayList<>();
        double squares = 0;
        long live = 0;
        for (int t = 0; t < indices.size(); t++) {
            double[] target = new double[indices.get(t).length];
            for (int i = 0; i < target.length; i++) {
                int j = indices.get(t)[i];
                if (j != 0) {
                    double difference = latent.get(t)[i] - sums[j] / counts[j];
                    target[i] = codebook[j] + difference;
                    squares += difference * difference;
                    live++;
                }
            }
            targets.add(target);
        }
        double scale = live / (2 * Math.max(squares, 1e-30));
        List<int[]> chosen = indices.stream().map(int[]::clone).toList();
        for (int t = 0; t < chosen.size(); t++) {
            int[] tensor = chosen.get(t);
            for (int round = 0, changed = 1; round < ROUNDS && changed > 0; round++) {
                double[] price = prices(tensor, k, lambda);
                changed = 0;
                for (int i = 0; i < tensor.length; i++) {
                    if (tensor[i] != 0) {
                        int best = cheapest(targets.get(t)[i], price, scale);
                        changed += best != tensor[i] ? 1 : 0;
                        tensor[i] = best;
                    }
                }
            }
        }
        return chosen;
    }

    /** −λ log p of each value: that of being non-zero, and which. A value that a tensor does not use could come back at one use. */
    private static double[] prices(int[] tensor, int k, double lambda) {
        double[] counts = new double[k];
        for (int index : tensor) {
            counts[index]++;
        }
        double[] price = new double[k];
        for (int j = 0; j < k; j++) {
            price[j] = lambda * Math.log((tensor.length + 1.0) / Math.max(counts[j], 0.5));
        }
        return price;
    }

    private int cheapest(double weight, double[] price, double scale) {
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int j = 0; j < codebook.length; j++) {
            double error = weight - codebook[j];
            double cost = error * error * scale + price[j];
            if (cost < least) {
                least = cost;
                best = j;
            }
        }
        return best;
    }

    /** The same with values of so many bits of mantissa, 0 to 23, rounded to the nearest. */
    public SharedValues rounded(int mantissaBits) {
        float[] values = new float[codebook.length];
        for (int j = 1; j < values.length; j++) {
            values[j] = roundMantissa(codebook[j], mantissaBits);
        }
        return new SharedValues(values, indices, latent).tidy();
    }

    /** A float with so many bits of mantissa that is nearest to the given finite one (ties away from zero). */
    public static float roundMantissa(float value, int mantissaBits) {
        int drop = 23 - mantissaBits;
        if (drop <= 0 || !Float.isFinite(value)) {
            return value;
        }
        int bits = Float.floatToRawIntBits(value);
        float rounded = Float.intBitsToFloat((bits + (1 << drop - 1)) & -(1 << drop));
        return Float.isFinite(rounded) ? rounded : Float.intBitsToFloat(bits & -(1 << drop));
    }
}
