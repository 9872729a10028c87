package io.softshare.codec;

/** IEEE 754 half precision as 16 bits. */
public final class Half {
    private Half() {}

    /** The float of the same value (a NaN of the same payload). */
    public static float toFloat(int half) {
        int sign = (half & 0x8000) << 16;
        int exponent = half >>> 10 & 31;
        int mantissa = half & 1023;
        if (exponent == 0) {
            float magnitude = Math.scalb((float) mantissa, -24);
            return sign != 0 ? -magnitude : magnitude;
        }
        int wide = exponent == 31 ? 255 : exponent + 112;
        return Float.intBitsToFloat(sign | wide << 23 | mantissa << 13);
    }

    /** The nearest half (ties to even; beyond the range infinity). */
    public static int fromFloat(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
        float magnitude = Math.abs(value);
        if (Float.isNaN(value)) {
            return sign | 0x7E00;
        }
        if (magnitude >= 65520f) {
            return sign | 0x7C00;
        }
        if (magnitude < 0x1p-14f) {
            return sign | (int) Math.rint(Math.scalb((double) magnitude, 24));
        }
        int bits = Float.floatToRawIntBits(magnitude);
        int rounded = bits + 0xFFF + (bits >>> 13 & 1);
        return sign | (rounded >>> 13) - (112 << 10);
    }

    /** Whether a half has exactly this value, sign of zero included; false for NaNs. */
    public static boolean isExact(float value) {
        return Float.floatToRawIntBits(toFloat(fromFloat(value))) == Float.floatToRawIntBits(value)
                && !Float.isNaN(value);
    }
}
