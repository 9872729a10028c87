package io.softshare.container;

/**
 * What a reader is willing to take on, whatever a file says.
 *
 * @param fileBytes longest file
 * @param elements values of all tensors together; each takes up to eight bytes of memory while it is read
 * @param nodes nodes of a graph
 * @param nameBytes longest name, in UTF-8
 */
public record Limits(long fileBytes, long elements, int nodes, int nameBytes) {
    /** Room for networks twice as large as VGG-16. */
    public static final Limits DEFAULT = new Limits(1L << 30, 1L << 28, 10_000, 1_000);

    public Limits {
        if (fileBytes < 1 || elements < 1 || nodes < 1 || nameBytes < 1) {
            throw new IllegalArgumentException("limits must be positive");
        }
    }
}
