package io.softshare.cli;

import io.softshare.pipeline.PreprocessingChange;
import io.softshare.pipeline.RecipeException;
import java.util.Map;
import picocli.CommandLine.Option;

/** How images become a network's input; a .sws holds what is said here. */
final class PreprocessingOptions {
    @Option(
            names = "--mean",
            paramLabel = "M[,M…]",
            description = "What is taken off pixels from 0 to 255: one number, or one a channel in the network's order"
                    + " (default: the model's, else 0).")
    private String mean;

    @Option(
            names = "--scale",
            paramLabel = "S[,S…]",
            description = "What they are then divided by (default: the model's, else 255).")
    private String scale;

    @Option(
            names = "--channel-order",
            paramLabel = "rgb|bgr",
            description = "Which colour the network has first (default: the model's, else rgb).")
    private String order;

    @Option(
            names = "--layout",
            paramLabel = "nchw|nhwc",
            description = "How an ONNX file of the network takes images (default: as the one it came from, else nchw).")
    private String layout;

    boolean given() {
        return mean != null || scale != null || order != null || layout != null;
    }

    PreprocessingChange change() {
        try {
            return PreprocessingChange.parse(mean, scale, order, layout);
        } catch (RecipeException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** Puts what was given into a run's settings. */
    void into(Map<String, String> settings) {
        change();
        put(settings, "mean", mean);
        put(settings, "scale", scale);
        put(settings, "channelOrder", order);
        put(settings, "layout", layout);
    }

    private static void put(Map<String, String> settings, String key, String value) {
        if (value != null) {
            settings.put(key, value);
        }
    }
}
