package io.softshare.safetensors;

import io.softshare.codec.Half;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Types of values. The ones that hold whole numbers are known by size only: a counter may lie beside the weights. */
enum ElementType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    U64(8),
    I32(4),
    U32(4),
    I16(2),
    U16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    static Optional<ElementType> byName(String name) {
        for (ElementType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    int bytes() {
        return bytes;
    }

    /** Whether its values can be weights. */
    boolean isFloat() {
        return ordinal() <= BF16.ordinal();
    }

    /** The next value as a float, rounded if it is a double. */
    float read(ByteBuffer in) {
        return switch (this) {
            case F64 -> (float) in.getDouble();
            case F32 -> in.getFloat();
            case F16 -> Half.toFloat(in.getShort() & 0xFFFF);
            case BF16 -> Float.intBitsToFloat(in.getShort() << 16);
            default -> throw new IllegalStateException(this + " is no float");
        };
    }
}
