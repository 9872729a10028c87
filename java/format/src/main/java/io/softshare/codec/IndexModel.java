package io.softshare.codec;

/**
 * Which component each non-zero weight has: its sign, then a walk down a binary tree over the components of that sign, highest
 * bit first. Signs follow those nearby, in the row, in the column and in the kernel; the rest is known by frequency.
 */
final class IndexModel {
    private static final int[] SIGN_INITIAL = {Mixer.ONE, Mixer.ONE / 4, Mixer.ONE / 4, Mixer.ONE / 4};
    private static final int[] TREE_INITIAL = {Mixer.ONE * 3 / 8, Mixer.ONE * 3 / 8, Mixer.ONE / 8, Mixer.ONE / 8};
    private static final int NEAR = 4;
    private static final int SUM = 6;

    /** Components of one sign up to which the one before in the row or column is a context. */
    private static final int MOST_CONTEXTS = 32;

    private final Mixer signMixer = new Mixer(1, SIGN_INITIAL, 24, 64);
    private final Mixer treeMixer = new Mixer(1, TREE_INITIAL, 24, 64);
    private final Slots sign = new Slots(1, 1023);
    private final Slots signBefore = new Slots(9, 1023);
    private final Slots signNear = new Slots(2 * NEAR + 1, 1023);
    private final Slots signSum = new Slots(2 * SUM + 1, 1023);
    private final Slots signQuick = new Slots(9 * (2 * NEAR + 1), 1023);

    private final int[][] members = new int[2][]; // components of each sign, ascending
    private int[] place; // of a component among those of its sign
    private byte[] signs; // of each component: 0 zero, 1 positive, 2 negative
    private final int[] bits = new int[2];
    private final Slots[] layer = new Slots[2];
    private final Slots[] all = new Slots[2];
    private final Slots[] byRow = new Slots[2];
    private final Slots[] byColumn = new Slots[2];

    /** A new codebook begins: nothing is known about its components. */
    void start(float[] codebook) {
        signs = new byte[codebook.length];
        place = new int[codebook.length];
        int[] counts = new int[2];
        for (int i = 1; i < signs.length; i++) {
            int s = Float.floatToRawIntBits(codebook[i]) < 0 ? 1 : 0;
            signs[i] = (byte) (s + 1);
            place[i] = counts[s]++;
        }
        for (int s = 0; s < 2; s++) {
            members[s] = new int[counts[s]];
            bits[s] = 32 - Integer.numberOfLeadingZeros(Math.max(0, counts[s] - 1));
            int nodes = 1 << bits[s];
            layer[s] = new Slots(nodes, 1023);
            all[s] = new Slots(nodes, 1023);
            int contexts = counts[s] <= MOST_CONTEXTS ? counts[s] + 1 : 1;
            byRow[s] = new Slots(nodes * contexts, 1023);
            byColumn[s] = new Slots(nodes * contexts, 1023);
        }
        for (int i = 1; i < signs.length; i++) {
            members[signs[i] - 1][place[i]] = i;
        }
    }

    /**
     * Codes the sign of each cell that is not zero, row by row.
     *
     * @param cells components when encoding, marks when decoding
     * @param quick one adaptive bit a decision, by this tensor alone
     * @return for each cell 0, or 1 if it is positive, or 2
     */
    byte[] codeSigns(BinaryCoder coder, Layout layout, int[] cells, boolean quick) {
        byte[] found = new byte[cells.length];
        sign.fill(1 << 15);
        signQuick.fill(1 << 15);
        boolean both = members[0].length > 0 && members[1].length > 0;
        if (!both) {
            byte only = (byte) (members[0].length > 0 ? 1 : 2);
            for (int at = 0; at < cells.length; at++) {
                found[at] = cells[at] != 0 ? only : 0;
            }
            return found;
        }
        int columns = layout.columns();
        byte[] lastOfColumn = new byte[columns];
        int[] sums = new int[columns];
        int row = columns * layout.kernel();
        for (int first = 0; first < cells.length; first += row) {
            int last = 0;
            for (int c = 0; c < columns; c++) {
                for (int k = 0; k < layout.kernel(); k++) {
                    int at = first + c * layout.kernel() + k;
                    if (cells[at] != 0) {
                        int negative = signs[cells[at]] - 1;
                        int before = last * 3 + lastOfColumn[c];
                        int near = Math.max(-NEAR, Math.min(NEAR, near(layout, found, at, c, k))) + NEAR;
                        last = 1
                                + (quick
                                        ? signQuick.code(coder, before * (2 * NEAR + 1) + near, negative)
                                        : codeSign(coder, negative, before, near, sums[c]));
                        found[at] = (byte) last;
                        lastOfColumn[c] = (byte) last;
                        sums[c] += 3 - 2 * last;
                    }
                }
            }
        }
        return found;
    }

