package io.softshare.onnx;

import io.softshare.codec.Half;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/**
 * A constant tensor where it lies in the file; its values are decoded when they are asked for.
 *
 * @param dimensions outermost first; empty for a single number
 * @param type see {@link ElementTypes}
 * @param raw values as little-endian bytes, or null; shared with the file
 * @param packed values as protobuf's lists hold them, or null; halves lie in whole numbers there
 * @param external where else they lie, or null
 */
record OnnxTensor(String name, List<Long> dimensions, int type, ByteBuffer raw, Packed packed, External external) {

    /** Values in one of the typed lists: those of the one that fits the type are used. */
    record Packed(float[] floats, long[] wholes, double[] doubles) {}

    /** Values in a file beside the model. length −1: to its end. */
    record External(String location, long offset, long length) {}

    String describe() {
        return "tensor " + OnnxException.quote(name);
    }

    /** Number of values; the dimensions were checked when the tensor was read. */
    int size() {
        long size = 1;
        for (long d : dimensions) {
            size *= d;
        }
        return (int) size;
    }

    boolean isFloat() {
        return type == ElementTypes.FLOAT
                || type == ElementTypes.DOUBLE
                || type == ElementTypes.FLOAT16
                || type == ElementTypes.BFLOAT16;
    }

    /** Whether all that it holds in the model's file is zero, of any type. */
    boolean isZero() {
        boolean zero = external == null;
        if (packed != null) {
            for (long value : packed.wholes) {
                zero &= value == 0;
            }
            for (float value : packed.floats) {
                zero &= value == 0;
            }
        }
        for (int i = 0; raw != null && i < raw.limit(); i++) {
            zero &= raw.get(i) == 0;
        }
        return zero;
    }

    /** Values as floats, doubles rounded. @param model the file that it came from, beside which external data lies */
    float[] floats(Path model) throws OnnxException {
        if (!isFloat()) {
            throw new OnnxException(describe() + ": expected floats, found " + ElementTypes.name(type));
        }
        float[] values;
        if (external == null && raw == null) {
            values = packedFloats();
        } else {
            ByteBuffer bytes = bytes(model);
            values = new float[size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (type) {
                    case ElementTypes.FLOAT -> bytes.getFloat();
                    case ElementTypes.DOUBLE -> (float) bytes.getDouble();
                    case ElementTypes.FLOAT16 -> Half.toFloat(bytes.getShort() & 0xFFFF);
                    default -> Float.intBitsToFloat(bytes.getShort() << 16);
                };
            }
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new OnnxException(
                        describe() + ": value " + i + " is " + values[i] + ", expected a finite number");
            }
        }
        return values;
    }

    private float[] packedFloats() throws OnnxException {
        int count = switch (type) {
            case ElementTypes.FLOAT -> packed.floats.length;
            case ElementTypes.DOUBLE -> packed.doubles.length;
            default -> packed.wholes.length;
        };
        expect(count, "values");
        if (type == ElementTypes.FLOAT) {
            return packed.floats;
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = switch (type) {
                case ElementTypes.DOUBLE -> (float) packed.doubles[i];
                case ElementTypes.FLOAT16 -> Half.toFloat((int) packed.wholes[i] & 0xFFFF);
                default -> Float.intBitsToFloat((int) packed.wholes[i] << 16);
            };
        }
        return values;
    }

    /** Values of a tensor of whole numbers. */
    long[] wholes(Path model) throws OnnxException {
        if (type != ElementTypes.INT64 && type != ElementTypes.INT32) {
            throw new OnnxException(describe() + ": expected INT64, found " + ElementTypes.name(type));
        }
        if (size() > OnnxLimits.WHOLE_NUMBERS) {
            throw new OnnxException(
                    describe() + ": expected " + OnnxLimits.WHOLE_NUMBERS + " whole numbers at most, found " + size());
        }
        if (external == null && raw == null) {
            expect(packed.wholes.length, "values");
            return packed.wholes.clone();
        }
        ByteBuffer bytes = bytes(model);
        long[] values = new long[size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = type == ElementTypes.INT64 ? bytes.getLong() : bytes.getInt();
        }
        return values;
    }

    private ByteBuffer bytes(Path model) throws OnnxException {
        long expected = (long) size() * ElementTypes.bytes(type);
        ByteBuffer bytes = external == null ? raw.duplicate() : ExternalData.read(model, this, expected);
        expect(bytes.remaining() / (double) ElementTypes.bytes(type), "values");
        return bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    private void expect(double found, String what) throws OnnxException {
        if (found != size()) {
            throw new OnnxException(describe() + ": shape " + dimensions + " has " + size() + " " + what + ", found "
                    + (found == Math.rint(found) ? String.valueOf((long) found) : String.valueOf(found)));
        }
    }
}
