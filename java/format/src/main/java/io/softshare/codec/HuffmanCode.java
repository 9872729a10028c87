package io.softshare.codec;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * A canonical Huffman code: among codes of equal length the smaller symbol has the smaller one, and shorter codes come
 * first. One symbol alone takes no bits.
 */
final class HuffmanCode {
    /** Longest code; more than enough for any alphabet here. */
    static final int MAX_LENGTH = 24;

    private final int[] symbols; // used ones, ascending
    private final int[] lengths; // of each of them
    private final int[] ordered; // symbols in the order of their codes
    private final int[] countOf = new int[MAX_LENGTH + 1];

    private HuffmanCode(int[] symbols, int[] lengths) {
        this.symbols = symbols;
        this.lengths = lengths;
        for (int length : lengths) {
            countOf[length]++;
        }
        int[] next = new int[MAX_LENGTH + 2];
        for (int l = 0; l <= MAX_LENGTH; l++) {
            next[l + 1] = next[l] + countOf[l];
        }
        ordered = new int[symbols.length];
        for (int i = 0; i < symbols.length; i++) {
            ordered[next[lengths[i]]++] = symbols[i];
        }
    }

    /** A best code for symbols that occur as often as given; at least one does. */
    static HuffmanCode of(int[] counts) {
        int[] symbols = new int[counts.length];
        int used = 0;
        for (int s = 0; s < counts.length; s++) {
            if (counts[s] > 0) {
                symbols[used++] = s;
            }
        }
        symbols = Arrays.copyOf(symbols, used);
        long[] weights = new long[used];
        for (int i = 0; i < used; i++) {
            weights[i] = counts[symbols[i]];
        }
        int[] lengths = lengths(weights);
        while (Arrays.stream(lengths).max().orElse(0) > MAX_LENGTH) {
            for (int i = 0; i < used; i++) {
                weights[i] = weights[i] / 2 + 1; // flatter counts make a shallower tree
            }
            lengths = lengths(weights);
        }
        return new HuffmanCode(symbols, lengths);
    }

    private record Tree(long weight, int order, int left, int right) implements Comparable<Tree> {
        @Override
        public int compareTo(Tree other) {
            int byWeight = Long.compare(weight, other.weight);
            return byWeight != 0 ? byWeight : Integer.compare(order, other.order);
        }
    }

    private static int[] lengths(long[] weights) {
        int n = weights.length;
        Tree[] trees = new Tree[2 * n - 1];
        PriorityQueue<Tree> queue = new PriorityQueue<>();
        for (int i = 0; i < n; i++) {
            trees[i] = new Tree(weights[i], i, -1, -1);
            queue.add(trees[i]);
        }
        for (int i = n; i < trees.length; i++) {
            Tree a = queue.remove();
            Tree b = queue.remove();
            trees[i] = new Tree(a.weight + b.weight, i, a.order, b.order);
            queue.add(trees[i]);
        }
        int[] depths = new int[trees.length];
        for (int i = trees.length - 1; i >= n; i--) {
            depths[trees[i].left] = depths[i] + 1;
            depths[trees[i].right] = depths[i] + 1;
        }
        return Arrays.copyOf(depths, n);
    }

    /** Codes by symbol, for writing: the code in the low bits. */
    int[] codes(int alphabet) {
        int[] codes = new int[alphabet];
        int code = 0;
        int i = 0;
        for (int l = 0; l <= MAX_LENGTH; l++) {
            code <<= 1;
            for (int c = 0; c < countOf[l]; c++) {
                codes[ordered[i++]] = code++;
            }
        }
        return codes;
    }

    int[] lengths(int alphabet) {
        int[] all = new int[alphabet];
        for (int i = 0; i < symbols.length; i++) {
            all[symbols[i]] = lengths[i];
        }
        return all;
    }

    /** Bits of the table and of all symbols. */
    long cost(int[] counts) {
        BitWriter table = new BitWriter();
        write(table);
        long bits = (long) table.position();
        for (int i = 0; i < symbols.length; i++) {
            bits += (long) counts[symbols[i]] * lengths[i];
        }
        return bits;
    }

    /** The table: how many symbols; for each the distance from the one before and the change in length. */
    void write(BitWriter out) {
        out.number(symbols.length - 1);
        int symbol = -1;
        int length = firstGuess(symbols.length);
        for (int i = 0; i < symbols.length; i++) {
            out.number(symbols[i] - symbol - 1);
            int change = lengths[i] - length;
            out.number(change << 1 ^ change >> 31);
            symbol = symbols[i];
            length = lengths[i];
        }
    }

    static HuffmanCode read(BitReader in, int alphabet) throws MalformedFileException {
        int used = in.number(alphabet - 1, "used symbols, less one,") + 1;
        int[] symbols = new int[used];
        int[] lengths = new int[used];
        int symbol = -1;
        int length = firstGuess(used);
        long space = 0;
        for (int i = 0; i < used; i++) {
            symbol += in.number(alphabet - 2 - symbol, "distance to the next symbol") + 1;
            int change = in.number(2 * MAX_LENGTH + 1, "change in length");
            length += change >>> 1 ^ -(change & 1);
            if (length < 0 || length > MAX_LENGTH) {
                throw new MalformedFileException(
                        in.offset(), "a code length of 0 to " + MAX_LENGTH, String.valueOf(length));
            }
            symbols[i] = symbol;
            lengths[i] = length;
            space += 1L << MAX_LENGTH - length;
        }
        if (space != 1L << MAX_LENGTH) {
            throw new MalformedFileException(in.offset(), "a complete Huffman code", "lengths that make none");
        }
        return new HuffmanCode(symbols, lengths);
    }

    private static int firstGuess(int used) {
        return 32 - Integer.numberOfLeadingZeros(used - 1);
    }

    int decode(BitReader in) throws MalformedFileException {
        int code = 0;
        int first = 0;
        int index = 0;
        for (int l = 0; l < MAX_LENGTH; l++) {
            if (code - first < countOf[l]) {
                return ordered[index + code - first];
            }
            index += countOf[l];
            first = first + countOf[l] << 1;
            code = code << 1 | in.bit();
        }
        return ordered[index + code - first]; // the code is complete: nothing else is left
    }
}
