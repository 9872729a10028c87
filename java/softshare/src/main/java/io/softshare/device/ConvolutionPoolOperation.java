package io.softshare.device;

/**
 * A 2-D convolution and the max-pool behind it, of fixed sizes, with windows side by side: what lies between the two is not kept.
 * Activations NHWC, weights OIHW.
 */
public interface ConvolutionPoolOperation extends LayerOperation {
    /** The most positions that a window may have. */
    int MOST_POSITIONS = 32;

    /** Sizes of both; the windows' strides are their sizes. {@link Kernels#RELU} among the flags rectifies the pooled output. */
    record Sizes(
            ConvolutionOperation.Sizes convolution, int windowHeight, int windowWidth, int padHeight, int padWidth) {

        int outHeight() {
            return Math.toIntExact((convolution.outHeight() + 2L * padHeight - windowHeight) / windowHeight + 1);
        }

        int outWidth() {
            return Math.toIntExact((convolution.outWidth() + 2L * padWidth - windowWidth) / windowWidth + 1);
        }

        long outputs() {
            return Pointers.size(convolution.batch(), convolution.outChannels(), outHeight(), outWidth());
        }
    }

    /**
     * @param bias null: none was declared
     * @param argmax a byte an output, kept for {@link #backward}; null: not wanted
     */
    void forward(Buffer x, Buffer weights, Buffer bias, Buffer y, Buffer argmax);

    /**
     * The whole backward pass, the rectifier's mask included. Overwrites dx, dweights and dbias.
     *
     * @param argmax as forward left it
     * @param dx null: not wanted
     * @param dbias null: no bias was declared
     */
    void backward(Buffer x, Buffer argmax, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias);
}
