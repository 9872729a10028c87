package io.softshare.data;

/** Data that cannot be read, fetched or used. The message is one line: what is wrong, where, what to do. */
public final class DataException extends RuntimeException {
    public DataException(String message) {
        super(oneLine(message));
    }

    public DataException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** File names and messages of other programs may hold line breaks and control characters. */
    private static String oneLine(String message) {
        return message.replaceAll("[\\p{Cntrl}\\u2028\\u2029]+", " ").strip();
    }
}
