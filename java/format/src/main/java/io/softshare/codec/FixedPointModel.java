package io.softshare.codec;

/** Multiples of a power of two, mostly zero or small. Whether a value is zero depends on whether its unit is alive. */
final class FixedPointModel {
    private final NumberModel fractions = new NumberModel();
    private final Slots nonZero = new Slots(6, 255);
    private final Slots negative = new Slots(1, 255);
    private final NumberModel sizes = new NumberModel();

    int codeFractionBits(BinaryCoder coder, int fractionBits) {
        return fractions.code(coder, fractionBits);
    }

    /**
     * Codes the steps; decoding fills them in.
     *
     * @param live which rows of the weights before are not empty, one a value; null if there are no such weights
     * @return false if a step out of range was found
     */
    boolean code(BinaryCoder coder, int[] steps, boolean[] live) {
        int before = 0;
        for (int i = 0; i < steps.length; i++) {
            int context = (live == null ? 0 : live[i] ? 2 : 1) * 2 + before;
            before = nonZero.code(coder, context, steps[i] != 0 ? 1 : 0);
            if (before == 0) {
                steps[i] = 0;
                continue;
            }
            int sign = negative.code(coder, 0, steps[i] >>> 31);
            int size = sizes.code(coder, Math.abs(steps[i]) - 1) + 1;
            if (size > FixedPointTensor.MAX_STEP) {
                return false;
            }
            steps[i] = sign != 0 ? -size : size;
        }
        return true;
    }
}
