package io.softshare.safetensors;

import java.util.List;

/**
 * One tensor of a file.
 *
 * @param name as in the file
 * @param shape outermost dimension first; empty for a single number
 * @param values in row-major order; shared, not copied: treat them as read-only
 */
public record NamedTensor(String name, List<Long> shape, float[] values) {
    public NamedTensor {
        shape = List.copyOf(shape);
        long size = elements(shape);
        if (size != values.length) {
            throw new IllegalArgumentException(
                    name + " " + shape + ": expected " + size + " values, found " + values.length);
        }
    }

    /** Elements of a shape, or −1 if no array holds so many or a dimension is negative. */
    static long elements(List<Long> shape) {
        long size = 1;
        boolean empty = false;
        for (long dimension : shape) {
            if (dimension < 0 || dimension > Integer.MAX_VALUE) {
                return -1;
            }
            empty |= dimension == 0;
            size = Math.min(size * Math.max(1, dimension), 1L << 31); // both at most 2^31: no overflow
        }
        return empty ? 0 : size > Integer.MAX_VALUE - 8 ? -1 : size;
    }
}
