package io.softshare.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** ONNX files put together by hand, right or wrong. */
final class ProtobufModels {
    private final ProtobufSink graph = new ProtobufSink();

    /** A network of 1×4×4 images in three classes: flatten, then the given. */
    static ProtobufModels start() {
        ProtobufModels m = new ProtobufModels();
        m.end(11, "x", 1, -1, 1, 4, 4);
        m.end(12, "y", 1, -1, 3);
        return m;
    }

    /** The same, whole: Flatten and Gemm. */
    static ProtobufModels small() {
        return start().weights("w", 3, 16)
                .weights("b", 3)
                .node("Flatten", "f", "x")
                .gemm("y", "f", "w", "b");
    }

    ProtobufModels gemm(String output, String... inputs) {
        return node("Gemm", output, List.of(inputs), n -> n.message(5, whole("transB", 1)));
    }

    ProtobufModels node(String type, String output, String... inputs) {
        return node(type, output, List.of(inputs), n -> {});
    }

    ProtobufModels node(String type, String output, List<String> inputs, Consumer<ProtobufSink> more) {
        ProtobufSink node = new ProtobufSink();
        inputs.forEach(i -> node.text(1, i));
        node.text(2, output).text(3, "/" + output).text(4, type);
        more.accept(node);
        graph.message(1, node);
        return this;
    }

    static ProtobufSink whole(String name, long value) {
        return new ProtobufSink().text(1, name).whole(3, value).whole(20, 2);
    }

    static ProtobufSink number(String name, float value) {
        return new ProtobufSink().text(1, name).number(2, value).whole(20, 1);
    }

    static ProtobufSink text(String name, String value) {
        return new ProtobufSink().text(1, name).text(4, value).whole(20, 3);
    }

    static ProtobufSink wholes(String name, long... values) {
        ProtobufSink attribute = new ProtobufSink().text(1, name);
        for (long v : values) {
            attribute.whole(8, v);
        }
        return attribute.whole(20, 7);
    }

    /** Floats as raw bytes: 0.5 everywhere. */
    ProtobufModels weights(String name, long... shape) {
        long size = 1;
        for (long d : shape) {
            size *= d;
        }
        byte[] raw = new byte[4 * (int) size];
        for (int i = 3; i < raw.length; i += 4) {
            raw[i] = 0x3F;
        }
        return tensor(name, 1, t -> t.bytes(9, raw), shape);
    }

    ProtobufModels tensor(String name, int type, Consumer<ProtobufSink> values, long... shape) {
        ProtobufSink tensor = new ProtobufSink();
        for (long d : shape) {
            tensor.whole(1, d);
        }
        tensor.whole(2, type).text(8, name);
        values.accept(tensor);
        graph.message(5, tensor);
        return this;
    }

    ProtobufModels end(int field, String name, int type, long... dimensions) {
        ProtobufSink shape = new ProtobufSink();
        for (long d : dimensions) {
            shape.message(1, d < 0 ? new ProtobufSink().text(2, "n") : new ProtobufSink().whole(1, d));
        }
        ProtobufSink kind = new ProtobufSink().whole(1, type).message(2, shape);
        graph.message(field, new ProtobufSink().text(1, name).message(2, new ProtobufSink().message(1, kind)));
        return this;
    }

    ProtobufModels raw(Consumer<ProtobufSink> part) {
        part.accept(graph);
        return this;
    }

    byte[] bytes() {
        return bytes(17);
    }

    byte[] bytes(int opset) {
        return new ProtobufSink()
                .whole(1, 8)
                .message(7, graph)
                .message(8, new ProtobufSink().text(1, "").whole(2, opset))
                .toBytes();
    }

    /** Every prefix of a file. */
    static List<byte[]> cuts(byte[] file, int step) {
        List<byte[]> cuts = new ArrayList<>();
        for (int i = 0; i < file.length; i += step) {
            cuts.add(java.util.Arrays.copyOf(file, i));
        }
        return cuts;
    }
}
