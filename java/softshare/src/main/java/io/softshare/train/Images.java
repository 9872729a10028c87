package io.softshare.train;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.ChannelOrder;

/** An image set on a device as bytes, gathered into batches there. */
public final class Images implements AutoCloseable {
    private final Kernels kernels;
    private final ImageSet set;
    private final Buffer pixels;
    private final Buffer labels;
    private final Buffer mean;
    private final Buffer inverseScale;

    public Images(Device device, ImageSet set, Preprocessing preprocessing) {
        this.kernels = device.kernels();
        this.set = set;
        pixels = device.allocate(set.pixels().length);
        pixels.write(preprocessing.order() == ChannelOrder.BGR ? turned(set.pixels()) : set.pixels());
        labels = device.allocate(set.labels().length);
        labels.write(set.labels());
        int channels = set.shape().channels();
        float[] means = new float[channels];
        float[] inverse = new float[channels];
        for (int c = 0; c < channels; c++) {
            means[c] = preprocessing.mean().get(c);
            inverse[c] = 1 / preprocessing.scale().get(c);
        }
        mean = device.floats(channels);
        mean.write(means);
        inverseScale = device.floats(channels);
        inverseScale.write(inverse);
    }

    /** Pixels of three colours with the first and the last exchanged. */
    private static byte[] turned(byte[] rgb) {
        byte[] bgr = rgb.clone();
        for (int i = 0; i + 2 < bgr.length; i += 3) {
            bgr[i] = rgb[i + 2];
            bgr[i + 2] = rgb[i];
        }
        return bgr;
    }

    public int count() {
        return set.count();
    }

    /** Gathers a batch of images and labels: see softshare_gather_images. step null: the first batch of the order. */
    void gather(
            Buffer order, Buffer step, int batch, Augmentation augmentation, long seed, int epoch, Buffer x, Buffer y) {
        Kernels.Gather gather = new Kernels.Gather(
                set.count(),
                set.shape().height(),
                set.shape().width(),
                set.shape().channels(),
                augmentation.kind().ordinal(),
                augmentation.kind().reach(),
                augmentation.probability(),
                seed,
                epoch);
        kernels.gatherImages(gather, pixels, order, step, batch, mean, inverseScale, x);
        kernels.gatherLabels(labels, order, step, batch, y);
    }

    @Override
    public void close() {
        pixels.close();
        labels.close();
        mean.close();
        inverseScale.close();
    }
}
