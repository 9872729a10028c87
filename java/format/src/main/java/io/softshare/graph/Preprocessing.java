package io.softshare.graph;

import java.util.List;

/**
 * How bytes become the network's input: x = (pixel − mean) / scale for each channel, on the 0–255 scale.
 *
 * @param mean one value a channel
 * @param scale one value a channel, positive
 */
public record Preprocessing(List<Float> mean, List<Float> scale) {
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
    }

    /** Pixels to the range 0 to 1. */
    public static Preprocessing unit(int channels) {
        return new Preprocessing(
                java.util.Collections.nCopies(channels, 0f), java.util.Collections.nCopies(channels, 255f));
    }
}
