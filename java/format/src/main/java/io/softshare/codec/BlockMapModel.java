package io.softshare.codec;

/**
 * Which weights are not zero, quickly: a block of cells that is empty is one decision, and each decision is one adaptive bit.
 * Its context is the density to be expected from the row so far and the column so far, p_row · p_column / p, in half octaves,
 * and what lies beside it. A block is a kernel, or {@value #CROSSINGS} crossings of a layer without kernels.
 */
final class BlockMapModel {
    /** Crossings in a block of a layer whose kernel is one weight. */
    static final int CROSSINGS = 8;

    private static final int LEVELS = 40;
    private static final int PLACES = 10;

    private final Slots blocks = new Slots(LEVELS * 4, 1023);
    private final Slots cellsOfBlock = new Slots(LEVELS * 4 * PLACES, 1023);

    /**
     * Codes the map. When decoding, {@code cells} is all zero and gets a 1 for each non-zero weight.
     *
     * @param liveLines numbers of the lines that are not empty, ascending
     * @param liveCrossings numbers of the crossings that are not empty, ascending
     */
    void code(BinaryCoder coder, Layout layout, int[] cells, int[] liveLines, int[] liveCrossings) {
        blocks.fill(1 << 13);
        cellsOfBlock.fill(1 << 13);
        int kernel = layout.kernel();
        int width = kernel > 1 ? 1 : CROSSINGS;
        int count = (liveCrossings.length + width - 1) / width;
        int[] crossCounts = new int[liveCrossings.length];
        int[] blockCounts = new int[count]; // non-empty blocks in the lines before
        boolean[] blockAbove = new boolean[count];
        long ones = 0;
        long seen = 0;
        long fullBlocks = 0;
        long seenBlocks = 0;
        for (int l = 0; l < liveLines.length; l++) {
            int line = liveLines[l] * layout.lineStep();
            int above = l > 0 ? liveLines[l - 1] * layout.lineStep() - line : 0;
            // Four times the inverse density so far, of cells and of blocks; one for all decisions of the line.
            long inverse = Math.min(1 << 20, (4 * seen + 32) / (ones + 1));
            long inverseBlocks = Math.min(1 << 20, (4 * seenBlocks + 32) / (fullBlocks + 1));
            int column = Log2.of(inverse) - Log2.of(4L * l * kernel + inverse) - Log2.of(4);
            int columnBlocks = Log2.of(inverseBlocks) - Log2.of(4L * l + inverseBlocks) - Log2.of(4);
            int lineOnes = 0;
            int lineSeen = 0;
            int lineBlocks = 0;
            boolean leftBlock = false;
            int left = 0;
            for (int b = 0; b < count; b++) {
                int first = b * width;
                int end = Math.min(liveCrossings.length, first + width);
                int row = Log2.of(4L * lineBlocks + 4) - Log2.of(4L * b + inverseBlocks);
                int context = level(row + columnBlocks + Log2.of(4L * blockCounts[b] + 4)) * 4
                        + (leftBlock ? 2 : 0)
                        + (blockAbove[b] ? 1 : 0);
                boolean full =
                        blocks.code(coder, context, any(cells, layout, line, liveCrossings, first, end) ? 1 : 0) != 0;
                leftBlock = full;
                blockAbove[b] = full;
                int size = (end - first) * kernel;
                if (!full) {
                    left = 0;
                    lineSeen += size;
                    continue;
                }
                lineBlocks++;
                blockCounts[b]++;
                int found = 0;
                int done = 0;
                for (int c = first; c < end; c++) {
                    int cell = line + liveCrossings[c] * layout.crossStep();
                    for (int at = cell; at < cell + kernel; at++) {
                        int bit = 1;
                        if (found > 0 || ++done < size) { // the last cell of a block is not zero if all others are
                            int density = Log2.of(4L * lineOnes + 4)
                                    - Log2.of(4L * lineSeen + inverse)
                                    + column
                                    + Log2.of(4L * crossCounts[c] + 4);
                            int place = found > 0 ? PLACES - 1 : (size - done) * (PLACES - 1) / size;
                            int beside = left * 2 + (above != 0 && cells[at + above] != 0 ? 1 : 0);
                            bit = cellsOfBlock.code(
                                    coder, (level(density) * 4 + beside) * PLACES + place, cells[at] != 0 ? 1 : 0);
                        }
                        left = bit;
                        lineSeen++;
                        if (bit != 0) {
                            cells[at] = Math.max(1, cells[at]); // as it is, when encoding
                            found++;
                            lineOnes++;
                            crossCounts[c]++;
                        }
                    }
                }
            }
            ones += lineOnes;
            seen += lineSeen;
            fullBlocks += lineBlocks;
            seenBlocks += count;
        }
    }

    /** Log-density in 16ths of an octave to half octaves, from certain down. */
    private static int level(int density) {
        return Math.max(0, Math.min(LEVELS - 1, LEVELS - 8 + (density >> 3)));
    }

    private static boolean any(int[] cells, Layout layout, int line, int[] crossings, int first, int end) {
        for (int c = first; c < end; c++) {
            int cell = line + crossings[c] * layout.crossStep();
            for (int at = cell; at < cell + layout.kernel(); at++) {
                if (cells[at] != 0) {
                    return true;
                }
            }
        }
        return false;
    }
}
