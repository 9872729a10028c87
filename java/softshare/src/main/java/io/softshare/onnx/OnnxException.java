package io.softshare.onnx;

import java.io.IOException;

/** A file that is no ONNX file, or not one that can be read here: the node or tensor, what was expected and found, in one line. */
public final class OnnxException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST_NAME = 100;

    public OnnxException(String message) {
        super(message);
    }

    public OnnxException(String message, Throwable cause) {
        super(message, cause);
    }

    /** A name from a file, fit for a line of text. */
    static String quote(String name) {
        StringBuilder shown = new StringBuilder();
        name.codePoints().limit(LONGEST_NAME).forEach(c -> shown.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return shown + (name.codePointCount(0, name.length()) > LONGEST_NAME ? "…" : "");
    }
}
