package io.softshare.onnx;

/**
 * What a reader is willing to take on, whatever a file says.
 *
 * @param fileBytes longest file, and longest file of external data
 * @param elements values of all tensors together
 * @param nodes nodes of the graph, and tensors beside them
 */
public record OnnxLimits(long fileBytes, long elements, int nodes) {
    /** As for .sws files, with room for 32 bits a value. */
    public static final OnnxLimits DEFAULT = new OnnxLimits((1L << 31) - 1024, 1L << 28, 10_000);

    /** Bytes of a name. */
    static final int NAME_BYTES = 1000;
    /** Dimensions of a tensor. */
    static final int DIMENSIONS = 8;
    /** Inputs, outputs and attributes of a node; values of an attribute; entries of a list about the whole model. */
    static final int LIST = 256;
    /** Values of a tensor of whole numbers: shapes and axes. */
    static final int WHOLE_NUMBERS = 256;

    public OnnxLimits {
        if (fileBytes < 1 || elements < 1 || nodes < 1) {
            throw new IllegalArgumentException("limits must be positive");
        }
    }
}
