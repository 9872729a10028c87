package io.softshare.onnx;

import java.util.List;
import java.util.Map;

/**
 * The parts of an ONNX model that matter here, as they are in the file.
 *
 * @param opset version of the standard operators
 * @param initializers constant tensors, in the file's order
 * @param inputs of the graph; older files name the initializers here too
 * @param metadata texts by name
 */
record OnnxModel(
        long opset,
        List<NodeProto> nodes,
        List<OnnxTensor> initializers,
        List<ValueInfo> inputs,
        List<ValueInfo> outputs,
        Map<String, String> metadata) {

    /** A node; an input that is left out has an empty name. */
    record NodeProto(
            String name,
            String type,
            String domain,
            List<String> inputs,
            List<String> outputs,
            Map<String, Attribute> attributes) {
        /** For messages: the node's name, or that of what it gives. */
        String describe() {
            String shown =
                    !name.isEmpty() ? name : outputs.isEmpty() ? "without a name" : "that gives " + outputs.get(0);
            return "node " + OnnxException.quote(shown) + " (" + OnnxException.quote(type) + ")";
        }
    }

    /** A node's setting: one of these by its type, which {@code type} gives (1 float, 2 int, 3 text, 4 tensor, 6 floats, 7 ints). */
    record Attribute(
            int type,
            float number,
            long whole,
            String text,
            OnnxTensor tensor,
            List<Float> numbers,
            List<Long> wholes) {}

    /** An end of the graph. Dimensions are −1 where they are open; null: the file gives no shape. */
    record ValueInfo(String name, int elementType, List<Long> dimensions) {}
}
