package io.softshare.device;

/**
 * Where a network lives and runs. Used by one thread at a time. Closing frees the context and its operations; buffers
 * are closed by whoever allocated them.
 */
public interface Device extends AutoCloseable {

    /** One line for people and checkpoints: kind, instruction set or model, library versions, threads. */
    String describe();

    /** Short kind: {@code cpu} or {@code cuda}. */
    String kind();

    /** Zeroed memory of the device, 64-byte aligned. The caller closes it. */
    Buffer allocate(long bytes);

    /**
     * Bytes of memory in use: of a GPU all of it, whoever took it; of the CPU this process's buffers. Differences of it tell
     * what some work needs.
     */
    long bytesInUse();

    /** The kernels, on this device. */
    Kernels kernels();

    /**
     * What makes a network's layers: the kernels, fused as far as they can be; or, not fused, the vendor's library where
     * the device has one, else the kernels too.
     *
     * @throws DeviceException if that library cannot be used: the line says why and how to add it
     */
    default LayerOperations layers(boolean fused) {
        return kernels();
    }

    /** Zeroed memory for so many floats. */
    default Buffer floats(long count) {
        return allocate(Math.multiplyExact(count, (long) Float.BYTES));
    }

    /** For work that is done many times alike, such as training steps. Closed by the caller. */
    default Steps steps() {
        return Steps.DIRECT;
    }

    /** Seconds that the device took for some work, by its own clock, after what was queued before. */
    default double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    void close();
}
