package io.softshare.train;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.LayerOperations;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.network.Arena;
import io.softshare.network.Network;

/**
 * A teacher's logits for each batch: what its pupil sees, it sees. They are computed once, for every image and each way that it
 * can be shifted, where those are few enough to keep; else in every step.
 */
final class Teaching implements AutoCloseable {
    /** Logits that are kept at most, in bytes. */
    private static final long KEPT = 1L << 28;

    private final Kernels kernels;
    private final Augmentation augmentation;
    private final int count;
    private final int batch;
    private final int classes;
    private final int reach;
    /** (image, dy + reach, dx + reach, class); null: not kept. */
    private final Buffer kept;
    /** Rows of {@link #kept} in the order of an epoch; null without shifts: the images' own order. */
    private final Buffer rows;

    private final Network network;
    private final Buffer logits;

    /**
     * Asks the teacher.
     *
     * @param arena its weights; used until this is closed where logits are not kept
     */
    Teaching(
            Device device,
            LayerOperations operations,
            Graph graph,
            Arena arena,
            ImageSet train,
            int batch,
            Augmentation augmentation) {
        this.kernels = device.kernels();
        this.augmentation = augmentation;
        this.batch = batch;
        count = train.count();
        classes = graph.classes();
        reach = augmentation.kind().reach();
        int ways = (2 * reach + 1) * (2 * reach + 1);
        boolean keep = !augmentation.kind().flips() && 4L * count * ways * classes <= KEPT;
        logits = device.floats((long) batch * classes);
        if (!keep) {
            kept = null;
            rows = null;
            network = new Network(device, operations, graph, arena, batch, false);
            return;
        }
        network = null;
        rows = ways == 1 ? null : device.allocate(4L * count);
        float[] all = new float[count * ways * classes];
        for (int way = 0; way < ways; way++) {
            try (Evaluator evaluator = new Evaluator(device, graph, arena, ways == 1 ? train : shifted(train, way));
                    Buffer found = evaluator.logits()) {
                float[] values = found.readFloats();
                for (int image = 0; image < count; image++) {
                    System.arraycopy(values, image * classes, all, (image * ways + way) * classes, classes);
                }
            }
        }
        kept = device.floats(all.length);
        kept.write(all);
    }

    private ImageSet shifted(ImageSet train, int way) {
        Shape shape = train.shape();
        int span = 2 * reach + 1;
        Augmentation.Draw draw = new Augmentation.Draw(way % span - reach, way / span - reach, false);
        byte[] pixels = new byte[train.pixels().length];
        for (int image = 0; image < count; image++) {
            Augmentation.apply(shape, train.pixels(), image * shape.size(), draw, pixels, image * shape.size());
        }
        return new ImageSet(shape, pixels, train.labels(), train.classes());
    }

    /** Prepares an epoch: which example comes when, and how it is shifted. */
    void epoch(int[] order, long seed, int epoch) {
        if (rows == null) {
            return;
        }
        int span = 2 * reach + 1;
        int[] row = new int[count];
        for (int i = 0; i < order.length; i++) {
            Augmentation.Draw draw = augmentation.draw(seed, order[i], epoch);
            row[i] = (order[i] * span + draw.dy() + reach) * span + draw.dx() + reach;
        }
        rows.write(row);
    }

    /** Logits of the batch that was gathered; order and step as for the images, input: the images as the pupil sees them. */
    Buffer logits(Buffer order, Buffer step, Buffer input) {
        if (kept == null) {
            network.input().copyFrom(input);
            network.forward();
            return network.logits();
        }
        kernels.gatherRows(kept, classes, rows == null ? order : rows, step, batch, logits);
        return logits;
    }

    /** Where {@link #logits} leaves them. */
    Buffer target() {
        return kept == null ? network.logits() : logits;
    }

    @Override
    public void close() {
        logits.close();
        if (network != null) {
            network.close();
        }
        for (Buffer buffer : new Buffer[] {kept, rows}) {
            if (buffer != null) {
                buffer.close();
            }
        }
    }
}
