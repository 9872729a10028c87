package io.softshare.cli;

import io.softshare.codec.LimitException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** One line for people from whatever was thrown. */
final class Errors {
    private Errors() {}

    static String message(Throwable e) {
        if (e instanceof java.io.UncheckedIOException && e.getCause() != null) {
            return message(e.getCause());
        }
        if (e instanceof NoSuchFileException) {
            return e.getMessage() + " does not exist; check the path";
        }
        if (e instanceof AccessDeniedException) {
            return e.getMessage() + " cannot be opened: permission denied; check its rights";
        }
        if (e instanceof NotDirectoryException || e instanceof FileAlreadyExistsException) {
            return e.getMessage() + " is in the way: not a folder; choose another path";
        }
        if (e instanceof LimitException) {
            return Main.oneLine(e.getMessage())
                    + "; if you trust the file, give eval, inspect or decompress a larger --limit-elements";
        }
        if (e instanceof OutOfMemoryError) {
            return "the Java heap is full; give more with JAVA_TOOL_OPTIONS=-Xmx8g";
        }
        String text = e.getMessage();
        if (e instanceof java.io.IOException
                && text != null
                && text.matches("(?i)(no space|file too large|disk quota).*")) {
            return "a file of the run cannot be written: " + text + "; free some space, then go on with --resume";
        }
        return text == null || text.isBlank()
                ? e.getClass().getSimpleName() + "; run again with --stacktrace and report it"
                : Main.oneLine(text);
    }
}
