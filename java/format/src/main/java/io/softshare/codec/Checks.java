package io.softshare.codec;

import io.softshare.graph.TensorSpec;

/** What the tensor records have in common. */
final class Checks {
    private Checks() {}

    static void size(TensorSpec spec, int found) {
        if (found != spec.size()) {
            throw new IllegalArgumentException(
                    spec.name() + " " + spec.shape() + ": expected " + spec.size() + " values, found " + found);
        }
    }

    static int nonZero(int[] values) {
        int count = 0;
        for (int v : values) {
            count += v != 0 ? 1 : 0;
        }
        return count;
    }

    /** Equal bit for bit: 0 and −0 differ, NaNs of equal bits do not. */
    static boolean sameBits(float[] a, float[] b) {
        if (a.length != b.length) {
            return false;
        }
        for (int i = 0; i < a.length; i++) {
            if (Float.floatToRawIntBits(a[i]) != Float.floatToRawIntBits(b[i])) {
                return false;
            }
        }
        return true;
    }
}
