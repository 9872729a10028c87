package io.softshare.graph;

/** What a node computes, with its hyperparameters. Each is a plain record; shapes are inferred by {@link Graph}. */
public sealed interface Operation {
    /** Nodes that it reads. */
    default int inputs() {
        return this instanceof Add ? 2 : 1;
    }

    /** One word for what it is: for messages, and in the names of nodes that nobody named. Part of the file format. */
    String kind();

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
            implements Operation {
        @Override
        public String kind() {
            return "convolution";
        }
    }

    /**
     * y = W x + b, weights (out, in), on a flat input.
     *
     * @param transposed outside, in safetensors and ONNX files, the weights lie as (in, out), as a matrix product has them
     */
    record Linear(int inFeatures, int outFeatures, boolean bias, boolean transposed) implements Operation {
        @Override
        public String kind() {
            return "linear";
        }

        public Linear(int inFeatures, int outFeatures, boolean bias) {
            this(inFeatures, outFeatures, bias, false);
        }
    }

    /** Batch normalisation per channel with affine γ, β. */
    record BatchNorm(int channels, float epsilon) implements Operation {
        @Override
        public String kind() {
            return "batchNorm";
        }
    }

    /** max(x, 0). */
    record Relu() implements Operation {
        @Override
        public String kind() {
            return "relu";
        }
    }

    /** Maximum over windows; padding never wins. Output sizes round down. */
    record MaxPool(int kernelHeight, int kernelWidth, int strideHeight, int strideWidth, int padHeight, int padWidth)
            implements Operation {
        @Override
        public String kind() {
            return "maxPool";
        }
    }

    /** Mean over windows; padding does not count. Output sizes round down. */
    record AveragePool(
            int kernelHeight, int kernelWidth, int strideHeight, int strideWidth, int padHeight, int padWidth)
            implements Operation {
        @Override
        public String kind() {
            return "averagePool";
        }

        public AveragePool(int kernelHeight, int kernelWidth, int strideHeight, int strideWidth) {
            this(kernelHeight, kernelWidth, strideHeight, strideWidth, 0, 0);
        }
    }

    /** Mean over the whole image, giving one value a channel (channels, 1, 1). */
    record GlobalAveragePool() implements Operation {
        @Override
        public String kind() {
            return "globalAveragePool";
        }
    }

    /** Sum of exactly two inputs of equal shape (residual join). */
    record Add() implements Operation {
        @Override
        public String kind() {
            return "add";
        }
    }

    /** To a flat vector, in the order channel, height, width. */
    record Flatten() implements Operation {
        @Override
        public String kind() {
            return "flatten";
        }
    }
}
