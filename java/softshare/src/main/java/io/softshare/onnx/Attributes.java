package io.softshare.onnx;

import io.softshare.onnx.OnnxModel.Attribute;
import io.softshare.onnx.OnnxModel.NodeProto;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A node's settings by name, with what the standard says of those left out. One that nobody asked for is refused. */
final class Attributes {
    private static final int FLOAT = 1;
    private static final int INT = 2;
    private static final int STRING = 3;
    private static final int TENSOR = 4;
    private static final int FLOATS = 6;
    private static final int INTS = 7;

    private final NodeProto node;
    private final Set<String> left;

    Attributes(NodeProto node) {
        this.node = node;
        left = new HashSet<>(node.attributes().keySet());
    }

    private Attribute find(String name, int type) throws OnnxException {
        left.remove(name);
        Attribute found = node.attributes().get(name);
        if (found != null && found.type() != type) {
            throw new OnnxException(
                    node.describe() + ": attribute " + name + " is of type " + found.type() + ", expected " + type);
        }
        return found;
    }

    boolean has(String name) {
        return node.attributes().containsKey(name);
    }

    long whole(String name, long usual) throws OnnxException {
        Attribute found = find(name, INT);
        return found == null ? usual : found.whole();
    }

    float number(String name, float usual) throws OnnxException {
        Attribute found = find(name, FLOAT);
        return found == null ? usual : found.number();
    }

    String text(String name, String usual) throws OnnxException {
        Attribute found = find(name, STRING);
        return found == null ? usual : found.text();
    }

    List<Long> wholes(String name, List<Long> usual) throws OnnxException {
        Attribute found = find(name, INTS);
        return found == null ? usual : found.wholes();
    }

    List<Float> numbers(String name) throws OnnxException {
        return find(name, FLOATS).numbers();
    }

    OnnxTensor tensor(String name) throws OnnxException {
        OnnxTensor tensor = find(name, TENSOR).tensor();
        if (tensor == null) {
            throw new OnnxException(node.describe() + ": attribute " + name + " has no tensor");
        }
        return tensor;
    }

    /** As {@link #whole}, where only one value can be computed here. */
    void require(String name, long expected, long usual) throws OnnxException {
        long found = whole(name, usual);
        if (found != expected) {
            throw new OnnxException(
                    node.describe() + ": " + name + " " + found + " is not supported, only " + expected);
        }
    }

    /** As {@link #number}, where only one value can be computed here. */
    void require(String name, float expected) throws OnnxException {
        float found = number(name, expected);
        if (found != expected) {
            throw new OnnxException(
                    node.describe() + ": " + name + " " + found + " is not supported, only " + expected);
        }
    }

    /** For settings without a meaning for what is computed. */
    void ignore(String... names) {
        for (String name : names) {
            left.remove(name);
        }
    }

    /** When all that is known was asked for: what is left would be a change of what is computed. */
    void done() throws OnnxException {
        if (!left.isEmpty()) {
            throw new OnnxException(node.describe() + ": attribute "
                    + OnnxException.quote(left.iterator().next()) + " is not supported");
        }
    }
}
