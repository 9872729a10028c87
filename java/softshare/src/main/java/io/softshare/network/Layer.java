package io.softshare.network;

/** One compiled node. Values and gradients lie in buffers it was made with. */
interface Layer extends AutoCloseable {
    void forward();

    /** From the output's gradient to the parameters' and the inputs'. May overwrite the output's gradient, which {@link Sharing} knows of. */
    void backward();

    /** Names of library implementations in use; empty for own kernels. */
    default String implementation() {
        return "";
    }

    @Override
    default void close() {}
}
