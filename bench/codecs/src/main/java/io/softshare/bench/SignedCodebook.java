package io.softshare.bench;

import io.softshare.codec.QuantizedTensor;
import java.util.Arrays;
import java.util.Comparator;

/** Components numbered by value around the zero one, so that a number's size follows the weight's: … −2, −1, 0, 1, 2 … */
final class SignedCodebook {
    private final int[] numbers; // by component
    private final int[] components; // by number − least
    private final int least;

    SignedCodebook(float[] codebook) {
        Integer[] order = new Integer[codebook.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.<Integer>comparingDouble(i -> codebook[i]).thenComparing(i -> i));
        int zero = Arrays.asList(order).indexOf(0);
        least = -zero;
        numbers = new int[codebook.length];
        components = new int[codebook.length];
        for (int rank = 0; rank < order.length; rank++) {
            numbers[order[rank]] = rank - zero;
            components[rank] = order[rank];
        }
    }

    int[] numbers(QuantizedTensor tensor) {
        int[] result = tensor.indices().clone();
        for (int i = 0; i < result.length; i++) {
            result[i] = numbers[result[i]];
        }
        return result;
    }

    /** Turns numbers into components where they lie. */
    void components(int[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = values[i] == 0 ? 0 : components[values[i] - least];
        }
    }
}
