package io.softshare.bench;

/**
 * What the decisions cost by formula: the sum of −log2 p over the same adaptive models in double precision, for every
 * choice of adaptation at once.
 */
final class IdealLength implements BinSink {
    private static final int CHOICES = Adaptation.CHOICES.length;
    private static final double LEAST = 0x1p-16;

    private final double[][] fast;
    private final double[][] slow;
    private final double[][] bits;
    private double evenBits;

    IdealLength(int contexts) {
        fast = new double[contexts][CHOICES];
        slow = new double[contexts][CHOICES];
        bits = new double[contexts][CHOICES];
        for (int c = 0; c < contexts; c++) {
            for (int a = 0; a < CHOICES; a++) {
                fast[c][a] = Adaptation.CHOICES[a].start();
                slow[c][a] = fast[c][a];
            }
        }
    }

    @Override
    public void bit(int context, int bit) {
        double[] f = fast[context];
        double[] s = slow[context];
        for (int a = 0; a < CHOICES; a++) {
            double one = Math.max(LEAST, Math.min(1 - LEAST, (f[a] + s[a]) / 2));
            bits[context][a] -= Math.log(bit != 0 ? one : 1 - one) / Math.log(2);
            f[a] += Math.scalb(bit - f[a], -Adaptation.CHOICES[a].fast());
            s[a] += Math.scalb(bit - s[a], -Adaptation.CHOICES[a].slow());
        }
    }

    @Override
    public void even(int value, int count) {
        evenBits += count;
    }

    double bits(int context, int choice) {
        return bits[context][choice];
    }

    double evenBits() {
        return evenBits;
    }

    /** The adaptation that is cheapest for a context; another than the first costs {@code extra} bits. */
    int best(int context, double extra) {
        int best = 0;
        for (int a = 1; a < CHOICES; a++) {
            double of = bits[context][a] + extra;
            if (of < bits[context][best] + (best > 0 ? extra : 0)) {
                best = a;
            }
        }
        return best;
    }
}
