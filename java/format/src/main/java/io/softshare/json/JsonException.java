package io.softshare.json;

/** Text that is no JSON, or beyond the reader's limits: the message says where, what was expected and what was found. */
public final class JsonException extends RuntimeException {
    private final int offset;

    public JsonException(int offset, String expected, String found) {
        super("at character " + offset + ": expected " + expected + ", found " + found);
        this.offset = offset;
    }

    /** Characters before the fault. */
    public int offset() {
        return offset;
    }
}
