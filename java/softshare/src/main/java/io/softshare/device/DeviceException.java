package io.softshare.device;

/** A device or its library failed, or was asked for something it cannot do: one line for people. */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    DeviceException(int status, String message) {
        super(message);
        this.status = status;
    }

    DeviceException(int status, String message, Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /** Whether memory was the problem: with less work it may succeed. */
    public boolean outOfMemory() {
        return status == Native.SOFTSHARE_OUT_OF_MEMORY;
    }

    /** SOFTSHARE_* status of softshare.h. */
    public int status() {
        return status;
    }
}
