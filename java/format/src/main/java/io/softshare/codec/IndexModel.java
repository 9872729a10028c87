package io.softshare.codec;

/**
 * Which component each non-zero weight has: a walk down a binary tree over the component numbers, highest bit first.
 * Contexts are the layer, all layers of this codebook, and the sign of the last non-zero in the row and in the column.
 */
final class IndexModel {
    private static final int[] INITIAL = {Mixer.ONE * 3 / 8, Mixer.ONE * 3 / 8, Mixer.ONE / 4, Mixer.ONE / 4};

    private final Mixer mixer = new Mixer(1, INITIAL, 24, 64);
    private Slots layer;
    private Slots all;
    private Slots byLine;
    private Slots byCross;
    private byte[] signs; // of each component: 0 zero, 1 positive, 2 negative
    private int bits;

    /** A new codebook begins: nothing is known about its components. */
    void start(float[] codebook) {
        bits = 32 - Integer.numberOfLeadingZeros(Math.max(0, codebook.length - 2));
        int nodes = 1 << bits;
        layer = new Slots(nodes, 1023);
        all = new Slots(nodes, 1023);
        byLine = new Slots(3 * nodes, 1023);
        byCross = new Slots(3 * nodes, 1023);
        signs = new byte[codebook.length];
        for (int i = 1; i < signs.length; i++) {
            signs[i] = (byte) (Float.floatToRawIntBits(codebook[i]) < 0 ? 2 : 1);
        }
    }

    /**
     * Codes the component of each cell that is not zero, in the order of the zero map; decoding replaces the marks.
     *
     * @return false if a number beyond the codebook was found; the cells are then of no use
     */
    boolean code(BinaryCoder coder, Layout layout, int[] cells, int[] liveLines, int[] liveCrossings) {
        int components = signs.length;
        if (bits == 0) {
            return true; // one component besides zero: the map says it all
        }
        layer.fill(1 << 15);
        int nodes = 1 << bits;
        byte[] crossSigns = new byte[liveCrossings.length];
        int[] in = mixer.inputs;
        for (int liveLine : liveLines) {
            int line = liveLine * layout.lineStep();
            int lineSign = 0;
            for (int c = 0; c < liveCrossings.length; c++) {
                int cell = line + liveCrossings[c] * layout.crossStep();
                for (int at = cell; at < cell + layout.kernel(); at++) {
                    if (cells[at] == 0) {
                        continue;
                    }
                    int symbol = cells[at] - 1;
                    int node = 1;
                    for (int b = bits - 1; b >= 0; b--) {
                        int lineNode = lineSign * nodes + node;
                        int crossNode = crossSigns[c] * nodes + node;
                        in[0] = Logistic.stretch(layer.p(node));
                        in[1] = Logistic.stretch(all.p(node));
                        in[2] = Logistic.stretch(byLine.p(lineNode));
                        in[3] = Logistic.stretch(byCross.p(crossNode));
                        int bit = coder.code(symbol >>> b & 1, mixer.mix(0));
                        mixer.update(bit);
                        layer.update(node, bit);
                        all.update(node, bit);
                        byLine.update(lineNode, bit);
                        byCross.update(crossNode, bit);
                        node = node << 1 | bit;
                    }
                    int index = node - nodes + 1;
                    if (index >= components) {
                        return false;
                    }
                    cells[at] = index;
                    lineSign = signs[index];
                    crossSigns[c] = signs[index];
                }
            }
        }
        return true;
    }
}
