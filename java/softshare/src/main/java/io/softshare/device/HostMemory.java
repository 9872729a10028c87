package io.softshare.device;

import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.Pointer;

/** This process's memory. calloc is called directly: JavaCPP would count its own allocations against the Java heap. */
final class HostMemory implements MemorySpace {
    static final HostMemory INSTANCE = new HostMemory();

    private final AtomicLong inUse = new AtomicLong();

    private HostMemory() {}

    @Override
    public Pointer take(long bytes) {
        Pointer base = Pointer.calloc(1, bytes);
        if (base == null || base.isNull()) {
            throw new DeviceException(
                    Native.SOFTSHARE_OUT_OF_MEMORY, "out of memory: " + (bytes >> 20) + " MiB could not be allocated");
        }
        inUse.addAndGet(bytes);
        return base;
    }

    @Override
    public void free(Pointer base, long bytes) {
        Pointer.free(base);
        inUse.addAndGet(-bytes);
    }

    @Override
    public long inUse() {
        return inUse.get();
    }

    @Override
    public boolean onHost() {
        return true;
    }

    @Override
    public void write(Pointer to, Pointer host, long bytes) {
        Pointer.memcpy(to, host, bytes);
    }

    @Override
    public void read(Pointer from, Pointer host, long bytes) {
        Pointer.memcpy(host, from, bytes);
    }

    @Override
    public void copy(Pointer to, Pointer from, long bytes) {
        Pointer.memcpy(to, from, bytes);
    }

    @Override
    public void clear(Pointer to, long bytes) {
        Pointer.memset(to, 0, bytes);
    }
}
