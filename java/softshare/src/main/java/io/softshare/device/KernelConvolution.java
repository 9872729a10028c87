package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.floats;

/** Convolution by the device's kernel library. */
final class KernelConvolution extends NativeOperation implements ConvolutionOperation {
    private final Sizes sizes;

    KernelConvolution(Kernels kernels, long handle, Sizes sizes) {
        super(kernels, handle);
        this.sizes = sizes;
    }

    @Override
    public void forward(Buffer x, Buffer weights, Buffer bias, Buffer y) {
        check(Native.softshare_convolution_forward(
                handle(),
                floats("x", x, sizes.inputs()),
                floats("weights", weights, sizes.weights()),
                floats("bias", bias, sizes.biases()),
                floats("y", y, sizes.outputs())));
    }

    @Override
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
