package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.elements;
import static io.softshare.device.Pointers.floats;
import static io.softshare.device.Pointers.size;

/**
 * Batch normalisation of fixed sizes over count = batch · height · width positions, with or without a rectifier behind it. Has nothing to
 * close.
 *
 * @param yInBf16 whether the output lies in bfloat16, two bytes an element at the start of its buffer: for convolutions that take it so
 *     ({@link ConvolutionOperation#takeBf16})
 * @param dxInBf16 likewise the gradient in the input
 */
public record BatchNormOperation(
        Kernels kernels, long count, int channels, float epsilon, boolean relu, boolean yInBf16, boolean dxInBf16) {
    /** The same with other tensors in bfloat16. */
    public BatchNormOperation inBf16(boolean y, boolean dx) {
        return new BatchNormOperation(kernels, count, channels, epsilon, relu, y, dx);
    }

    /** In training: the batch's mean and variance are written and folded into the running ones (null: not folded). */
    public void forward(
            Buffer x,
            Buffer scale,
            Buffer shift,
            float momentum,
            Buffer y,
            Buffer mean,
            Buffer variance,
            Buffer runningMean,
            Buffer runningVariance) {
        check(Native.softshare_batchnorm_forward(
                kernels.context(),
                count,
                channels,
                floats("x", x, values()),
                floats("scale", scale, channels),
                floats("shift", shift, channels),
                epsilon,
                momentum,
                flags(false),
                elements("y", y, values(), yInBf16),
                floats("mean", mean, channels),
                floats("variance", variance, channels),
                floats("running mean", runningMean, channels),
                floats("running variance", runningVariance, channels)));
    }

    /** By the running statistics. */
    public void inference(Buffer x, Buffer scale, Buffer shift, Buffer runningMean, Buffer runningVariance, Buffer y) {
        check(Native.softshare_batchnorm_inference(
                kernels.context(),
                count,
                channels,
                floats("x", x, values()),
                floats("scale", scale, channels),
                floats("shift", shift, channels),
                floats("running mean", runningMean, channels),
                floats("running variance", runningVariance, channels),
                epsilon,
                flags(false),
                elements("y", y, values(), yInBf16)));
    }

    /** y: needed with a rectifier, whose mask dy may then have in place. Overwrites dx, dscale and dshift. */
    public void backward(
            Buffer x,
            Buffer y,
            Buffer dy,
            Buffer scale,
            Buffer mean,
            Buffer variance,
            Buffer dx,
            Buffer dscale,
            Buffer dshift) {
        check(Native.softshare_batchnorm_backward(
                kernels.context(),
                count,
                channels,
                floats("x", x, values()),
                elements("y", y, values(), yInBf16),
                floats("dy", dy, values()),
                floats("scale", scale, channels),
                floats("mean", mean, channels),
                floats("variance", variance, channels),
                epsilon,
                flags(dxInBf16),
                elements("dx", dx, values(), dxInBf16),
                floats("dscale", dscale, channels),
                floats("dshift", dshift, channels)));
    }

    private long values() {
        return size(count, channels);
    }

    private int flags(boolean dx) {
        return (relu ? Native.SOFTSHARE_RELU : 0)
                | (yInBf16 ? Native.SOFTSHARE_BF16_Y : 0)
                | (dx ? Native.SOFTSHARE_BF16_DX : 0);
    }
}
