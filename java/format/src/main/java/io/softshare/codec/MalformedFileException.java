package io.softshare.codec;

import java.io.IOException;
import java.nio.file.Path;

/** A file that is not what it should be: where, what was expected, what was found. */
public class MalformedFileException extends IOException {
    private final long offset;

    public MalformedFileException(long offset, String expected, String found) {
        this(offset, expected, found, null);
    }

    public MalformedFileException(long offset, String expected, String found, Throwable cause) {
        this("malformed file: at byte " + offset + " expected " + expected + ", found " + found, offset, cause);
    }

    MalformedFileException(String message, long offset, Throwable cause) {
        super(message, cause);
        this.offset = offset;
    }

    /** Byte at which the fault was noticed. */
    public final long offset() {
        return offset;
    }

    /** The same with the file's name in front. */
    public MalformedFileException in(Path file) {
        return new MalformedFileException(file + ": " + getMessage(), offset, this);
    }
}
