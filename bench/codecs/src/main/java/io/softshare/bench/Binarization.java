package io.softshare.bench;

import io.softshare.graph.TensorRole;

/**
 * Whole numbers and floats as binary decisions, as DeepCABAC makes them: zero or not, sign, ten "greater than" flags in
 * unary, then Exp-Golomb with an adaptive prefix. The contexts of the first are the signs of the two values before, those
 * of the second the sign of the one before, those of the third the sign and how far it has come.
 */
final class Binarization {
    static final int SIGNIFICANT = 0; // 3 × 3 contexts
    static final int SIGN = 9; // 3
    static final int GREATER = 12; // UNARY × 2
    static final int UNARY = 10;
    static final int PREFIX = 32; // 32
    /** Contexts of whole numbers, anew for each tensor. */
    static final int VALUES = 64;

    static final int CHOICE = VALUES;
    /** Floats have a set of contexts for each role: a sign, then a tree of 256 over the exponent. */
    static final int FLOATS = VALUES + 1;

    static final int FLOAT_SET = 257;
    static final int CONTEXTS = FLOATS + TensorRole.values().length * FLOAT_SET;

    static final int MANTISSA = 23;

    private Binarization() {}

    /** 0 for zero, 1 for negative, 2 for positive. */
    static int signClass(int v) {
        return v == 0 ? 0 : v < 0 ? 1 : 2;
    }

    static void values(BinSink sink, int[] values) {
        int before = 0;
        int before2 = 0;
        for (int v : values) {
            int now = signClass(v);
            sink.bit(SIGNIFICANT + 3 * before2 + before, now != 0 ? 1 : 0);
            if (now != 0) {
                int negative = v < 0 ? 1 : 0;
                sink.bit(SIGN + before, negative);
                int rest = Math.abs(v) - 1;
                int flags = 0;
                while (flags < UNARY) {
                    sink.bit(GREATER + 2 * flags + negative, rest > 0 ? 1 : 0);
                    if (rest == 0) {
                        break;
                    }
                    rest--;
                    flags++;
                }
                if (flags == UNARY) {
                    golomb(sink, rest);
                }
            }
            before2 = before;
            before = now;
        }
    }

    private static void golomb(BinSink sink, int v) {
        int k = 0;
        int rest = v;
        while (rest >= 1 << k) {
            sink.bit(PREFIX + k, 1);
            rest -= 1 << k;
            k++;
        }
        sink.bit(PREFIX + k, 0);
        sink.even(rest, k);
    }

    /** Inverse of {@link #values}, apart from it so that a machine's branch and call prediction sees just one of them. */
    static void values(ArithmeticDecoder in, int[] values) {
        int before = 0;
        int before2 = 0;
        for (int i = 0; i < values.length; i++) {
            int now = 0;
            if (in.bit(SIGNIFICANT + 3 * before2 + before) != 0) {
                int negative = in.bit(SIGN + before);
                int size = 1;
                int flags = 0;
                while (flags < UNARY && in.bit(GREATER + 2 * flags + negative) != 0) {
                    size++;
                    flags++;
                }
                if (flags == UNARY) {
                    int k = 0;
                    while (k < 31 && in.bit(PREFIX + k) != 0) {
                        size += 1 << k;
                        k++;
                    }
                    size += in.even(k);
                }
                values[i] = negative != 0 ? -size : size;
                now = negative != 0 ? 1 : 2;
            }
            before2 = before;
            before = now;
        }
    }

    /** Mantissa bits that are not zero in all of the values. */
    static int mantissaBits(float[] values) {
        int used = 0;
        for (float v : values) {
            used |= Float.floatToRawIntBits(v) & (1 << MANTISSA) - 1;
        }
        return used == 0 ? 0 : MANTISSA - Integer.numberOfTrailingZeros(used);
    }

    static void floats(BinSink sink, TensorRole role, float[] values, int mantissaBits) {
        int set = FLOATS + role.ordinal() * FLOAT_SET;
        for (float v : values) {
            int bits = Float.floatToRawIntBits(v);
            sink.bit(set, bits >>> 31);
            int node = 1;
            for (int b = 7; b >= 0; b--) {
                int bit = bits >>> MANTISSA + b & 1;
                sink.bit(set + node, bit);
                node = node << 1 | bit;
            }
            if (node != 256) { // exponent 0: zero, or a subnormal, which then keeps no mantissa; see Cabac
                sink.even((bits & (1 << MANTISSA) - 1) >>> MANTISSA - mantissaBits, mantissaBits);
            }
        }
    }

    static void floats(ArithmeticDecoder in, TensorRole role, float[] values, int mantissaBits) {
        int set = FLOATS + role.ordinal() * FLOAT_SET;
        for (int i = 0; i < values.length; i++) {
            int sign = in.bit(set);
            int node = 1;
            while (node < 256) {
                node = node << 1 | in.bit(set + node);
            }
            int mantissa = node == 256 ? 0 : in.even(mantissaBits) << MANTISSA - mantissaBits;
            values[i] = Float.intBitsToFloat(sign << 31 | node - 256 << MANTISSA | mantissa);
        }
    }
}
