package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.bytes;
import static io.softshare.device.Pointers.floats;

/** Maximum or average pooling of fixed sizes. */
public final class PoolOperation extends NativeOperation {
    /** What a window gives. */
    public enum Kind {
        MAX,
        AVERAGE
    }

    /** Sizes of a pooling layer. */
    public record Sizes(
            Kind kind,
            int batch,
            int channels,
            int inHeight,
            int inWidth,
            int kernelHeight,
            int kernelWidth,
            int strideHeight,
            int strideWidth,
            int padHeight,
            int padWidth) {

        long inputs() {
            return Pointers.size(batch, channels, inHeight, inWidth);
        }

        long outputs() {
            long height = (inHeight + 2L * padHeight - kernelHeight) / strideHeight + 1;
            long width = (inWidth + 2L * padWidth - kernelWidth) / strideWidth + 1;
            return Pointers.size(batch, channels, height, width);
        }
    }

    private final Sizes sizes;

    PoolOperation(Kernels kernels, long handle, Sizes sizes) {
        super(kernels, handle);
        this.sizes = sizes;
    }

    /** argmax: a byte an output, written by maximum pooling; null for average. */
    public void forward(Buffer x, Buffer y, Buffer argmax) {
        check(Native.softshare_pool_forward(
                handle(),
                floats("x", x, sizes.inputs()),
                floats("y", y, sizes.outputs()),
                bytes("argmax", argmax, sizes.outputs())));
    }

    public void backward(Buffer dy, Buffer argmax, Buffer dx) {
        check(Native.softshare_pool_backward(
                handle(),
                floats("dy", dy, sizes.outputs()),
                bytes("argmax", argmax, sizes.outputs()),
                floats("dx", dx, sizes.inputs())));
    }
}
