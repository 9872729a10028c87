package io.softshare.graph.models;

import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;

/**
 * LeNet-5 as in Caffe: convolutions of 20 and 50 filters 5×5, each with 2×2 max-pooling, then 500 units; 431,080
 * parameters for 28×28 images and 10 classes. The rectifier follows the pooling: the same function as before it (both
 * are monotone), on a quarter of the values.
 */
final class LeNet5 {
    private LeNet5() {}

    static Graph graph(Shape input, int classes) {
        return new GraphBuilder("lenet-5", input, Preprocessing.unit(input.channels()))
                .convolution("conv1", 20, 5, 1, 0, true)
                .maxPool("pool1", 2, 2)
                .relu("relu1")
                .convolution("conv2", 50, 5, 1, 0, true)
                .maxPool("pool2", 2, 2)
                .relu("relu2")
                .flatten("flatten")
                .linear("fc1", 500)
                .relu("relu3")
                .linear("fc2", classes)
                .build();
    }
}
