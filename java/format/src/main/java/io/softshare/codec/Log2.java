package io.softshare.codec;

/** Binary logarithms in 16ths, rounded down by a table of 16 entries an octave: the same everywhere. */
final class Log2 {
    /** ⌊16 · log2(1 + i/16)⌋. */
    private static final int[] FRACTION = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15};

    private Log2() {}

    /** Of a positive number: 16 for each doubling. */
    static int of(long x) {
        int octave = 63 - Long.numberOfLeadingZeros(x);
        int rest = (int) (octave >= 4 ? x >>> octave - 4 : x << 4 - octave) & 15;
        return octave * 16 + FRACTION[rest];
    }
}
