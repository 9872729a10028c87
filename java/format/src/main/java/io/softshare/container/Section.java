package io.softshare.container;

import io.softshare.codec.MalformedFileException;
import java.util.ArrayList;
import java.util.List;

/**
 * Slices that are decoded together, and where.
 *
 * @param first number of the first slice
 * @param end number after the last
 * @param from first byte in the file
 * @param to byte after the last
 */
record Section(int first, int end, int from, int to) {

    /**
     * Reads the table of sections.
     *
     * @param in at the table
     * @param slices how many there are in all
     * @param end where the last section ends
     */
    static List<Section> readTable(ByteSource in, int slices, int end) throws MalformedFileException {
        int start = in.offset();
        int others = (int) in.varint(Math.max(0, slices - 1), "number of sections besides the last");
        int[] counts = new int[others];
        long[] lengths = new long[others];
        int left = slices;
        for (int i = 0; i < others; i++) {
            counts[i] = (int) in.varint(left - (others - i), "slices in a section");
            lengths[i] = in.varint(end - start, "length of a section");
            if (counts[i] == 0) {
                throw new MalformedFileException(in.offset(), "at least one slice in a section", "none");
            }
            left -= counts[i];
        }
        List<Section> sections = new ArrayList<>(others + 1);
        int slice = 0;
        long at = in.offset();
        for (int i = 0; i < others; i++) {
            if (lengths[i] > end - at) {
                throw new MalformedFileException(
                        at, "a section within the " + (end - at) + " bytes left", lengths[i] + " bytes");
            }
            sections.add(new Section(slice, slice + counts[i], (int) at, (int) (at + lengths[i])));
            slice += counts[i];
            at += lengths[i];
        }
        sections.add(new Section(slice, slices, (int) at, end));
        return sections;
    }
}
