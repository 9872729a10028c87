package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.bytes;
import static io.softshare.device.Pointers.floats;

/** Pooling by the device's kernel library: it keeps where each maximum was. */
final class KernelPool extends NativeOperation implements PoolOperation {
    private final Sizes sizes;

    KernelPool(Kernels kernels, long handle, Sizes sizes) {
        super(kernels, handle);
        this.sizes = sizes;
    }

    @Override
    public void forward(Buffer x, Buffer y, Buffer argmax) {
        check(Native.softshare_pool_forward(
                handle(),
                floats("x", x, sizes.inputs()),
                floats("y", y, sizes.outputs()),
                bytes("argmax", argmax, sizes.outputs())));
    }

    @Override
    public void backward(Buffer x, Buffer y, Buffer dy, Buffer argmax, Buffer dx) {
        check(Native.softshare_pool_backward(
                handle(),
                floats("dy", dy, sizes.outputs()),
                bytes("argmax", argmax, sizes.outputs()),
                floats("dx", dx, sizes.inputs())));
    }
}
