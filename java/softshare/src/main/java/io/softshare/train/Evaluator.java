package io.softshare.train;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.graph.Graph;
import io.softshare.network.Arena;
import io.softshare.network.Network;

/** Error and loss of an arena's network on an image set, always in the same batches, so that equal weights give equal bits. */
public final class Evaluator implements AutoCloseable {
    private static final int BATCH = 250;

    /** Mean cross-entropy and share of wrong answers in per cent. */
    public record Score(double loss, double errorPercent, int examples) {}

    private final Kernels kernels;
    private final Device device;
    private final Network network;
    private final Images images;
    private final Buffer labels;
    private final Buffer order;
    private final Buffer totals;

    public Evaluator(Device device, Graph graph, Arena arena, ImageSet set) {
        this.device = device;
        kernels = device.kernels();
        network = new Network(device, graph, arena, BATCH, false);
        images = new Images(device, set, graph.preprocessing());
        labels = device.allocate(4L * BATCH);
        order = device.allocate(4L * BATCH);
        totals = device.allocate(4 * 8);
    }

    public Score score() {
        totals.write(0.0, 0.0, 0.0, -1.0);
        for (int first = 0; first < images.count(); first += BATCH) {
            int valid = forward(first);
            kernels.loss(
                    BATCH,
                    valid,
                    network.graph().classes(),
                    network.logits(),
                    new Kernels.Targets(labels, null, 0, 1),
                    null,
                    null,
                    totals);
        }
        double[] sums = totals.readDoubles(3);
        return new Score(sums[0] / sums[2], 100 * sums[1] / sums[2], (int) sums[2]);
    }

    /** Logits of every image, (count, classes), on the device; the caller closes them. */
    public Buffer logits() {
        int classes = network.graph().classes();
        Buffer all = device.floats((long) images.count() * classes);
        for (int first = 0; first < images.count(); first += BATCH) {
            int valid = forward(first);
            all.floatView((long) first * classes, (long) valid * classes)
                    .copyFrom(network.logits().floatView(0, (long) valid * classes));
        }
        return all;
    }

    private int forward(int first) {
        int valid = Math.min(BATCH, images.count() - first);
        int[] indices = new int[BATCH];
        for (int i = 0; i < BATCH; i++) {
            indices[i] = first + Math.min(i, valid - 1);
        }
        order.write(indices);
        images.gather(order, null, BATCH, Augmentation.NONE, 0, 0, network.input(), labels);
        network.forward();
        return valid;
    }

    @Override
    public void close() {
        network.close();
        images.close();
        labels.close();
        order.close();
        totals.close();
    }
}
