package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.bytes;
import static io.softshare.device.Pointers.floats;

/** Convolution with the max-pool behind it by the device's kernel library. */
final class KernelConvolutionPool extends NativeOperation implements ConvolutionPoolOperation {
    private final Sizes sizes;
    private final ConvolutionOperation.Sizes convolution;

    KernelConvolutionPool(Kernels kernels, long handle, Sizes sizes) {
        super(kernels, handle);
        this.sizes = sizes;
        this.convolution = sizes.convolution();
    }

    @Override
    public void forward(Buffer x, Buffer weights, Buffer bias, Buffer y, Buffer argmax) {
        check(Native.softshare_convolution_pool_forward(
                handle(),
                floats("x", x, convolution.inputs()),
                floats("weights", weights, convolution.weights()),
                floats("bias", bias, convolution.biases()),
                floats("y", y, sizes.outputs()),
                bytes("argmax", argmax, sizes.outputs())));
    }

    @Override
    public void backward(Buffer x, Buffer argmax, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias) {
        check(Native.softshare_convolution_pool_backward(
                handle(),
                floats("x", x, convolution.inputs()),
                bytes("argmax", argmax, sizes.outputs()),
                floats("dy", dy, sizes.outputs()),
                floats("weights", weights, convolution.weights()),
                floats("dx", dx, convolution.inputs()),
                floats("dweights", dweights, convolution.weights()),
                floats("dbias", dbias, convolution.biases())));
    }
}
