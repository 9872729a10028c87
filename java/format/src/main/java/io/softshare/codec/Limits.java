package io.softshare.codec;

/**
 * What a reader is willing to take on, whatever a file says. Memory and time of reading are in proportion to the file
 * and to these, never to a number in the file alone: a few bytes may stand for {@link #elements} zeros, each of which
 * takes four bytes of memory while it is read, four more as a float, and some 50 nanoseconds.
 *
 * <p>{@link #DEFAULT} suits a person who opens a file on a machine of their own. A server that takes files from anyone
 * sets what the largest network it serves needs, e.g. {@code Limits.DEFAULT.withFileBytes(1 << 20).withElements(2_000_000)
 * .withActivations(1 << 20)}, and counts on about 10 bytes of heap for each element.
 *
 * @param fileBytes longest .sws file, and longest part of any other that is read whole
 * @param elements values of all tensors together
 * @param activations values of the input of a network or of any of its nodes, for one image
 * @param codebookValues values of all codebooks of a file together
 * @param nodes nodes of a graph
 * @param tensors tensors of a network
 * @param nameBytes longest name, in UTF-8
 */
public record Limits(
        long fileBytes, long elements, long activations, long codebookValues, int nodes, int tensors, int nameBytes) {
    /** Room for networks twice as large as VGG-16: 1 GiB of file, 2^28 elements. */
    public static final Limits DEFAULT = new Limits(1L << 30, 1L << 28, 1L << 26, 1L << 22, 10_000, 40_000, 1_000);

    public Limits {
        if (fileBytes < 1
                || elements < 1
                || activations < 1
                || codebookValues < 1
                || nodes < 1
                || tensors < 1
                || nameBytes < 1) {
            throw new IllegalArgumentException("limits must be positive");
        }
    }

    public Limits withFileBytes(long most) {
        return new Limits(most, elements, activations, codebookValues, nodes, tensors, nameBytes);
    }

    public Limits withElements(long most) {
        return new Limits(fileBytes, most, activations, codebookValues, nodes, tensors, nameBytes);
    }

    public Limits withActivations(long most) {
        return new Limits(fileBytes, elements, most, codebookValues, nodes, tensors, nameBytes);
    }

    public Limits withCodebookValues(long most) {
        return new Limits(fileBytes, elements, activations, most, nodes, tensors, nameBytes);
    }

    public Limits withNodes(int most) {
        return new Limits(fileBytes, elements, activations, codebookValues, most, tensors, nameBytes);
    }

    public Limits withTensors(int most) {
        return new Limits(fileBytes, elements, activations, codebookValues, nodes, most, nameBytes);
    }

    public Limits withNameBytes(int most) {
        return new Limits(fileBytes, elements, activations, codebookValues, nodes, tensors, most);
    }
}
