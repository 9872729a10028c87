package io.softshare.codec;

/** Which rows and columns of a weight tensor hold anything at all. */
final class LiveModel {
    private static final int LIMIT = 30; // layers differ: what the last one was like should be forgotten soon

    private final Slots rows = new Slots(2, LIMIT);
    private final Slots columns = new Slots(12, LIMIT);

    void codeRows(BinaryCoder coder, boolean[] live) {
        int before = 1;
        for (int r = 0; r < live.length; r++) {
            before = rows.code(coder, before, live[r] ? 1 : 0);
            live[r] = before != 0;
        }
    }

    /**
     * @param gridWidth see {@link Layout}
     * @param unitsBefore which rows of an earlier tensor are live, if they may be the units that these columns read;
     *     each has equally many columns. Null if there is no such tensor
     */
    void codeColumns(BinaryCoder coder, boolean[] live, int gridWidth, boolean[] unitsBefore) {
        int before = 1;
        int columnsPerUnit = unitsBefore == null ? 1 : live.length / unitsBefore.length;
        for (int c = 0; c < live.length; c++) {
            int unit = unitsBefore == null ? 0 : unitsBefore[c / columnsPerUnit] ? 2 : 1;
            int above = gridWidth > 0 && c >= gridWidth && live[c - gridWidth] ? 1 : 0;
            before = columns.code(coder, unit * 4 + above * 2 + before, live[c] ? 1 : 0);
            live[c] = before != 0;
        }
    }

    /** The numbers of the live ones, ascending. */
    static int[] numbers(boolean[] live) {
        int count = 0;
        for (boolean l : live) {
            count += l ? 1 : 0;
        }
        int[] numbers = new int[count];
        int n = 0;
        for (int i = 0; i < live.length; i++) {
            if (live[i]) {
                numbers[n++] = i;
            }
        }
        return numbers;
    }
}
