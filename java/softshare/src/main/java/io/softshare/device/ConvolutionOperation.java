package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.floats;

/** A 2-D convolution of fixed sizes; activations NHWC, weights OIHW. */
public final class ConvolutionOperation extends NativeOperation {
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

        long inputs() {
            return Pointers.size(batch, inChannels, inHeight, inWidth);
        }

        long outputs() {
            long height = (inHeight + 2L * padHeight - kernelHeight) / strideHeight + 1;
            long width = (inWidth + 2L * padWidth - kernelWidth) / strideWidth + 1;
            return Pointers.size(batch, outChannels, height, width);
        }

        long weights() {
            return Pointers.size(outChannels, inChannels, kernelHeight, kernelWidth);
        }

        long biases() {
            return (flags & Kernels.BIAS) != 0 ? outChannels : 0;
        }
    }

    private final Sizes sizes;

    ConvolutionOperation(Kernels kernels, long handle, Sizes sizes) {
        super(kernels, handle);
        this.sizes = sizes;
    }

    public void forward(Buffer x, Buffer weights, Buffer bias, Buffer y) {
        check(Native.softshare_convolution_forward(
                handle(),
                floats("x", x, sizes.inputs()),
                floats("weights", weights, sizes.weights()),
                floats("bias", bias, sizes.biases()),
                floats("y", y, sizes.outputs())));
    }

    /** dy: the gradient after the rectifier's mask was applied. */
    public void backwardData(Buffer dy, Buffer weights, Buffer dx) {
        check(Native.softshare_convolution_backward_data(
                handle(),
                floats("dy", dy, sizes.outputs()),
                floats("weights", weights, sizes.weights()),
                floats("dx", dx, sizes.inputs())));
    }

    /** Overwrites dweights and dbias. */
    public void backwardWeights(Buffer x, Buffer dy, Buffer dweights, Buffer dbias) {
        check(Native.softshare_convolution_backward_weights(
                handle(),
                floats("x", x, sizes.inputs()),
                floats("dy", dy, sizes.outputs()),
                floats("dweights", dweights, sizes.weights()),
                floats("dbias", dbias, sizes.biases())));
    }

    /**
     * The whole backward pass.
     *
     * @param y the output of a layer with a rectifier, whose mask then applies to dy (perhaps in place); null: no mask
     * @param dx null: not wanted
     */
    public void backward(Buffer x, Buffer y, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias) {
        check(Native.softshare_convolution_backward(
                handle(),
                floats("x", x, sizes.inputs()),
                floats("y", y, sizes.outputs()),
                floats("dy", dy, sizes.outputs()),
                floats("weights", weights, sizes.weights()),
                floats("dx", dx, sizes.inputs()),
                floats("dweights", dweights, sizes.weights()),
                floats("dbias", dbias, sizes.biases())));
    }
}
