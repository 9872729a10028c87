package io.softshare.codec;

/** Whole numbers and floats of unknown size, by adaptive bits. */
final class NumberModel {
    private static final int SIZES = 33;

    private final Slots sizes = new Slots(SIZES, 255);
    private final Slots seconds = new Slots(SIZES, 255);

    /**
     * Exp-Golomb with learned parts: v + 1 has n bits after its highest; n in unary, the next bit adaptive, the rest
     * even.
     *
     * @param v 0 to 2^31 − 2; ignored when decoding
     * @return the number; up to 2^31 − 2 whatever is read
     */
    int code(BinaryCoder coder, int v) {
        int shifted = v + 1;
        int size = 31 - Integer.numberOfLeadingZeros(shifted);
        int n = 0;
        while (n < 30 && sizes.code(coder, n, size > n ? 1 : 0) != 0) {
            n++;
        }
        int result = 1;
        if (n > 0) {
            result = 2 | seconds.code(coder, n, shifted >>> n - 1 & 1);
            result = result << n - 1 | coder.codeEven(shifted, n - 1);
        }
        return result - 1;
    }
}
