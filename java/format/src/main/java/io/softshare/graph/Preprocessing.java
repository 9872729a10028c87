package io.softshare.graph;

import java.util.Collections;
import java.util.List;

/**
 * How the bytes of an image become the network's input: x = (pixel − mean) / scale for each channel, on the 0–255 scale.
 *
 * @param mean one value a channel, in the network's order of channels
 * @param scale one value a channel, positive, in the network's order
 * @param order which channel of a colour image the network has first
 * @param layout how an ONNX file of the network takes its input; everything else has channel, height, width
 */
public record Preprocessing(List<Float> mean, List<Float> scale, ChannelOrder order, Layout layout) {
    /** Order of an image's three colours. Its places are part of the file format. */
    public enum ChannelOrder {
        RGB,
        BGR
    }

    /** Form of a batch of inputs. Its places are part of the file format. */
    public enum Layout {
        /** (batch, channels, height, width). */
        NCHW,
        /** (batch, height, width, channels). */
        NHWC,
        /** (batch, channels · height · width). */
        FLAT
    }

    public Preprocessing {
        mean = List.copyOf(mean);
        scale = List.copyOf(scale);
        if (mean.size() != scale.size()) {
            throw new GraphException(
                    "preprocessing has " + mean.size() + " means and " + scale.size() + " scales; expected as many");
        }
        for (int c = 0; c < mean.size(); c++) {
            if (!Float.isFinite(mean.get(c)) || !Float.isFinite(scale.get(c)) || !(scale.get(c) > 0)) {
                throw new GraphException("preprocessing of channel " + c + " is not finite or its scale not positive");
            }
        }
        if (order == ChannelOrder.BGR && mean.size() != 3) {
            throw new GraphException("channel order bgr is for 3 channels, the input has " + mean.size());
        }
    }

    public Preprocessing(List<Float> mean, List<Float> scale) {
        this(mean, scale, ChannelOrder.RGB, Layout.NCHW);
    }

    /** Whether the same numbers come of the same pixels, in whatever layout elsewhere. */
    public boolean sameNumbers(Preprocessing other) {
        return mean.equals(other.mean) && scale.equals(other.scale) && order == other.order;
    }

    /** Pixels to the range 0 to 1. */
    public static Preprocessing unit(int channels) {
        return new Preprocessing(Collections.nCopies(channels, 0f), Collections.nCopies(channels, 255f));
    }
}
