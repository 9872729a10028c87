package io.softshare.device;

/**
 * Makes the operations of a network's layers: by the device's own kernels ({@link Kernels}), or, unfused, by its vendor's
 * library. Sizes are checked before native code sees a pointer. Used by one thread at a time.
 */
public interface LayerOperations {
    /** Whether a layer with weights can rectify its output as it is written, and mask its gradient ({@link Kernels#RELU}). */
    boolean fusesRectifier();

    ConvolutionOperation convolution(ConvolutionOperation.Sizes sizes);

    /** flags: {@link Kernels#BIAS}, and {@link Kernels#RELU} where rectifiers are fused. */
    LinearOperation linear(int batch, int in, int out, int flags);

    PoolOperation pool(PoolOperation.Sizes sizes);

    /** Whether a convolution and the max-pool behind it are one operation here ({@link #convolutionPool}), which is faster. */
    default boolean fusesPool(ConvolutionPoolOperation.Sizes sizes) {
        return false;
    }

    /**
     * @param weightsOnly backward is never asked for dx
     * @throws UnsupportedOperationException where the two are never one
     */
    default ConvolutionPoolOperation convolutionPool(ConvolutionPoolOperation.Sizes sizes, boolean weightsOnly) {
        throw new UnsupportedOperationException("a convolution and its max-pool are two layers here");
    }

    /** y = max(x, 0); in place allowed. */
    void reluForward(long count, Buffer x, Buffer y);

    /** dx = dy where y is above 0, else 0; in place (dx = dy) allowed. */
    void reluBackward(long count, Buffer y, Buffer dy, Buffer dx);
}
