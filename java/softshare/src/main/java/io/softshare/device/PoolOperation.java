package io.softshare.device;

/** Maximum or average pooling of fixed sizes. Padding never wins and does not count. */
public interface PoolOperation extends LayerOperation {
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

        int outHeight() {
            return Math.toIntExact((inHeight + 2L * padHeight - kernelHeight) / strideHeight + 1);
        }

        int outWidth() {
            return Math.toIntExact((inWidth + 2L * padWidth - kernelWidth) / strideWidth + 1);
        }

        long outputs() {
            return Pointers.size(batch, channels, outHeight(), outWidth());
        }
    }

    /** argmax: a byte an output, which maximum pooling may keep for its backward pass; null for average. */
    void forward(Buffer x, Buffer y, Buffer argmax);

    /** x, y, argmax: as forward had and left them. Overwrites dx. */
    void backward(Buffer x, Buffer y, Buffer dy, Buffer argmax, Buffer dx);
}
