package io.softshare.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.softshare.onnx.OnnxModel.Attribute;
import io.softshare.onnx.OnnxModel.NodeProto;
import io.softshare.onnx.OnnxModel.ValueInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From bytes to {@link OnnxModel}. The numbers of fields are those of onnx.proto, where each message is named as the method
 * here that reads it; fields that are not named here are passed over.
 *
 * <p>Texts are decoded here and not by the stream, which is stricter, and quiet: protobuf's own decoder makes new JVMs warn.
 */
final class OnnxParser {
    private final CodedInputStream in;
    private final OnnxLimits limits;
    private long elementsLeft;
    private long opset;
    private boolean graphFound;
    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<OnnxTensor> initializers = new ArrayList<>();
    private final List<ValueInfo> inputs = new ArrayList<>();
    private final List<ValueInfo> outputs = new ArrayList<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private OnnxParser(byte[] file, OnnxLimits limits) {
        in = CodedInputStream.newInstance(file);
        in.enableAliasing(true);
        this.limits = limits;
        elementsLeft = limits.elements();
    }

    /** One message's field. */
    private interface Field {
        /** Reads the field of that tag. @return false if it is none that is wanted: it is passed over then */
        boolean read(int tag) throws IOException;
    }

    static OnnxModel parse(byte[] file, OnnxLimits limits) throws OnnxException {
        OnnxParser parser = new OnnxParser(file, limits);
        try {
            parser.fields(parser::model);
        } catch (OnnxException e) {
            throw e;
        } catch (InvalidProtocolBufferException e) {
            int at = parser.in.getTotalBytesRead();
            boolean cut = e.getMessage() != null && e.getMessage().contains("ended unexpectedly");
            throw new OnnxException(
                    cut
                            ? "a field from byte " + at + " on goes beyond the end of the file (" + file.length
                                    + " bytes); it is cut, or no ONNX file"
                            : "no field of an ONNX file can be read at byte " + at + "; it is damaged, or no ONNX file",
                    e);
        } catch (IOException e) {
            throw new OnnxException(
                    "cannot be read at byte " + parser.in.getTotalBytesRead() + ": " + e.getMessage(), e);
        }
        if (!parser.graphFound) {
            throw new OnnxException("there is no graph in it; is it an ONNX file?");
        }
        if (parser.opset == 0) {
            throw new OnnxException("it does not say which version of the operators it uses; it is cut or damaged");
        }
        return new OnnxModel(
                parser.opset, parser.nodes, parser.initializers, parser.inputs, parser.outputs, parser.metadata);
    }

