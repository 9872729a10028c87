package io.softshare.codec;

import java.nio.file.Path;

/** A file that asks for more than the reader's {@link Limits} allow; it may be right otherwise. */
public final class LimitException extends MalformedFileException {
    /**
     * @param limit what is limited, in the plural
     * @param most the limit
     * @param found what the file asks for
     */
    public LimitException(long offset, String limit, long most, String found) {
        this(
                "beyond a limit: at byte " + offset + " expected at most " + most + " " + limit + ", found " + found,
                offset,
                null);
    }

    private LimitException(String message, long offset, Throwable cause) {
        super(message, offset, cause);
    }

    @Override
    public LimitException in(Path file) {
        return new LimitException(file + ": " + getMessage(), offset(), this);
    }
}