    /** Sum of the signs close by that are known: two columns before, above on the grid, left and above in the kernel. */
    private static int near(Layout layout, byte[] found, int at, int c, int k) {
        int step = layout.kernel();
        int near = (c > 0 ? value(found[at - step]) : 0) + (c > 1 ? value(found[at - 2 * step]) : 0);
        int neighbours = layout.gridNeighbours(c);
        if (neighbours != 0) {
            int up = at - layout.gridWidth() * step;
            near += value(found[up])
                    + ((neighbours & 2) != 0 ? value(found[up - step]) : 0)
                    + ((neighbours & 4) != 0 ? value(found[up + step]) : 0)
                    + ((neighbours & 8) != 0 ? value(found[up - layout.gridWidth() * step]) : 0);
        }
        if (step > 1) {
            near += (k % layout.kernelWidth() > 0 ? value(found[at - 1]) : 0)
                    + (k >= layout.kernelWidth() ? value(found[at - layout.kernelWidth()]) : 0);
        }
        return near;
    }

    private static int value(byte sign) {
        return sign == 0 ? 0 : 3 - 2 * sign;
    }

    private int codeSign(BinaryCoder coder, int negative, int before, int near, int columnSum) {
        int sum = Math.max(-SUM, Math.min(SUM, columnSum)) + SUM;
        int[] in = signMixer.inputs;
        in[0] = Logistic.stretch(sign.p(0));
        in[1] = Logistic.stretch(signBefore.p(before));
        in[2] = Logistic.stretch(signNear.p(near));
        in[3] = Logistic.stretch(signSum.p(sum));
        int bit = coder.code(negative, signMixer.mix(0));
        signMixer.update(bit);
        sign.update(0, bit);
        signBefore.update(before, bit);
        signNear.update(near, bit);
        signSum.update(sum, bit);
        return bit;
    }

    /**
     * Codes which component of its sign each cell has, row by row; decoding replaces the marks.
     *
     * @return false if a number beyond the codebook was found; the cells are then of no use
     */
    boolean codePlaces(BinaryCoder coder, Layout layout, int[] cells, byte[] found, boolean quick) {
        layer[0].fill(1 << 15);
        layer[1].fill(1 << 15);
        int columns = layout.columns();
        int row = columns * layout.kernel();
        int[] lastOfColumn = new int[columns];
        for (int first = 0; first < cells.length; first += row) {
            int last = 0;
            for (int at = first; at < first + row; at++) {
                if (found[at] == 0) {
                    continue;
                }
                int s = found[at] - 1;
                int c = (at - first) / layout.kernel();
                int symbol = place[cells[at]];
                int number = quick ? quickly(coder, s, symbol) : codePlace(coder, s, symbol, last, lastOfColumn[c]);
                if (number >= members[s].length) {
                    return false;
                }
                last = members[s][number];
                cells[at] = last;
                lastOfColumn[c] = last;
            }
        }
        return true;
    }

    private int context(int s, int component) {
        return signs[component] == s + 1 && members[s].length <= MOST_CONTEXTS ? place[component] + 1 : 0;
    }

    private int quickly(BinaryCoder coder, int s, int symbol) {
        int node = 1;
        for (int b = bits[s] - 1; b >= 0; b--) {
            node = node << 1 | layer[s].code(coder, node, symbol >>> b & 1);
        }
        return node - (1 << bits[s]);
    }

    private int codePlace(BinaryCoder coder, int s, int symbol, int last, int lastOfColumn) {
        int nodes = 1 << bits[s];
        int rowContext = context(s, last) * nodes;
        int columnContext = context(s, lastOfColumn) * nodes;
        int[] in = treeMixer.inputs;
        int node = 1;
        for (int b = bits[s] - 1; b >= 0; b--) {
            in[0] = Logistic.stretch(layer[s].p(node));
            in[1] = Logistic.stretch(all[s].p(node));
            in[2] = Logistic.stretch(byRow[s].p(rowContext + node));
            in[3] = Logistic.stretch(byColumn[s].p(columnContext + node));
            int bit = coder.code(symbol >>> b & 1, treeMixer.mix(0));
            treeMixer.update(bit);
            layer[s].update(node, bit);
            all[s].update(node, bit);
            byRow[s].update(rowContext + node, bit);
            byColumn[s].update(columnContext + node, bit);
            node = node << 1 | bit;
        }
        return node - nodes;
    }
}
