package io.softshare.device;

/** A 2-D convolution of fixed sizes; activations NHWC, weights OIHW. */
public interface ConvolutionOperation extends LayerOperation {
    /** Sizes of a convolution. Flags: see {@link Kernels#BIAS} and {@link Kernels#RELU}. */
    public record Sizes(
            int batch,
            int inChannels,
            int inHeight,
            int inWidth,
            int outChannels,
            int kernelHeight,
            int kernelWidth,
            int strideHeight,
            int strideWidth,
            int padHeight,
            int padWidth,
            int flags) {

        /** The same with a rectifier behind it. */
        public Sizes rectified() {
            return new Sizes(
                    batch,
                    inChannels,
                    inHeight,
                    inWidth,
                    outChannels,
                    kernelHeight,
                    kernelWidth,
                    strideHeight,
                    strideWidth,
                    padHeight,
                    padWidth,
                    flags | Kernels.RELU);
        }

        long inputs() {
            return Pointers.size(batch, inChannels, inHeight, inWidth);
        }

        int outHeight() {
            return Math.toIntExact((inHeight + 2L * padHeight - kernelHeight) / strideHeight + 1);
        }

        int outWidth() {
            return Math.toIntExact((inWidth + 2L * padWidth - kernelWidth) / strideWidth + 1);
        }

        long outputs() {
            return Pointers.size(batch, outChannels, outHeight(), outWidth());
        }

        long weights() {
            return Pointers.size(outChannels, inChannels, kernelHeight, kernelWidth);
        }

        long biases() {
            return (flags & Kernels.BIAS) != 0 ? outChannels : 0;
        }
    }

    /** Whether it rounds its input and its output's gradient to bfloat16, so that {@link #takeBf16} may ask for them rounded. */
    default boolean computesInBf16() {
        return false;
    }

    /**
     * Which of x and dy lie in bfloat16 from now on, two bytes an element at the start of their buffers. Gives the same bits as rounding
     * them here. With dy so, a rectifier's mask is not applied: y is null. Fails where {@link #computesInBf16} is false.
     */
    default void takeBf16(boolean x, boolean dy) {
        throw new UnsupportedOperationException("this convolution does not compute in bf16");
    }

    /** bias null: none was declared. */
    void forward(Buffer x, Buffer weights, Buffer bias, Buffer y);

    /**
     * The whole backward pass. Overwrites dx, dweights and dbias.
     *
     * @param y the output of a layer with a rectifier, whose mask then applies to dy (perhaps in place); null: no mask
     * @param dx null: not wanted
     * @param dbias null: no bias was declared
     */
    void backward(Buffer x, Buffer y, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias);
}
