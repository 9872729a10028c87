package io.softshare.graph;

/**
 * The ends of a network as other programs see them in an ONNX file.
 *
 * @param input name of the input
 * @param output name of the output
 * @param head what is made of the logits there
 */
public record Signature(String input, String output, Head head) {
    /** What the output holds. Its places are part of the file format. */
    public enum Head {
        LOGITS,
        SOFTMAX,
        LOG_SOFTMAX
    }

    /** Names of a network that came from no ONNX file. */
    public static final Signature DEFAULT = new Signature("input", "output", Head.LOGITS);

    public Signature {
        Graph.checkName("the input", input);
        Graph.checkName("the output", output);
        if (input.isEmpty() || output.isEmpty() || input.equals(output)) {
            throw new GraphException("input and output need two different names");
        }
    }
}
