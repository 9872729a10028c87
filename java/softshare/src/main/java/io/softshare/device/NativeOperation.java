package io.softshare.device;

import org.bytedeco.javacpp.BytePointer;

/** An operation made with a kernel library: freed by {@link #close()}, or with its kernels. */
public abstract class NativeOperation implements AutoCloseable {
    final Kernels kernels;
    private long handle;

    NativeOperation(Kernels kernels, long handle) {
        this.kernels = kernels;
        this.handle = handle;
    }

    final long handle() {
        kernels.context();
        if (handle == 0) {
            throw new IllegalStateException("the operation is closed");
        }
        return handle;
    }

    /** Names of the library implementations in use, comma-separated; empty for own kernels. */
    public final String implementation() {
        BytePointer text = Native.softshare_implementation(handle());
        return text == null || text.isNull() ? "" : text.getString();
    }

    @Override
    public final void close() {
        if (handle != 0 && kernels.isOpen()) {
            Native.softshare_destroy(handle);
        }
        handle = 0;
    }
}
