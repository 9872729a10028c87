package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.elements;
import static io.softshare.device.Pointers.floats;

import org.bytedeco.javacpp.IntPointer;

/** Convolution by the device's kernel library. */
final class KernelConvolution extends NativeOperation implements ConvolutionOperation {
    private final Sizes sizes;
    private final boolean able;
    private boolean xInBf16;
    private boolean dyInBf16;

    KernelConvolution(Kernels kernels, long handle, Sizes sizes) {
        super(kernels, handle);
        this.sizes = sizes;
        this.able = bf16(0);
    }

    /** Sets which tensors lie in bfloat16. @return whether any can */
    private boolean bf16(int tensors) {
        try (IntPointer answer = new IntPointer(1)) {
            check(Native.softshare_convolution_bf16(handle(), tensors, answer));
            return answer.get() != 0;
        }
    }

    @Override
    public boolean computesInBf16() {
        return able;
    }

    @Override
    public void takeBf16(boolean x, boolean dy) {
        bf16((x ? Native.SOFTSHARE_BF16_X : 0) | (dy ? Native.SOFTSHARE_BF16_DY : 0));
        xInBf16 = x;
        dyInBf16 = dy;
    }

    @Override
    public void forward(Buffer x, Buffer weights, Buffer bias, Buffer y) {
        check(Native.softshare_convolution_forward(
                handle(),
                elements("x", x, sizes.inputs(), xInBf16),
                floats("weights", weights, sizes.weights()),
                floats("bias", bias, sizes.biases()),
                floats("y", y, sizes.outputs())));
    }

    @Override
    public void backward(Buffer x, Buffer y, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias) {
        check(Native.softshare_convolution_backward(
                handle(),
                elements("x", x, sizes.inputs(), xInBf16),
                floats("y", y, sizes.outputs()),
                elements("dy", dy, sizes.outputs(), dyInBf16),
                floats("weights", weights, sizes.weights()),
                floats("dx", dx, sizes.inputs()),
                floats("dweights", dweights, sizes.weights()),
                floats("dbias", dbias, sizes.biases())));
    }
}
