package io.softshare.graph.models;

import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import java.util.List;

/**
 * WRN-16-4: a wide residual network of 16 layers at width 4 (Zagoruyko and Komodakis 2016), pre-activation blocks, no
 * convolution biases; 2,748,890 parameters for 3×32×32 images and 10 classes.
 */
final class WideResNet16x4 {
    /** CIFAR-10's channel means and standard deviations on the 0–255 scale. */
    private static final Preprocessing CIFAR =
            new Preprocessing(List.of(125.3f, 123.0f, 113.9f), List.of(63.0f, 62.1f, 66.7f));

    private WideResNet16x4() {}

    static Graph graph(Shape input, int classes) {
        Preprocessing preprocessing = input.channels() == 3 ? CIFAR : Preprocessing.unit(input.channels());
        GraphBuilder b = new GraphBuilder("wrn-16-4", input, preprocessing).convolution("conv0", 16, 3, 1, 1, false);
        int[] widths = {64, 128, 256};
        for (int block = 0; block < 6; block++) {
            int group = block / 2;
            boolean first = block % 2 == 0;
            int stride = first && group > 0 ? 2 : 1;
            String p = "blocks." + block + ".";
            String x = b.last();
            b.batchNorm(p + "bn1").relu(p + "relu1");
            String h = b.last();
            String residual = x;
            if (first) {
                residual = p + "shortcut";
                b.convolution(residual, widths[group], 1, stride, 0, false).from(h);
            }
            b.convolution(p + "conv1", widths[group], 3, stride, 1, false)
                    .batchNorm(p + "bn2")
                    .relu(p + "relu2")
                    .convolution(p + "conv2", widths[group], 3, 1, 1, false)
                    .addTo(p + "add", residual);
        }
        return b.batchNorm("bn")
                .relu("relu")
                .globalAveragePool("pool")
                .linear("fc", classes)
                .build();
    }
}
