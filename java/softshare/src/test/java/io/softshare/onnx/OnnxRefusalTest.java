package io.softshare.onnx;

import static io.softshare.onnx.ProtobufModels.number;
import static io.softshare.onnx.ProtobufModels.small;
import static io.softshare.onnx.ProtobufModels.start;
import static io.softshare.onnx.ProtobufModels.text;
import static io.softshare.onnx.ProtobufModels.whole;
import static io.softshare.onnx.ProtobufModels.wholes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.graph.Shape;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is no network that can be computed here is refused in one line that names the place. */
class OnnxRefusalTest {
    private static String refused(byte[] file, OnnxLimits limits) {
        String message = assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThrows(OnnxException.class, () -> OnnxReader.read(file, null, limits))
                        .getMessage());
        assertFalse(message.contains("\n"), message);
        return message;
    }

    private static void refused(ProtobufModels model, String... parts) {
        String message = refused(model.bytes(), OnnxLimits.DEFAULT);
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    private static ProtobufModels image(String type, String output, java.util.function.Consumer<ProtobufSink> more) {
        return start().weights("k", 2, 1, 3, 3).node(type, output, List.of("x", "k"), more);
    }

    @Test
    void theSmallNetworkIsRead() throws Exception {
        OnnxNetwork network = OnnxReader.read(small().bytes(), null, OnnxLimits.DEFAULT);
        assertEquals(new Shape(1, 4, 4), network.graph().input());
        assertEquals(0.5f, network.tensors().get("w")[47]);
    }

    @Test
    void operatorsThatAreNotSupportedAreNamedWithTheirNode() {
        refused(start().node("LSTM", "y", "x"), "operator LSTM of node /y is not supported", "Conv, Gemm");
        refused(
                start().node("Relu", "y", List.of("x"), n -> n.text(7, "com.example")),
                "operator com.example.Relu of node /y is not supported");
        refused(small().node("Clip", "z", "y").end(12, "z", 1, -1, 3), "expected one output");
        refused(
                start().node("Softmax", "s", "x").node("Relu", "y", "s"),
                "node /s (Softmax): over axis -1 of (batch, 1, 4, 4)");
    }

    @Test
    void settingsThatAreNotSupported() {
        refused(image("Conv", "y", n -> n.message(5, whole("group", 2))), "node /y (Conv): group 2", "only 1");
        refused(image("Conv", "y", n -> n.message(5, wholes("dilations", 2, 2))), "dilations [2, 2]");
        refused(
                image("Conv", "y", n -> n.message(5, wholes("pads", 0, 0, 1, 1))),
                "padding [0, 0] before and [1, 1] after");
        refused(
                image(
                        "Conv",
                        "y",
                        n -> n.message(5, text("auto_pad", "SAME_UPPER")).message(5, wholes("strides", 2, 2))),
                "padding [0, 0] before and [1, 1] after");
        refused(image("Conv", "y", n -> n.message(5, wholes("strides", 0, 1))), "stride or padding of 0");
        refused(
                image("Conv", "y", n -> n.message(5, wholes("kernel_shape", 5, 5))),
                "kernel_shape of [3, 3], found [5, 5]");
        refused(image("Conv", "y", n -> n.message(5, whole("shortcut", 1))), "attribute shortcut is not supported");
        refused(image("Conv", "y", n -> n.message(5, number("group", 1))), "attribute group is of type 1, expected 2");
        refused(
                start().node(
                                "AveragePool",
                                "y",
                                List.of("x"),
                                n -> n.message(5, wholes("kernel_shape", 3, 3))
                                        .message(5, wholes("pads", 1, 1, 1, 1))
                                        .message(5, whole("count_include_pad", 1))),
                "count_include_pad 1");
        refused(
                start().node(
                                "MaxPool",
                                "y",
                                List.of("x"),
                                n -> n.message(5, wholes("kernel_shape", 3, 3))
                                        .message(5, wholes("strides", 2, 2))
                                        .message(5, whole("ceil_mode", 1))),
                "ceil_mode 1");
        refused(
                start().weights("w", 16, 3)
                        .node("Flatten", "f", "x")
                        .node("Gemm", "y", List.of("f", "w"), n -> n.message(5, number("alpha", 2))),
                "alpha 2.0 is not supported");
        refused(start().weights("c", 1).node("Add", "y", "x", "c"), "adding a constant", "after MatMul only");
        refused(
                start().weights("t", 1)
                        .weights("w", 3, 16)
                        .node("Dropout", "d", "x", "", "t")
                        .node("Flatten", "f", "d")
                        .gemm("y", "f", "w"),
                "training mode");
        refused(
                start().tensor("to", 7, t -> t.bytes(7, new byte[] {2, 8}), 2).node("Reshape", "y", "x", "to"),
                "node /y (Reshape): from (batch, 1, 4, 4) to [2, 8]");
    }

    @Test
    void shapesThatDoNotFit() {
        refused(image("Conv", "y", n -> {}), "output y: expected one value a class, found (batch, 2, 2, 2)");
        refused(
                start().weights("k", 2, 3, 3, 3).node("Conv", "y", "x", "k"),
                "node /y (Conv): input channels: expected 3, found 1");
        refused(start().weights("k", 2, 1, 9, 9).node("Conv", "y", "x", "k"), "node /y (Conv): window 9");
        refused(
                start().weights("w", 3, 15).node("Flatten", "f", "x").gemm("y", "f", "w"),
                "node /y (Gemm): input features: expected 15, found 16");
        refused(start().weights("w", 3, 16).gemm("y", "x", "w"), "node /y (Gemm): expected (batch, features)");
        refused(
                start().weights("w", 3, 16)
                        .weights("b", 4)
                        .node("Flatten", "f", "x")
                        .gemm("y", "f", "w", "b"),
                "expected a bias of shape [3], found [4]");
        refused(
                start().tensor("w", 1, t -> t.bytes(9, new byte[63]), 3, 16)
                        .node("Flatten", "f", "x")
                        .gemm("y", "f", "w"),
                "tensor w: shape [3, 16] has 48 values, found 15.75");
        refused(
                start().tensor("w", 1, t -> t.bytes(4, new byte[8]), 3, 16)
                        .node("Flatten", "f", "x")
                        .gemm("y", "f", "w"),
                "tensor w: shape [3, 16] has 48 values, found 2");
        refused(
                start().tensor("w", 1, t -> t.bytes(9, nan(48)), 3, 16)
                        .node("Flatten", "f", "x")
                        .gemm("y", "f", "w"),
                "tensor w: value 0 is NaN, expected a finite number");
        refused(
                start().tensor("w", 9, t -> t.bytes(9, new byte[48]), 3, 16)
                        .node("Flatten", "f", "x")
                        .gemm("y", "f", "w"),
                "tensor w: expected floats, found BOOL");
    }

    private static byte[] nan(int count) {
        byte[] raw = new byte[4 * count];
        raw[2] = (byte) 0xC0;
        raw[3] = 0x7F;
        return raw;
    }

    @Test
    void graphsThatHangTogetherBadly() {
        refused(start().node("Relu", "y", "nowhere"), "node /y (Relu) reads nowhere, which nothing before it gives");
        refused(start().node("Relu", "y", "y"), "reads y, which nothing before it gives");
        refused(small().node("Relu", "f", "x"), "gives f, which is there already");
        refused(small().weights("w", 3), "two initializers are named w");
        refused(small().end(11, "z", 1, -1, 1), "expected one input, the images, found 2");
        refused(start().weights("y", 3), "output y does not depend on the input");
        refused(start().node("Conv", "y", "x"), "expected 2 inputs or more, found 1");
        refused(start().node("Conv", "y", "x", ""), "expected 2 inputs or more");
        refused(
                new ProtobufModels().end(11, "x", 10, -1, 1, 4, 4).end(12, "y", 10, -1, 3),
                "expected FLOAT, found FLOAT16");
        refused(new ProtobufModels().end(11, "x", 1, -1, 1, -1, 4).end(12, "y", 1, -1, 3), "found an open one");
        refused(new ProtobufModels().end(11, "x", 1, -1, 1, 4).end(12, "y", 1, -1, 3), "found 3 dimensions");
        refused(
                new ProtobufModels()
                        .end(11, "x", 1, -1, 1 << 20, 1 << 20, 1 << 20)
                        .end(12, "y", 1),
                "shape too large");
    }

    @Test
    void filesThatAreNoneOrCut() {
        byte[] file = small().bytes();
        for (byte[] cut : ProtobufModels.cuts(file, 1)) {
            refused(cut, OnnxLimits.DEFAULT);
        }
        assertTrue(refused(ProtobufModels.cuts(file, 1).get(100), OnnxLimits.DEFAULT)
                .contains("it is cut"));
        for (String text : new String[] {"", "{\"a\":1}", "<html>", "PK\3\4", "ONNX"}) {
            refused(text.getBytes(StandardCharsets.UTF_8), OnnxLimits.DEFAULT);
        }
        assertTrue(refused(small().bytes(7), OnnxLimits.DEFAULT).contains("found opset 7"));
        assertTrue(refused(small().bytes(99), OnnxLimits.DEFAULT).contains("found opset 99"));
    }

    @Test
    void limits() {
        OnnxLimits few = new OnnxLimits(1 << 20, 50, 2);
        assertTrue(refused(small().bytes(), few).contains("50 values at most together"));
        OnnxLimits more = new OnnxLimits(1 << 20, 100, 2);
        assertTrue(refused(small().node("Relu", "a", "x").bytes(), more).contains("more than 2 nodes"));
        refused(start().tensor("w", 1, t -> {}, 1L << 40, 1L << 40), "expected dimensions of 0 to");
        refused(start().tensor("w", 1, t -> {}, 1 << 14, 1 << 14, 1 << 14), "values at most together");
        refused(start().tensor("w", 1, t -> {}, -1), "found -1");
        refused(start().tensor("w", 1, t -> {}, 1, 1, 1, 1, 1, 1, 1, 1, 1), "more than 8 dimensions");
        refused(start().node("Relu", "n".repeat(1001), "x"), "1000 bytes at most, found 1001");
        refused(
                start().weights("k", 1, 1, 1, 1)
                        .node(
                                "Conv",
                                "y",
                                List.of("x", "k"),
                                n -> n.message(5, wholes("pads", 60000, 60000, 60000, 60000))),
                "does not fit");
        // Nothing is made of the size that a file asks for.
        refused(
                start().tensor("one", 1, t -> t.bytes(9, new byte[4]))
                        .tensor("to", 7, t -> t.whole(7, 1 << 30), 1)
                        .node("Expand", "e", "one", "to")
                        .weights("k", 1, 1, 1, 1)
                        .node("Conv", "y", "x", "k", "e"),
                "node /e (Expand) to [1073741824] is not supported");
    }

    /** Files that make much of little: one tensor for all nodes, one number for many, one name for all. */
    @Test
    void fewBytesForMuchWork() {
        ProtobufModels shared = start().weights("w", 16, 16).node("Flatten", "v0", "x");
        ProtobufModels repeated = start().tensor("one", 1, t -> t.bytes(9, new byte[4]))
                .tensor("to", 7, t -> t.whole(7, 1 << 18), 1)
                .weights("k", 1, 1, 1, 1);
        repeated.node("Identity", "v0", "x");
        for (int i = 1; i <= 9000; i++) {
            shared.gemm("v" + i, "v" + (i - 1), "w");
            if (i <= 4500) {
                repeated.node("Expand", "e" + i, "one", "to").node("Conv", "v" + i, "v" + (i - 1), "k", "e" + i);
            }
        }
        String message =
                refused(shared.node("Identity", "y", "v9000").bytes(), new OnnxLimits(1 << 20, 1 << 20, 10_000));
        assertTrue(message.contains("more values than are read at most"), message);
        assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> OnnxReader.read(shared.bytes(), null, OnnxLimits.DEFAULT));
        refused(repeated.node("Identity", "y", "v4500"), "(Expand) to [262144] is not supported");
    }

    @Test
    void nestingHasAnEnd() {
        byte[] deep = new byte[100_000]; // groups in groups, of a field that nobody knows
        java.util.Arrays.fill(deep, (byte) (19 << 3 | 3 & 7));
        refused(deep, OnnxLimits.DEFAULT);
        ProtobufSink inner = new ProtobufSink();
        for (int i = 0; i < 2000; i++) {
            inner = new ProtobufSink().message(6, inner); // a graph in an attribute in a node …
        }
        ProtobufSink nested = inner;
        refused(start().node("If", "y", List.of("x"), n -> n.message(5, nested)), "operator If of node /y");
    }

    /** Whatever is changed, an answer comes: a network or a refusal. */
    @Test
    void changedBytes() throws Exception {
        Random random = new Random(5);
        for (String name : List.of("strided", "residual", "pools")) {
            byte[] file = Files.readAllBytes(Fixtures.file(name));
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
                for (int i = 0; i < 1500; i++) {
                    byte[] changed = file.clone();
                    for (int k = 0; k <= i % 3; k++) {
                        changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
                    }
                    if (i % 5 == 0) {
                        changed = java.util.Arrays.copyOf(changed, random.nextInt(changed.length));
                    }
                    try {
                        OnnxReader.read(changed, null, new OnnxLimits(1 << 20, 1 << 20, 500));
                    } catch (OnnxException e) {
                        assertFalse(e.getMessage().isBlank());
                    }
                }
            });
        }
    }

    @Test
    void externalDataStayInTheModelsFolder(@TempDir Path folder) throws Exception {
        Path home = Files.createDirectory(folder.resolve("home"));
        byte[] values = new byte[4 * 48 + 8];
        values[8 + 3] = 0x3F;
        Files.write(home.resolve("net.data"), values);
        Files.write(folder.resolve("secret"), values);
        Files.createSymbolicLink(home.resolve("link"), folder.resolve("secret"));
        assertEquals(0.5f, external(home, "net.data", "8", "192").tensors().get("w")[0]);
        assertEquals(0.5f, external(home, "./net.data", "8", null).tensors().get("w")[0]);
        refusedExternal(home, "../secret", "8", "192", "expected a file in the model's own folder");
        refusedExternal(home, folder.resolve("secret").toString(), "8", "192", "the model's own folder");
        refusedExternal(home, "link", "8", "192", "links out of the model's folder");
        refusedExternal(home, "missing", "8", "192", "which is not there");
        refusedExternal(home, "a\0b", "8", "192", "expected the name of a file");
        refusedExternal(home, "", "8", "192", "the model's own folder");
        refusedExternal(home, "net.data", "9", "192", "expected 192 bytes from byte 9 on, the file has 200");
        refusedExternal(home, "net.data", "8", "191", "found a length of 191");
        refusedExternal(home, "net.data", "-1", "192", "expected a place in a file, found -1");
        refusedExternal(home, "net.data", "9223372036854775807", "192", "the file has 200");
    }

    private static void refusedExternal(Path folder, String file, String offset, String length, String part) {
        OnnxException e = assertThrows(OnnxException.class, () -> external(folder, file, offset, length));
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    private static OnnxNetwork external(Path folder, String file, String offset, String length) throws Exception {
        ProtobufModels model = start().tensor(
                        "w",
                        1,
                        t -> {
                            t.message(13, new ProtobufSink().text(1, "location").text(2, file));
                            t.message(13, new ProtobufSink().text(1, "offset").text(2, offset));
                            if (length != null) {
                                t.message(
                                        13, new ProtobufSink().text(1, "length").text(2, length));
                            }
                            t.whole(14, 1);
                        },
                        3,
                        16)
                .node("Flatten", "f", "x")
                .gemm("y", "f", "w");
        Path onnx = Files.write(folder.resolve("net.onnx"), model.bytes());
        return OnnxReader.read(onnx, null);
    }
}
