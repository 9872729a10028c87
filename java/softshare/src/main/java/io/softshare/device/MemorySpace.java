package io.softshare.device;

import org.bytedeco.javacpp.Pointer;

/** Where buffers' bytes lie, and how they get there and back. Sizes are checked by {@link Buffer}. */
interface MemorySpace {
    /** So many bytes, to be given back with {@link #free}; zeroed if they are on the host. */
    Pointer take(long bytes);

    /** bytes: as they were taken. */
    void free(Pointer base, long bytes);

    /** Bytes of the space in use now, as far as can be told: see {@link Device#bytesInUse}. */
    long inUse();

    /** Whether this process may touch the memory directly. */
    boolean onHost();

    /** From host memory; done when it returns. */
    void write(Pointer to, Pointer host, long bytes);

    /** Into host memory; done when it returns, and so is all work queued before. */
    void read(Pointer from, Pointer host, long bytes);

    /** Within the space; in the order of the device's work. */
    void copy(Pointer to, Pointer from, long bytes);

    /** Sets bytes to 0; in the order of the device's work. */
    void clear(Pointer to, long bytes);
}
