package io.softshare.codec;

/**
 * Floats as sign, exponent and as many mantissa bits as the least precise coding of the whole array needs: fp16 and
 * bfloat16 values take no more than they would as such. Signs and exponents are learned, mantissas are even.
 */
final class FloatModel {
    private static final int MANTISSA = 23;

    private final Slots signs = new Slots(1, 255);
    private final Slots exponents = new Slots(256, 255);
    private final Slots zeros = new Slots(1, 255);
    private final NumberModel precision = new NumberModel();

    /** Codes {@code values[from..]}; decoding fills them in. */
    void code(BinaryCoder coder, float[] values, int from) {
        int used = 0;
        for (int i = from; i < values.length; i++) {
            used |= Float.floatToRawIntBits(values[i]) & (1 << MANTISSA) - 1;
        }
        int dropped = used == 0 ? MANTISSA : Integer.numberOfTrailingZeros(used);
        int kept = Math.max(0, MANTISSA - precision.code(coder, dropped));
        for (int i = from; i < values.length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            int sign = signs.code(coder, 0, bits >>> 31);
            int node = 1;
            for (int b = 7; b >= 0; b--) {
                node = node << 1 | exponents.code(coder, node, bits >>> MANTISSA + b & 1);
            }
            int exponent = node - 256;
            int mantissa = bits & (1 << MANTISSA) - 1;
            if (kept > 0 && (exponent != 0 || zeros.code(coder, 0, mantissa == 0 ? 1 : 0) == 0)) {
                mantissa = coder.codeEven(mantissa >>> MANTISSA - kept, kept) << MANTISSA - kept;
            } else {
                mantissa = 0;
            }
            values[i] = Float.intBitsToFloat(sign << 31 | exponent << MANTISSA | mantissa);
        }
    }
}
