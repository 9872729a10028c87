package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.floats;
import static io.softshare.device.Pointers.size;

/** y = x · weightsᵀ + bias with fixed sizes; weights (out, in). */
public final class LinearOperation extends NativeOperation {
    private final int batch;
    private final int in;
    private final int out;
    private final int biases;

    LinearOperation(Kernels kernels, long handle, int batch, int in, int out, int flags) {
        super(kernels, handle);
        this.batch = batch;
        this.in = in;
        this.out = out;
        this.biases = (flags & Kernels.BIAS) != 0 ? out : 0;
    }

    public void forward(Buffer x, Buffer weights, Buffer bias, Buffer y) {
        check(Native.softshare_linear_forward(
                handle(),
                floats("x", x, size(batch, in)),
                floats("weights", weights, size(out, in)),
                floats("bias", bias, biases),
                floats("y", y, size(batch, out))));
    }

    /** dy: the gradient after the rectifier's mask was applied. */
    public void backwardData(Buffer dy, Buffer weights, Buffer dx) {
        check(Native.softshare_linear_backward_data(
                handle(),
                floats("dy", dy, size(batch, out)),
                floats("weights", weights, size(out, in)),
                floats("dx", dx, size(batch, in))));
    }

    /** Overwrites dweights and dbias. */
    public void backwardWeights(Buffer x, Buffer dy, Buffer dweights, Buffer dbias) {
        check(Native.softshare_linear_backward_weights(
                handle(),
                floats("x", x, size(batch, in)),
                floats("dy", dy, size(batch, out)),
                floats("dweights", dweights, size(out, in)),
                floats("dbias", dbias, biases)));
    }

    /**
     * The whole backward pass.
     *
     * @param y the output of a layer with a rectifier, whose mask then applies to dy (perhaps in place); null: no mask
     * @param dx null: not wanted
     */
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
