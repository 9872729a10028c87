package io.softshare.onnx;

import io.softshare.graph.Shape;
import java.util.Arrays;

/** What a name in an ONNX graph stands for. */
sealed interface OnnxValue {

    /**
     * What a node of the network gives for a batch.
     *
     * @param flat (batch, features) rather than (batch, channels, height, width)
     */
    record Activation(String node, Shape shape, boolean flat) implements OnnxValue {
        String describe() {
            return flat
                    ? "(batch, " + shape.size() + ")"
                    : "(batch, " + shape.toString().replace("×", ", ") + ")";
        }
    }

    /**
     * A constant of floats.
     *
     * @param name under which it is read
     * @param transposed to be read as the transpose of what lies in the file
     * @param computed by the graph itself, from other constants
     */
    record Weights(OnnxTensor tensor, String name, boolean transposed, boolean computed) implements OnnxValue {}

    /**
     * Whole numbers that the graph computes shapes with.
     *
     * @param scalar a single number rather than a list
     */
    record Wholes(long[] values, boolean scalar) implements OnnxValue {
        /** Stands for the number of images, which is open. */
        static final long BATCH = Long.MIN_VALUE;

        @Override
        public boolean equals(Object other) {
            return other instanceof Wholes w && scalar == w.scalar && Arrays.equals(values, w.values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }

        /** For messages. */
        static String describe(long[] values) {
            StringBuilder text = new StringBuilder("[");
            for (int i = 0; i < values.length; i++) {
                text.append(i == 0 ? "" : ", ").append(values[i] == BATCH ? "batch" : String.valueOf(values[i]));
            }
            return text.append(']').toString();
        }
    }
}
