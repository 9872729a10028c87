package io.softshare.graph;

/** What a node computes, with its hyperparameters. Each is a plain record; shapes are inferred by {@link Graph}. */
public sealed interface Operation {

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

    /** y = W x + b, weights (out, in), on a flat input. */
    record Linear(int inFeatures, int outFeatures, boolean bias) implements Operation {}

    /** Batch normalisation per channel with affine γ, β. */
    record BatchNorm(int channels, float epsilon) implements Operation {}

    /** max(x, 0). */
    record Relu() implements Operation {}

    /** Maximum over windows; padding never wins. Output sizes round down. */
    record MaxPool(int kernelHeight, int kernelWidth, int strideHeight, int strideWidth, int padHeight, int padWidth)
            implements Operation {}

    /** Mean over windows without padding. Output sizes round down. */
    record AveragePool(int kernelHeight, int kernelWidth, int strideHeight, int strideWidth) implements Operation {}

    /** Mean over the whole image, giving one value a channel (channels, 1, 1). */
    record GlobalAveragePool() implements Operation {}

    /** Sum of exactly two inputs of equal shape (residual join). */
    record Add() implements Operation {}

    /** To a flat vector, in the order channel, height, width. */
    record Flatten() implements Operation {}
}
