package io.softshare.codec;

import java.io.ByteArrayOutputStream;

/** Bits into bytes, the highest of a byte first. */
final class BitWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private long count;
    private int current;

    void bits(int value, int width) {
        for (int i = width - 1; i >= 0; i--) {
            current = current << 1 | value >>> i & 1;
            if ((++count & 7) == 0) {
                out.write(current);
                current = 0;
            }
        }
    }

    /** Exp-Golomb of order k: v + 2^k has k + n + 1 bits; n zeros come first. For v from 0 to 2^30. */
    void number(int v, int k) {
        int shifted = v + (1 << k);
        int width = 32 - Integer.numberOfLeadingZeros(shifted);
        bits(0, width - k - 1);
        bits(shifted, width);
    }

    void number(int v) {
        number(v, 0);
    }

    static int numberBits(int v, int k) {
        return 2 * (32 - Integer.numberOfLeadingZeros(v + (1 << k))) - k - 1;
    }

    double position() {
        return count;
    }

    /** The bytes, the last filled up with zeros. */
    byte[] finish() {
        while ((count & 7) != 0) {
            bits(0, 1);
        }
        return out.toByteArray();
    }
}
