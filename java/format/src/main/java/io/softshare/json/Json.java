package io.softshare.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** JSON text from and to plain Java values (see the package description). */
public final class Json {
    /** Objects and arrays may lie this deep in one another: far beyond any real file, far below the stack's end. */
    public static final int MAX_DEPTH = 64;

    /** Characters that are read at most unless the caller says otherwise. */
    public static final int MAX_LENGTH = 100_000_000;

    /** Objects, arrays, texts and numbers that are read at most unless the caller says otherwise. */
    public static final int MAX_VALUES = 10_000_000;

    private Json() {}

    /**
     * Reads one value, strictly by RFC 8259; a key that occurs twice in an object is refused.
     *
     * @throws JsonException naming the character at which the text goes wrong
     */
    public static Object parse(String text) {
        return parse(text, MAX_LENGTH);
    }

    /** As {@link #parse(String)}, with the caller's limit on the length of the text. */
    public static Object parse(String text, int maxLength) {
        return parse(text, maxLength, MAX_VALUES);
    }

    private static Object parse(String text, int maxLength, int maxValues) {
        if (text.length() > maxLength) {
            throw new JsonException(maxLength, "at most " + maxLength + " characters", text.length() + " characters");
        }
        return new JsonReader(text, maxValues).document();
    }

    /** Reads UTF-8, refusing bytes that are none. */
    public static Object parse(byte[] utf8, int maxLength) {
        return parse(utf8, maxLength, MAX_VALUES);
    }

    /**
     * As {@link #parse(byte[], int)}, with the caller's limit on the number of values too. Memory is in proportion to the bytes, and to the number of values, each of
     * which may take a hundred bytes for one or two of text.
     */
    public static Object parse(byte[] utf8, int maxLength, int maxValues) {
        if (utf8.length > maxLength) {
            throw new JsonException(maxLength, "at most " + maxLength + " bytes", utf8.length + " bytes");
        }
        try {
            return parse(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(utf8))
                            .toString(),
                    maxLength,
                    maxValues);
        } catch (CharacterCodingException e) {
            throw new JsonException(0, "UTF-8 text", "bytes that are no UTF-8");
        }
    }

    /**
     * One line of JSON. Takes what {@link #parse} gives, and also other numbers, arrays of primitives, iterables, enums
     * (their name) and records (their components in order). Maps keep their own order: hand over one that has an order.
     * Numbers are the shortest that read back as the same value; JSON has no NaN or infinity, they become null.
     */
    public static String write(Object value) {
        StringBuilder out = new StringBuilder();
        new JsonWriter(out, false).value(value, 0);
        return out.toString();
    }

    /** As {@link #write}, indented by two spaces a level. */
    public static String writePretty(Object value) {
        StringBuilder out = new StringBuilder();
        new JsonWriter(out, true).value(value, 0);
        return out.append('\n').toString();
    }
}
