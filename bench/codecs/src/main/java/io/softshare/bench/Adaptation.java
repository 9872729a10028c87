package io.softshare.bench;

/**
 * How a context learns: two exponential averages of the bits seen, at rates 2^−fast and 2^−slow, whose mean is the
 * probability of a 1. {@link #PLAIN} is what ISO/IEC 15938-17 uses unless told otherwise; the others are the sets
 * among which its encoder may choose for each context (there in steps of a logarithmic state, here in probabilities).
 */
record Adaptation(int fast, int slow, double start) {
    static final Adaptation PLAIN = new Adaptation(4, 7, 0.5);

    static final Adaptation[] CHOICES = {
        PLAIN,
        new Adaptation(4, 7, 0.12),
        new Adaptation(4, 7, 0.98),
        new Adaptation(3, 8, 0.5),
        new Adaptation(5, 9, 0.82),
        new Adaptation(5, 9, 0.98),
        new Adaptation(5, 9, 0.24),
        new Adaptation(6, 8, 0.5),
        new Adaptation(6, 8, 0.82)
    };
}