    /** Reads fields until the message, or the file, is over. */
    private void fields(Field field) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (!field.read(tag)) {
                in.skipField(tag);
            }
        }
    }

    private void message(Field field) throws IOException {
        int outer = in.pushLimit(in.readRawVarint32());
        fields(field);
        in.popLimit(outer);
    }

    private static int bytes(int field) {
        return field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    }

    private static int varint(int field) {
        return field << 3 | WireFormat.WIRETYPE_VARINT;
    }

    private static int fixed32(int field) {
        return field << 3 | WireFormat.WIRETYPE_FIXED32;
    }

    private static int fixed64(int field) {
        return field << 3 | WireFormat.WIRETYPE_FIXED64;
    }

    private String text(String what) throws IOException {
        ByteBuffer utf8 = in.readByteBuffer();
        if (utf8.remaining() > OnnxLimits.NAME_BYTES) {
            throw new OnnxException(
                    what + ": expected " + OnnxLimits.NAME_BYTES + " bytes at most, found " + utf8.remaining());
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw new OnnxException(what + ": expected UTF-8, found other bytes", e);
        }
    }

    private static void room(List<?> list, int most, String what) throws OnnxException {
        if (list.size() >= most) {
            throw new OnnxException("more than " + most + " " + what);
        }
    }

    private boolean model(int tag) throws IOException {
        if (tag == bytes(7)) {
            if (graphFound) {
                throw new OnnxException("there are two graphs in it");
            }
            graphFound = true;
            message(this::graph);
        } else if (tag == bytes(8)) {
            operatorSetId();
        } else if (tag == bytes(14)) {
            stringStringEntry(metadata);
        } else {
            return false;
        }
        return true;
    }

    private void operatorSetId() throws IOException {
        String[] domain = {""};
        long[] version = {0};
        message(tag -> {
            if (tag == bytes(1)) {
                domain[0] = text("a domain of operators");
            } else if (tag == varint(2)) {
                version[0] = in.readInt64();
            } else {
                return false;
            }
            return true;
        });
        if (domain[0].isEmpty() || domain[0].equals("ai.onnx")) {
            opset = version[0];
        }
    }

    private void stringStringEntry(Map<String, String> entries) throws IOException {
        String[] entry = {"", ""};
        boolean[] tooLong = {false};
        message(tag -> {
            if (tag == bytes(1)) {
                entry[0] = text("a name of metadata");
            } else if (tag == bytes(2)) {
                ByteBuffer value = in.readByteBuffer(); // other programs keep whole documents here
                tooLong[0] = value.remaining() > OnnxLimits.NAME_BYTES;
                entry[1] =
                        tooLong[0] ? "" : StandardCharsets.UTF_8.decode(value).toString();
            } else {
                return false;
            }
            return true;
        });
        if (!tooLong[0] && entries.size() < OnnxLimits.LIST) {
            entries.put(entry[0], entry[1]);
        }
    }

    private boolean graph(int tag) throws IOException {
        if (tag == bytes(1)) {
            room(nodes, limits.nodes(), "nodes");
            nodes.add(node());
        } else if (tag == bytes(5)) {
            room(initializers, limits.nodes(), "tensors");
            initializers.add(tensor("an initializer"));
        } else if (tag == bytes(11)) {
            room(inputs, limits.nodes(), "inputs");
            inputs.add(valueInfo());
        } else if (tag == bytes(12)) {
            room(outputs, OnnxLimits.LIST, "outputs");
            outputs.add(valueInfo());
        } else if (tag == bytes(15)) {
            throw new OnnxException("a sparse initializer is not supported; export dense tensors");
        } else {
            return false;
        }
        return true;
    }

    private NodeProto node() throws IOException {
        String[] texts = {"", "", ""}; // name, type, domain
        List<String> reads = new ArrayList<>();
        List<String> gives = new ArrayList<>();
        Map<String, Attribute> attributes = new LinkedHashMap<>();
        message(tag -> {
            if (tag == bytes(1)) {
                room(reads, OnnxLimits.LIST, "inputs of a node");
                reads.add(text("an input of a node"));
            } else if (tag == bytes(2)) {
                room(gives, OnnxLimits.LIST, "outputs of a node");
                gives.add(text("an output of a node"));
            } else if (tag == bytes(3)) {
                texts[0] = text("a node's name");
            } else if (tag == bytes(4)) {
                texts[1] = text("a node's operator");
            } else if (tag == bytes(7)) {
                texts[2] = text("a domain of operators");
            } else if (tag == bytes(5)) {
                attribute(attributes);
                if (attributes.size() > OnnxLimits.LIST) {
                    throw new OnnxException("more than " + OnnxLimits.LIST + " attributes of a node");
                }
            } else {
                return false;
            }
            return true;
        });
        return new NodeProto(texts[0], texts[1], texts[2], reads, gives, attributes);
    }

    private void attribute(Map<String, Attribute> attributes) throws IOException {
        String[] texts = {"", ""}; // name, text
        long[] wholes = {0, 0}; // type, value
        float[] number = {0};
        OnnxTensor[] tensor = {null};
        List<Float> floats = new ArrayList<>();
        List<Long> ints = new ArrayList<>();
        message(tag -> {
            if (tag == bytes(1)) {
                texts[0] = text("an attribute's name");
            } else if (tag == fixed32(2)) {
                number[0] = in.readFloat();
            } else if (tag == varint(3)) {
                wholes[1] = in.readInt64();
            } else if (tag == bytes(4)) {
                ByteBuffer text = in.readByteBuffer();
                text.limit(Math.min(text.limit(), OnnxLimits.NAME_BYTES));
                texts[1] = StandardCharsets.UTF_8.decode(text).toString();
            } else if (tag == bytes(5)) {
                tensor[0] = tensor("the tensor of an attribute");
            } else if (tag == fixed32(7) || tag == bytes(7)) {
                list(tag, 4, () -> {
                    room(floats, OnnxLimits.LIST, "values of an attribute");
                    floats.add(in.readFloat());
                });
            } else if (tag == varint(8) || tag == bytes(8)) {
                list(tag, 1, () -> {
                    room(ints, OnnxLimits.LIST, "values of an attribute");
                    ints.add(in.readInt64());
                });
            } else if (tag == varint(20)) {
                wholes[0] = in.readInt32();
            } else {
                return false;
            }
            return true;
        });
        attributes.put(
                texts[0], new Attribute((int) wholes[0], number[0], wholes[1], texts[1], tensor[0], floats, ints));
    }

    private interface Item {
        void read() throws IOException;
    }

    /** A repeated field: packed into one piece, or one value of it. */
    private void list(int tag, int leastBytes, Item item) throws IOException {
        if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
            item.read();
            return;
        }
        int outer = in.pushLimit(in.readRawVarint32());
        while (in.getBytesUntilLimit() >= leastBytes) {
            item.read();
        }
        if (in.getBytesUntilLimit() > 0) {
            throw new OnnxException("a list of values has " + in.getBytesUntilLimit() + " bytes too many");
        }
        in.popLimit(outer);
    }

    private OnnxTensor tensor(String what) throws IOException {
        String[] name = {""};
        long[] numbers = {0, 0}; // type, location
        List<Long> dimensions = new ArrayList<>();
        ByteBuffer[] raw = {null};
        Numbers floats = new Numbers();
        Numbers wholes = new Numbers();
        Numbers doubles = new Numbers();
        Map<String, String> external = new LinkedHashMap<>();
        message(tag -> {
            if (tag == varint(1) || tag == bytes(1)) {
                list(tag, 1, () -> {
                    room(dimensions, OnnxLimits.DIMENSIONS, "dimensions of a tensor");
                    dimensions.add(in.readInt64());
                });
            } else if (tag == varint(2)) {
                numbers[0] = in.readInt32();
            } else if (tag == bytes(8)) {
                name[0] = text("a tensor's name");
            } else if (tag == bytes(9)) {
                raw[0] = in.readByteBuffer();
            } else if (tag == fixed32(4) || tag == bytes(4)) {
                list(tag, 4, () -> floats.add(in.readFixed32(), limits.elements()));
            } else if (tag == varint(5) || tag == bytes(5) || tag == varint(7) || tag == bytes(7)) {
                list(tag, 1, () -> wholes.add(in.readInt64(), limits.elements()));
            } else if (tag == fixed64(10) || tag == bytes(10)) {
                list(tag, 8, () -> doubles.add(in.readFixed64(), limits.elements()));
            } else if (tag == bytes(13)) {
                stringStringEntry(external);
            } else if (tag == varint(14)) {
                numbers[1] = in.readInt64();
            } else {
                return false;
            }
            return true;
        });
        checkSize(what, name[0], dimensions);
        OnnxTensor.External elsewhere = numbers[1] == 1 ? external(name[0], external) : null;
        boolean inPlace = elsewhere == null && raw[0] == null;
        return new OnnxTensor(
                name[0],
                List.copyOf(dimensions),
                (int) numbers[0],
                raw[0],
                inPlace ? new OnnxTensor.Packed(floats.floats(), wholes.longs(), doubles.doubles()) : null,
                elsewhere);
    }

    private void checkSize(String what, String name, List<Long> dimensions) throws OnnxException {
        long size = 1;
        for (long d : dimensions) {
            if (d < 0 || d > limits.elements()) {
                throw new OnnxException(what + " " + OnnxException.quote(name) + ": expected dimensions of 0 to "
                        + limits.elements() + ", found " + d);
            }
            size = Math.min(size * d, limits.elements() + 1); // each at most 2^31: no overflow
        }
        elementsLeft -= size;
        if (elementsLeft < 0) {
            throw new OnnxException("expected tensors of " + limits.elements()
                    + " values at most together, found more, with " + OnnxException.quote(name));
        }
    }

    private static OnnxTensor.External external(String name, Map<String, String> entries) throws OnnxException {
        return new OnnxTensor.External(
                entries.getOrDefault("location", ""),
                number(name, entries.getOrDefault("offset", "0")),
                entries.containsKey("length") ? number(name, entries.get("length")) : -1);
    }

    private static long number(String name, String text) throws OnnxException {
        try {
            long number = Long.parseLong(text);
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new OnnxException("tensor " + OnnxException.quote(name) + ": expected a place in a file, found "
                + OnnxException.quote(text));
    }

    private ValueInfo valueInfo() throws IOException {
        String[] name = {""};
        int[] type = {0};
        List<List<Long>> shape = new ArrayList<>();
        message(tag -> {
            if (tag == bytes(1)) {
                name[0] = text("an end of the graph");
            } else if (tag == bytes(2)) {
                message(kind -> {
                    if (kind != bytes(1)) {
                        return false;
                    }
                    message(part -> tensorType(part, type, shape));
                    return true;
                });
            } else {
                return false;
            }
            return true;
        });
        return new ValueInfo(name[0], type[0], shape.isEmpty() ? null : shape.get(0));
    }

    private boolean tensorType(int tag, int[] type, List<List<Long>> shape) throws IOException {
        if (tag == varint(1)) {
            type[0] = in.readInt32();
        } else if (tag == bytes(2)) {
            List<Long> dimensions = new ArrayList<>();
            message(part -> {
                if (part != bytes(1)) {
                    return false;
                }
                room(dimensions, OnnxLimits.DIMENSIONS, "dimensions of an end of the graph");
                long[] value = {-1};
                message(dimension -> {
                    if (dimension != varint(1)) {
                        return false;
                    }
                    value[0] = in.readInt64();
                    return true;
                });
                dimensions.add(value[0]);
                return true;
            });
            shape.clear();
            shape.add(dimensions);
        } else {
            return false;
        }
        return true;
    }

    /** A growing list of bits. */
    private static final class Numbers {
        private long[] bits = new long[0];
        private int size;

        void add(long value, long most) throws OnnxException {
            if (size == most) {
                throw new OnnxException("expected tensors of " + most + " values at most together, found more");
            }
            if (size == bits.length) {
                bits = java.util.Arrays.copyOf(bits, (int) Math.min(most, Math.max(16, 2L * size)));
            }
            bits[size++] = value;
        }

        float[] floats() {
            float[] values = new float[size];
            for (int i = 0; i < size; i++) {
                values[i] = Float.intBitsToFloat((int) bits[i]);
            }
            return values;
        }

        long[] longs() {
            return java.util.Arrays.copyOf(bits, size);
        }

        double[] doubles() {
            double[] values = new double[size];
            for (int i = 0; i < size; i++) {
                values[i] = Double.longBitsToDouble(bits[i]);
            }
            return values;
        }
    }
}
