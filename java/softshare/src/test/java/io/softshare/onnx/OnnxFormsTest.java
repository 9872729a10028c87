package io.softshare.onnx;

import static io.softshare.onnx.ProtobufModels.start;
import static io.softshare.onnx.ProtobufModels.whole;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing.Layout;
import io.softshare.graph.Shape;
import io.softshare.graph.Signature.Head;
import io.softshare.graph.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The several forms in which a file may say the same. */
class OnnxFormsTest {
    private static final float[] VALUES = new float[48];

    static {
        for (int i = 0; i < VALUES.length; i++) {
            VALUES[i] = (i - 20) / 4f; // exact as a half, too
        }
    }

    private static OnnxNetwork read(ProtobufModels model, Shape images) throws OnnxException {
        return OnnxReader.read(model.bytes(), images, OnnxLimits.DEFAULT);
    }

    private static void weightsAre(int type, Consumer<ProtobufSink> values) throws Exception {
        OnnxNetwork network = read(
                start().tensor("w", type, values, 3, 16)
                        .node("Flatten", "f", "x")
                        .gemm("y", "f", "w"),
                null);
        assertArrayEquals(VALUES, network.tensors().get("w"), "type " + type);
    }

    private static byte[] bytes(int each, java.util.function.BiConsumer<ByteBuffer, Float> put) {
        ByteBuffer buffer = ByteBuffer.allocate(each * VALUES.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : VALUES) {
            put.accept(buffer, value);
        }
        return buffer.array();
    }

    /** The half of a number that one holds exactly and that is zero or at least 2^−14. */
    private static short half(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        return (short) (value == 0 ? sign : sign | (bits >>> 23 & 0xFF) - 112 << 10 | bits >>> 13 & 0x3FF);
    }

    @Test
    void typesOfWeights() throws Exception {
        weightsAre(ElementTypes.FLOAT, t -> t.bytes(9, bytes(4, ByteBuffer::putFloat)));
        weightsAre(ElementTypes.FLOAT, t -> t.bytes(4, bytes(4, ByteBuffer::putFloat)));
        weightsAre(ElementTypes.FLOAT, t -> {
            for (float value : VALUES) {
                t.number(4, value); // not packed
            }
        });
        weightsAre(ElementTypes.DOUBLE, t -> t.bytes(9, bytes(8, (b, v) -> b.putDouble(v))));
        weightsAre(ElementTypes.DOUBLE, t -> t.bytes(10, bytes(8, (b, v) -> b.putDouble(v))));
        weightsAre(ElementTypes.FLOAT16, t -> t.bytes(9, bytes(2, (b, v) -> b.putShort(half(v)))));
        weightsAre(ElementTypes.FLOAT16, t -> {
            for (float value : VALUES) {
                t.whole(5, half(value) & 0xFFFF);
            }
        });
        weightsAre(
                ElementTypes.BFLOAT16,
                t -> t.bytes(9, bytes(2, (b, v) -> b.putShort((short) (Float.floatToRawIntBits(v) >>> 16)))));
    }

    @Test
    void matrixProductWithAConstantThatComesLater() throws Exception {
        ProtobufModels model =
                start().weights("w", 16, 3).node("Flatten", "f", "x").node("MatMul", "m", "f", "w");
        ProtobufSink tensor = new ProtobufSink().whole(1, 3).whole(2, 1).bytes(9, new byte[12]);
        model.node(
                "Constant",
                "c",
                List.of(),
                n -> n.message(
                        5,
                        new ProtobufSink().text(1, "value").message(5, tensor).whole(20, 4)));
        Graph graph = read(model.node("Add", "y", "c", "m"), null).graph();
        Node last = graph.nodes().get(1);
        assertEquals(new Operation.Linear(16, 3, true, true), last.operation());
        assertEquals(List.of("w", "c"), last.tensorNames());
    }

    @Test
    void flatInputs() throws Exception {
        ProtobufModels vectors = new ProtobufModels()
                .end(11, "x", 1, -1, 16)
                .end(12, "y", 1, -1, 3)
                .weights("w", 3, 16);
        vectors.gemm("y", "x", "w");
        assertEquals(Shape.flat(16), read(vectors, null).graph().input());
        Graph forImages = read(vectors, new Shape(1, 4, 4)).graph();
        assertEquals(new Shape(1, 4, 4), forImages.input());
        assertEquals(Layout.FLAT, forImages.preprocessing().layout());
        assertEquals(new Operation.Flatten(), forImages.nodes().get(0).operation());

        ProtobufModels image = new ProtobufModels().end(11, "x", 1, -1, 16).end(12, "y", 1, -1, 3);
        image.tensor(
                "to",
                7,
                t -> {
                    for (long d : new long[] {-1, 1, 4, 4}) {
                        t.whole(7, d);
                    }
                },
                4);
        image.weights("k", 3, 1, 4, 4)
                .node("Reshape", "i", "x", "to")
                .node("Conv", "c", "i", "k")
                .node("Flatten", "y", "c");
        Graph graph = read(image, null).graph();
        assertEquals(new Shape(1, 4, 4), graph.input());
        assertEquals(1, graph.nodes().size());
    }

    /** Exporters store equal tensors once: here two layers read the same weights. */
    @Test
    void sharedTensorsAreCopied() throws Exception {
        ProtobufModels model = start().weights("a.weight", 16, 16)
                .weights("a.bias", 16)
                .weights("b.bias", 16)
                .weights("w", 3, 16);
        model.node("Flatten", "f", "x").gemm("g", "f", "a.weight", "a.bias").node("Relu", "r", "g");
        OnnxNetwork network = read(model.gemm("h", "r", "a.weight", "b.bias").gemm("y", "h", "w"), null);
        assertEquals(
                List.of("a.weight", "a.bias", "b.weight", "b.bias", "w"),
                network.graph().tensors().stream().map(TensorSpec::name).toList());
        assertEquals(1, network.notes().size());
        assertTrue(
                network.notes().get(0).startsWith("tensor a.weight is used more than once"),
                network.notes().toString());
    }

    @Test
    void softmaxOfAConvolutionAndASqueeze() throws Exception {
        ProtobufModels model = new ProtobufModels().end(11, "x", 1, -1, 1, 4, 4).end(12, "s", 1, -1, 3, 1, 1);
        model.weights("k", 3, 1, 4, 4);
        model.node("Conv", "c", List.of("x", "k"), n -> n.message(5, ProtobufModels.text("auto_pad", "VALID")));
        model.node("LSTM", "unused", "c").node("Softmax", "s", List.of("c"), n -> n.message(5, whole("axis", 1)));
        assertEquals(Head.SOFTMAX, read(model, null).graph().signature().head());

        ProtobufModels squeezed = start().weights("k", 3, 1, 4, 4);
        squeezed.tensor("axes", 7, t -> t.whole(7, -1).whole(7, 2), 2).node("Conv", "c", "x", "k");
        Graph graph = read(squeezed.node("Squeeze", "y", "c", "axes"), null).graph();
        assertEquals(
                List.of("convolution#0"), graph.nodes().stream().map(Node::name).toList());
    }
}
