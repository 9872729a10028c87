package io.softshare.graph.models;

import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;

/** LeNet-300-100: two hidden layers of 300 and 100 units; 266,610 parameters for 28×28 images and 10 classes. */
final class LeNet300100 {
    private LeNet300100() {}

    static Graph graph(Shape input, int classes) {
        return new GraphBuilder("lenet-300-100", input, Preprocessing.unit(input.channels()))
                .flatten("flatten")
                .linear("fc1", 300)
                .relu("relu1")
                .linear("fc2", 100)
                .relu("relu2")
                .linear("fc3", classes)
                .build();
    }
}
