package io.softshare.graph;

/** What a node computes, with its hyperparameters. Each is a plain record; shapes are inferred by {@link Graph}. */
public sealed interface Operation {
    /** Nodes that it reads. */
    default int inputs() {
        return this instanceof Add ? 2 : 1;
    }

    /** One word for what it is, e.g. {@code relu}: for messages, and in the names of nodes that nobody named. */
    default String kind() {
        String name = getClass().getSimpleName();
        return name.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + name.substring(1);
    }

    /** 2-D convolution over zero-padded input, weights (out, in, kernelHeight, kernelWidth). */
    record Convolution(
            int inChannels,
            int outChannels,
            int kernelHeight,
            int kernelWidth,
            int strideHeight,
            int strideWidth,
            int padHeight,
            int padWidth,
            boolean bias)
            implements Operation {}

    /**
     * y = W x + b, weights (out, in), on a flat input.
     *
     * @param transposed outside, in safetensors and ONNX files, the weights lie as (in, out), as a matrix product has them
     */
    record Linear(int inFeatures, int outFeatures, boolean bias, boolean transposed) implements Operation {
        public Linear(int inFeatures, int outFeatures, boolean bias) {
            this(inFeatures, outFeatures, bias, false);
        }
    }

    /** Batch normalisation per channel with affine γ, β. */
    record BatchNorm(int channels, float epsilon) implements Operation {}

    /** max(x, 0). */
    record Relu() implements Operation {}

    /** Maximum over windows; padding never wins. Output sizes round down. */
    record MaxPool(int kernelHeight, int kernelWidth, int strideHeight, int strideWidth, int padHeight, int padWidth)
            implements Operation {}

    /** Mean over windows; padding does not count. Output sizes round down. */
    record AveragePool(
            int kernelHeight, int kernelWidth, int strideHeight, int strideWidth, int padHeight, int padWidth)
            implements Operation {
        public AveragePool(int kernelHeight, int kernelWidth, int strideHeight, int strideWidth) {
            this(kernelHeight, kernelWidth, strideHeight, strideWidth, 0, 0);
        }
    }

    /** Mean over the whole image, giving one value a channel (channels, 1, 1). */
    record GlobalAveragePool() implements Operation {}

    /** Sum of exactly two inputs of equal shape (residual join). */
    record Add() implements Operation {}

    /** To a flat vector, in the order channel, height, width. */
    record Flatten() implements Operation {}
}
