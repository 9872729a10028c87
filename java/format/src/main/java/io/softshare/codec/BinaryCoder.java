package io.softshare.codec;

/** One end of an arithmetic code: a model drives either end with the same calls. */
interface BinaryCoder {
    /**
     * Codes one decision.
     *
     * @param bit the decision, 0 or 1; ignored when decoding
     * @param p probability that it is 1, in 65536ths, 1 to 65535
     * @return the decision
     */
    int code(int bit, int p);

    /** Bits so far, fractions included. For accounts only: nothing that is decoded depends on it. */
    double position();

    /** Codes {@code count} even decisions, highest first. */
    default int codeEven(int value, int count) {
        int result = 0;
        for (int i = count - 1; i >= 0; i--) {
            result = result << 1 | code(value >>> i & 1, 1 << 15);
        }
        return result;
    }
}
