package io.softshare.device;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/** Checks that a buffer holds what native code will touch, and gives its pointer. A null buffer is a null pointer. */
final class Pointers {
    private Pointers() {}

    static FloatPointer floats(String name, Buffer buffer, long count) {
        return buffer == null ? null : require(name, buffer, count, Float.BYTES).floats();
    }

    /** Floats, or bfloat16, two bytes each. */
    static Pointer elements(String name, Buffer buffer, long count, boolean bf16) {
        return buffer == null ? null : bf16 ? require(name, buffer, count, 2).open() : floats(name, buffer, count);
    }

    static DoublePointer doubles(String name, Buffer buffer, long count) {
        return buffer == null
                ? null
                : require(name, buffer, count, Double.BYTES).doubles();
    }

    static IntPointer ints(String name, Buffer buffer, long count) {
        return buffer == null
                ? null
                : require(name, buffer, count, Integer.BYTES).ints();
    }

    static LongPointer longs(String name, Buffer buffer, long count) {
        return buffer == null ? null : require(name, buffer, count, Long.BYTES).longs();
    }

    static BytePointer bytes(String name, Buffer buffer, long count) {
        return buffer == null ? null : require(name, buffer, count, 1).open();
    }

    private static Buffer require(String name, Buffer buffer, long count, int size) {
        if (count < 0 || Math.multiplyExact(count, (long) size) > buffer.bytes()) {
            throw new IllegalArgumentException(
                    name + ": expected at least " + count * size + " bytes, found a buffer of " + buffer.bytes());
        }
        return buffer;
    }

    /** Product of sizes, refusing overflow. */
    static long size(long... factors) {
        long product = 1;
        for (long factor : factors) {
            product = Math.multiplyExact(product, factor);
        }
        return product;
    }
}
