package io.softshare.codec;

/**
 * Which weights are not zero. Each cell of a live row and a live column is one decision; a logistic mixer weighs the
 * evidence of the row so far, the column so far, cells nearby, the image's grid and the kernel against the density of the
 * layer. {@link BlockMapModel} is the quicker form for layers with many weights.
 */
final class ZeroMapModel {
    /** Pseudo-observations of a row or column, in quarters of a non-zero weight. */
    private static final int PRIOR = 4;

    private static final int SLOW_RATE = 24;
    private static final int FAST_RATE = 64;

    private static final int LOCAL = 64;
    private static final int COUNTS = 64;
    private static final int CROWD = 48;
    private static final int GRID = 64;
    private static final int SINCE = 32;
    private static final int IN_KERNEL = 32;
    private static final int AROUND = 16;
    private static final int MAX_POSITIONS = 1024;

    private static final int[] INITIAL = {
        Mixer.ONE,
        Mixer.ONE * 3 / 4,
        Mixer.ONE * 3 / 4,
        Mixer.ONE / 4,
        Mixer.ONE / 4,
        Mixer.ONE / 4,
        Mixer.ONE / 4,
        Mixer.ONE / 4,
        Mixer.ONE / 4,
        Mixer.ONE / 4,
        Mixer.ONE / 4
    };

    private final Mixer mixer;
    private final Slots layer = new Slots(1, 1023);
    private final Slots local = new Slots(LOCAL, 1023);
    private final Slots counts = new Slots(COUNTS, 1023);
    private final Slots crowd = new Slots(CROWD, 1023);
    private final Slots grid = new Slots(GRID, 1023);
    private final Slots since = new Slots(SINCE, 1023);
    private final Slots inKernel = new Slots(IN_KERNEL, 1023);
    private final Slots around = new Slots(AROUND, 1023);
    private final Slots positions = new Slots(MAX_POSITIONS, 1023);

    ZeroMapModel() {
        this(new Mixer(2, INITIAL, SLOW_RATE, FAST_RATE));
    }

    private ZeroMapModel(Mixer mixer) {
        this.mixer = mixer;
    }

    /** The state that outlasts a tensor, to try an orientation on. */
    ZeroMapModel copy() {
        return new ZeroMapModel(mixer.copy());
    }

