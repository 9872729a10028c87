package io.softshare.safetensors;

import java.io.IOException;

/** A file that is no safetensors file, or not the one needed: what was expected, what was found, in one line. */
public final class SafetensorsException extends IOException {
    public SafetensorsException(String message) {
        super(message);
    }

    public SafetensorsException(String message, Throwable cause) {
        super(message, cause);
    }
}
