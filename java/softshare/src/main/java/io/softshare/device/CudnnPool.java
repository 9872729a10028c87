package io.softshare.device;

import static io.softshare.device.Cudnn.check;
import static io.softshare.device.Pointers.floats;

import org.bytedeco.cuda.cudnn.cudnnPoolingStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;

/** Pooling by cuDNN, which finds each maximum again in its backward pass. */
final class CudnnPool implements PoolOperation {
    private final Cudnn library;
    private final Sizes sizes;
    private final cudnnTensorStruct x;
    private final cudnnTensorStruct y;
    private final cudnnPoolingStruct pooling = new cudnnPoolingStruct();
    private boolean closed;

    CudnnPool(Cudnn library, Sizes sizes) {
        this.library = library;
        this.sizes = sizes;
        x = Cudnn.image(sizes.batch(), sizes.channels(), sizes.inHeight(), sizes.inWidth());
        y = Cudnn.image(sizes.batch(), sizes.channels(), sizes.outHeight(), sizes.outWidth());
        check("pooling", cudnn.cudnnCreatePoolingDescriptor(pooling));
        check(
                "pooling",
                cudnn.cudnnSetPooling2dDescriptor(
                        pooling,
                        sizes.kind() == Kind.MAX
                                ? cudnn.CUDNN_POOLING_MAX_DETERMINISTIC
                                : cudnn.CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING,
                        cudnn.CUDNN_PROPAGATE_NAN,
                        sizes.kernelHeight(),
                        sizes.kernelWidth(),
                        sizes.padHeight(),
                        sizes.padWidth(),
                        sizes.strideHeight(),
                        sizes.strideWidth()));
    }

    @Override
    public void forward(Buffer from, Buffer to, Buffer argmax) {
        open();
        check(
                "pooling",
                cudnn.cudnnPoolingForward(
                        library.handle(),
                        pooling,
                        library.one,
                        x,
                        floats("x", from, sizes.inputs()),
                        library.zero,
                        y,
                        floats("y", to, sizes.outputs())));
    }

    @Override
    public void backward(Buffer from, Buffer to, Buffer dy, Buffer argmax, Buffer dx) {
        open();
        check(
                "pooling's gradient",
                cudnn.cudnnPoolingBackward(
                        library.handle(),
                        pooling,
                        library.one,
                        y,
                        floats("y", to, sizes.outputs()),
                        y,
                        floats("dy", dy, sizes.outputs()),
                        x,
                        floats("x", from, sizes.inputs()),
                        library.zero,
                        x,
                        floats("dx", dx, sizes.inputs())));
    }

    private void open() {
        if (closed) {
            throw new IllegalStateException("the operation is closed");
        }
    }

    @Override
    public String implementation() {
        return "cudnn";
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            cudnn.cudnnDestroyPoolingDescriptor(pooling);
            cudnn.cudnnDestroyTensorDescriptor(x);
            cudnn.cudnnDestroyTensorDescriptor(y);
        }
    }
}
