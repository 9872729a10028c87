package io.softshare.codec;

import io.softshare.codec.CostMeter.Part;

/** One layer as (gap, index) entries: skip so many zeros, then comes this component; component 0 is a filler. */
final class GapList {
    private final int width;
    private final int[] gaps;
    private final int[] indices;
    private final int[] gapCounts;
    private final int[] indexCounts;
    private final HuffmanCode gapCode;
    private final HuffmanCode indexCode;

    /** @param tensor with at least one non-zero weight */
    GapList(QuantizedTensor tensor, int width) {
        this.width = width;
        int longest = (1 << width) - 1;
        int[] cells = tensor.indices();
        int size = 0;
        int gap = 0;
        int pending = 0; // fillers count only once a weight follows them
        for (int cell : cells) {
            if (cell != 0) {
                size += pending + 1;
                pending = 0;
                gap = 0;
            } else if (gap == longest) {
                pending++;
                gap = 0;
            } else {
                gap++;
            }
        }
        gaps = new int[size];
        indices = new int[size];
        gapCounts = new int[1 << width];
        indexCounts = new int[tensor.codebook().length];
        int n = 0;
        gap = 0;
        for (int at = 0; n < size; at++) {
            if (cells[at] != 0 || gap == longest) {
                gaps[n] = gap;
                indices[n] = cells[at];
                gapCounts[gap]++;
                indexCounts[cells[at]]++;
                n++;
                gap = 0;
            } else {
                gap++;
            }
        }
        gapCode = HuffmanCode.of(gapCounts);
        indexCode = HuffmanCode.of(indexCounts);
    }

    int width() {
        return width;
    }

    int size() {
        return gaps.length;
    }

    long cost() {
        return gapCode.cost(gapCounts) + indexCode.cost(indexCounts);
    }

    void write(BitWriter out, CostMeter meter) {
        gapCode.write(out);
        indexCode.write(out);
        meter.charge(Part.STRUCTURE);
        write(out, gapCode, gapCounts.length, gaps);
        meter.charge(Part.ZERO_MAP);
        write(out, indexCode, indexCounts.length, indices);
        meter.charge(Part.INDICES);
    }

    private static void write(BitWriter out, HuffmanCode code, int alphabet, int[] symbols) {
        int[] codes = code.codes(alphabet);
        int[] lengths = code.lengths(alphabet);
        for (int s : symbols) {
            out.bits(codes[s], lengths[s]);
        }
    }

    /** Reads entries into {@code cells}, which are all zero. */
    static void read(BitReader in, CostMeter meter, int[] cells, int components, int entries, int width)
            throws MalformedFileException {
        HuffmanCode gapCode = HuffmanCode.read(in, 1 << width);
        HuffmanCode indexCode = HuffmanCode.read(in, components);
        meter.charge(Part.STRUCTURE);
        int[] places = new int[entries];
        int at = -1;
        for (int i = 0; i < entries; i++) {
            int gap = gapCode.decode(in);
            if (gap >= cells.length - 1 - at) {
                throw new MalformedFileException(
                        in.offset(), "a gap within the " + cells.length + " weights", gap + " after weight " + at);
            }
            at += gap + 1;
            places[i] = at;
        }
        meter.charge(Part.ZERO_MAP);
        for (int place : places) {
            cells[place] = indexCode.decode(in);
        }
        meter.charge(Part.INDICES);
    }
}