    /**
     * Codes the map. When decoding, {@code cells} is all zero and gets a 1 for each non-zero weight.
     *
     * @param liveLines numbers of the lines that are not empty, ascending
     * @param liveCrossings numbers of the crossings that are not empty, ascending
     */
    void code(BinaryCoder coder, Layout layout, int[] cells, int[] liveLines, int[] liveCrossings) {
        start();
        int kernel = layout.kernel();
        int[] crossCounts = new int[liveCrossings.length];
        int[] kernelCounts = new int[liveCrossings.length]; // of the line before, overwritten behind the scan
        int set = kernel > 1 ? 1 : 0;
        int[] in = mixer.inputs;
        int gridUp = -layout.gridWidth() * layout.columnStep();
        for (int l = 0; l < liveLines.length; l++) {
            int line = liveLines[l] * layout.lineStep();
            int above = l > 0 ? liveLines[l - 1] * layout.lineStep() - line : 0;
            int above2 = l > 1 ? liveLines[l - 2] * layout.lineStep() - line : 0;
            int lineCount = 0;
            int lineSeen = 0;
            int leftCount = 0;
            int zeros = 0; // since the last non-zero weight of the line
            for (int c = 0; c < liveCrossings.length; c++) {
                int cell = line + liveCrossings[c] * layout.crossStep();
                int left2 = c > 1 ? (liveCrossings[c - 2] - liveCrossings[c]) * layout.crossStep() : 0;
                int left = c > 0 ? (liveCrossings[c - 1] - liveCrossings[c]) * layout.crossStep() : 0;
                int right = above != 0 && c + 1 < liveCrossings.length
                        ? (liveCrossings[c + 1] - liveCrossings[c]) * layout.crossStep()
                        : 0;
                int neighbours = layout.gridNeighbours(layout.transposed() ? liveLines[l] : liveCrossings[c]);
                int aroundContext = Math.min(kernelCounts[c], 3) * 4 + Math.min(leftCount, 3);
                int kernelCount = 0;
                for (int k = 0; k < kernel; k++) {
                    int at = cell + k;
                    int base = layer.p(0);
                    int baseOdds = Logistic.stretch(base);
                    in[0] = baseOdds;
                    in[1] = odds(lineCount, lineSeen + k, base) - baseOdds;
                    in[2] = odds(crossCounts[c], l * kernel + k, base) - baseOdds;
                    int isLeft = bit(cells, at, left);
                    int isLeft2 = bit(cells, at, left2);
                    int isGrid = (neighbours & 1) != 0 ? bit(cells, at, gridUp) : 0;
                    int localContext = isLeft
                            | bit(cells, at, above) << 1
                            | isGrid << 2
                            | isLeft2 << 3
                            | bit(cells, at, above2) << 4
                            | (above != 0 && left != 0 ? bit(cells, at, above + left) : 0) << 5;
                    in[3] = opinion(local, localContext, baseOdds);
                    int countContext = bucket(lineCount) * 8 + bucket(crossCounts[c]);
                    in[4] = opinion(counts, countContext, baseOdds);
                    int gridContext = isLeft | isGrid << 1 | isLeft2 << 2;
                    if (neighbours != 0) {
                        gridContext |= ((neighbours & 2) != 0 ? bit(cells, at, gridUp - layout.columnStep()) : 0) << 3
                                | ((neighbours & 4) != 0 ? bit(cells, at, gridUp + layout.columnStep()) : 0) << 4
                                | ((neighbours & 8) != 0 ? bit(cells, at, 2 * gridUp) : 0) << 5;
                    }
                    int near = Integer.bitCount(localContext)
                            + Integer.bitCount(gridContext >>> 3)
                            + (right != 0 ? bit(cells, at, above + right) : 0);
                    int crowdContext = Math.min(near, 5) * 8 + bucket(lineCount);
                    int sinceContext = Math.min(zeros, SINCE - 1);
                    in[5] = opinion(crowd, crowdContext, baseOdds);
                    in[6] = opinion(grid, gridContext, baseOdds);
                    in[7] = opinion(since, sinceContext, baseOdds);
                    int kernelContext = 0;
                    if (kernel > 1) {
                        int x = k % layout.kernelWidth();
                        kernelContext = Math.min(kernelCount, 3)
                                | (x > 0 ? bit(cells, at, -1) : 0) << 2
                                | (k >= layout.kernelWidth() ? bit(cells, at, -layout.kernelWidth()) : 0) << 3
                                | (k > 0 ? 1 : 0) << 4;
                        in[8] = opinion(inKernel, kernelContext, baseOdds);
                        in[9] = opinion(around, aroundContext, baseOdds);
                        in[10] = opinion(positions, k % MAX_POSITIONS, baseOdds);
                    }
                    int bit = coder.code(cells[at] != 0 ? 1 : 0, mixer.mix(set));
                    mixer.update(bit);
                    layer.update(0, bit);
                    local.update(localContext, bit);
                    counts.update(countContext, bit);
                    crowd.update(crowdContext, bit);
                    grid.update(gridContext, bit);
                    since.update(sinceContext, bit);
                    if (kernel > 1) {
                        inKernel.update(kernelContext, bit);
                        around.update(aroundContext, bit);
                        positions.update(k % MAX_POSITIONS, bit);
                    }
                    zeros++;
                    if (bit != 0) {
                        cells[at] = Math.max(1, cells[at]); // as it is, when encoding
                        kernelCount++;
                        lineCount++;
                        crossCounts[c]++;
                        zeros = 0;
                    }
                }
                lineSeen += kernel;
                leftCount = kernelCount;
                kernelCounts[c] = kernelCount;
            }
        }
    }

    private void start() {
        int p = 1 << 13;
        for (Slots slots : new Slots[] {layer, local, counts, crowd, grid, since, inKernel, around, positions}) {
            slots.fill(p);
        }
        java.util.Arrays.fill(mixer.inputs, 0);
    }

    /** What a slot says beyond the layer's density; nothing while it has seen nothing. */
    private static int opinion(Slots slots, int slot, int baseOdds) {
        return slots.count(slot) == 0 ? 0 : Logistic.stretch(slots.p(slot)) - baseOdds;
    }

    /** Log-odds of a row or column with {@code ones} non-zero among {@code seen} cells, drawn towards the layer's. */
    private static int odds(int ones, int seen, int base) {
        long p = ((4L * ones + PRIOR) << 16) / (4L * seen + (PRIOR << 16) / base);
        return Logistic.stretch((int) Math.max(1, Math.min(65535, p)));
    }

    /** 1 if the cell at a distance (0: there is none) is not zero. */
    private static int bit(int[] cells, int at, int distance) {
        return distance != 0 && cells[at + distance] != 0 ? 1 : 0;
    }

    private static int bucket(int count) {
        return count < 4 ? count : count < 6 ? 4 : count < 10 ? 5 : count < 20 ? 6 : 7;
    }
}
