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

    private final Mixer signMixer = new Mixer(1, SIGN_INITIAL, 24, 64);
    private final Mixer treeMixer = new Mixer(1, TREE_INITIAL, 24, 64);
    private final Slots sign = new Slots(1, 1023);
    private final Slots signBefore = new Slots(9, 1023);
    private final Slots signNear = new Slots(2 * NEAR + 1, 1023);
    private final Slots signSum = new Slots(2 * SUM + 1, 1023);

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
            byRow[s] = new Slots(nodes * (counts[s] + 1), 1023);
            byColumn[s] = new Slots(nodes * (counts[s] + 1), 1023);
        }
        for (int i = 1; i < signs.length; i++) {
            members[signs[i] - 1][place[i]] = i;
        }
    }

    /**
     * Codes the component of each cell that is not zero, row by row; decoding replaces the marks.
     *
     * @param quick one adaptive bit a decision, by the frequencies of this tensor alone
     * @return false if a number beyond the codebook was found; the cells are then of no use
     */
    boolean code(BinaryCoder coder, Layout layout, int[] cells, boolean quick) {
        if (signs.length == 2) {
            return true; // one component besides zero: the map says it all
        }
        boolean bothSigns = members[0].length > 0 && members[1].length > 0;
        int onlySign = members[0].length > 0 ? 0 : 1;
        sign.fill(1 << 15);
        layer[0].fill(1 << 15);
        layer[1].fill(1 << 15);
        if (quick) {
            return codeQuickly(coder, cells, bothSigns, onlySign);
        }
        int columns = layout.columns();
        int kernel = layout.kernel();
        int[] lastOfColumn = new int[columns];
        int[] sums = new int[columns];
        int rows = cells.length / (columns * kernel);
        int at = 0;
        for (int r = 0; r < rows; r++) {
            int last = 0;
            for (int c = 0; c < columns; c++) {
                for (int k = 0; k < kernel; k++, at++) {
                    if (cells[at] == 0) {
                        continue;
                    }
                    int s = onlySign;
                    if (bothSigns) {
                        s = codeSign(coder, layout, cells, at, c, k, last, lastOfColumn[c], sums[c]);
                    }
                    int index = codePlace(coder, s, cells[at], last, lastOfColumn[c]);
                    if (index < 0) {
                        return false;
                    }
                    cells[at] = index;
                    last = index;
                    lastOfColumn[c] = index;
                    sums[c] += s == 0 ? 1 : -1;
                }
            }
        }
        return true;
    }

    private boolean codeQuickly(BinaryCoder coder, int[] cells, boolean bothSigns, int onlySign) {
        for (int at = 0; at < cells.length; at++) {
            if (cells[at] != 0) {
                int s = bothSigns ? sign.code(coder, 0, signs[cells[at]] == 2 ? 1 : 0) : onlySign;
                int symbol = place[cells[at]];
                int node = 1;
                for (int b = bits[s] - 1; b >= 0; b--) {
                    node = node << 1 | layer[s].code(coder, node, symbol >>> b & 1);
                }
                int found = node - (1 << bits[s]);
                if (found >= members[s].length) {
                    return false;
                }
                cells[at] = members[s][found];
            }
        }
        return true;
    }

    private int codeSign(
            BinaryCoder coder, Layout layout, int[] cells, int at, int c, int k, int last, int lastOfColumn, int sum) {
        int before = signs[last] * 3 + signs[lastOfColumn];
        int step = layout.kernel();
        int near = 0;
        if (c > 0) {
            near += value(cells[at - step]);
        }
        if (c > 1) {
            near += value(cells[at - 2 * step]);
        }
        int neighbours = layout.gridNeighbours(c);
        if (neighbours != 0) {
            int up = at - layout.gridWidth() * step;
            near += value(cells[up]);
            near += (neighbours & 2) != 0 ? value(cells[up - step]) : 0;
            near += (neighbours & 4) != 0 ? value(cells[up + step]) : 0;
            near += (neighbours & 8) != 0 ? value(cells[up - layout.gridWidth() * step]) : 0;
        }
        if (step > 1) {
            near += k % layout.kernelWidth() > 0 ? value(cells[at - 1]) : 0;
            near += k >= layout.kernelWidth() ? value(cells[at - layout.kernelWidth()]) : 0;
        }
        near = Math.max(-NEAR, Math.min(NEAR, near)) + NEAR;
        int total = Math.max(-SUM, Math.min(SUM, sum)) + SUM;
        int[] in = signMixer.inputs;
        in[0] = Logistic.stretch(sign.p(0));
        in[1] = Logistic.stretch(signBefore.p(before));
        in[2] = Logistic.stretch(signNear.p(near));
        in[3] = Logistic.stretch(signSum.p(total));
        int bit = coder.code(signs[cells[at]] == 2 ? 1 : 0, signMixer.mix(0));
        signMixer.update(bit);
        sign.update(0, bit);
        signBefore.update(before, bit);
        signNear.update(near, bit);
        signSum.update(total, bit);
        return bit;
    }

    private int value(int cell) {
        return signs[cell] == 0 ? 0 : 3 - 2 * signs[cell];
    }

    private int codePlace(BinaryCoder coder, int s, int cell, int last, int lastOfColumn) {
        int symbol = place[cell];
        int nodes = 1 << bits[s];
        int rowContext = signs[last] == s + 1 ? (place[last] + 1) * nodes : 0;
        int columnContext = signs[lastOfColumn] == s + 1 ? (place[lastOfColumn] + 1) * nodes : 0;
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
        int found = node - nodes;
        return found < members[s].length ? members[s][found] : -1;
    }
}
