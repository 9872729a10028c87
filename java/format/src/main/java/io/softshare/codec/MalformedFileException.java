package io.softshare.codec;

import java.io.IOException;

/** A file that is not what it should be: where, what was expected, what was found. */
public final class MalformedFileException extends IOException {
    private final long offset;

    public MalformedFileException(long offset, String expected, String found) {
        this(offset, expected, found, null);
    }

    public MalformedFileException(long offset, String expected, String found, Throwable cause) {
        super("malformed file: at byte " + offset + " expected " + expected + ", found " + found, cause);
        this.offset = offset;
    }

    /** Byte at which the fault was noticed. */
    public long offset() {
        return offset;
    }
}
