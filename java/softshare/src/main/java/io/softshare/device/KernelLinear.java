package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.floats;
import static io.softshare.device.Pointers.size;

/** A linear layer by the device's kernel library. */
final class KernelLinear extends NativeOperation implements LinearOperation {
    private final int batch;
    private final int in;
    private final int out;
    private final int biases;

    KernelLinear(Kernels kernels, long handle, int batch, int in, int out, int flags) {
        super(kernels, handle);
        this.batch = batch;
        this.in = in;
        this.out = out;
        this.biases = (flags & Kernels.BIAS) != 0 ? out : 0;
    }

    @Override
    public void forward(Buffer x, Buffer weights, Buffer bias, Buffer y) {
        check(Native.softshare_linear_forward(
                handle(),
                floats("x", x, size(batch, in)),
                floats("weights", weights, size(out, in)),
                floats("bias", bias, biases),
                floats("y", y, size(batch, out))));
    }

    @Override
    public void backward(Buffer x, Buffer y, Buffer dy, Buffer weights, Buffer dx, Buffer dweights, Buffer dbias) {
        check(Native.softshare_linear_backward(
                handle(),
                floats("x", x, size(batch, in)),
                floats("y", y, size(batch, out)),
                floats("dy", dy, size(batch, out)),
                floats("weights", weights, size(out, in)),
                floats("dx", dx, size(batch, in)),
                floats("dweights", dweights, size(out, in)),
                floats("dbias", dbias, biases)));
    }
}
