package io.softshare.device;

/** An operation of a layer, made for fixed sizes. Closed by who made it, or with its device. */
public interface LayerOperation extends AutoCloseable {
    /** Names of the library implementations in use, comma-separated; empty for own kernels. */
    String implementation();

    @Override
    void close();
}
