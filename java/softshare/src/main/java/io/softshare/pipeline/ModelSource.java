package io.softshare.pipeline;

import io.softshare.data.DataSet;
import io.softshare.graph.Graph;
import io.softshare.graph.GraphException;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.onnx.OnnxNetwork;
import io.softshare.onnx.OnnxReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A network by what {@code --model} says: a built-in name, or an ONNX file.
 *
 * @param tensors weights that come with it, by the graph's names; null for a built-in network
 * @param notes what a user should know of the reading, a line each
 */
public record ModelSource(Graph graph, Map<String, float[]> tensors, List<String> notes) {
    /** For messages: what a model may be. */
    public static String expected() {
        return "one of " + String.join(", ", Models.names()) + ", or an .onnx file";
    }

    /** Whether it is named as an ONNX file is. */
    public static boolean isOnnx(String model) {
        return model.toLowerCase(Locale.ROOT).endsWith(".onnx");
    }

    /**
     * Finds the network.
     *
     * @param images shape of the images that it is for; null: as an ONNX file says
     * @param classes of a built-in network
     * @throws RecipeException if there is no such network, or it does not take the images
     */
    public static ModelSource find(String model, Shape images, int classes, PreprocessingChange change)
            throws IOException {
        if (isOnnx(model)) {
            Path file = Path.of(model);
            if (!Files.isRegularFile(file)) {
                throw new RecipeException(file + " does not exist or is no file; check the path");
            }
            OnnxNetwork network = OnnxReader.read(file, images);
            return new ModelSource(change.applyTo(network.graph(), true), network.tensors(), network.notes());
        }
        try {
            Graph graph = Models.find(model, images, classes)
                    .orElseThrow(
                            () -> new RecipeException("no network is called " + model + "; expected " + expected()));
            return new ModelSource(change.applyTo(graph, false), null, List.of());
        } catch (GraphException e) {
            throw new RecipeException(model + " does not fit images of " + images + " (" + e.getMessage()
                    + "); choose another network or larger images");
        }
    }

    /** SHA-256 of a file, in hexadecimal: a run that goes on must find the model that it began with. */
    public static String digest(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** The network that the settings name, for a data set. */
    static ModelSource of(Settings settings, DataSet set) throws IOException {
        String model = settings.get("model");
        String digest = settings.get("modelSha256");
        if (digest != null && !digest.equals(digest(Path.of(model)))) {
            throw new RecipeException(model + " has changed since the run began; put it back, or start anew");
        }
        PreprocessingChange change = PreprocessingChange.parse(
                settings.get("mean"), settings.get("scale"), settings.get("channelOrder"), settings.get("layout"));
        Shape images = set.train().shape();
        int classes = set.train().classes();
        ModelSource source = find(model, images, classes, change);
        if (!source.graph().input().equals(images) || source.graph().classes() != classes) {
            throw new RecipeException(
                    model + " is for images of " + source.graph().input() + " in "
                            + source.graph().classes() + " classes, " + settings.get("data") + " has " + images + " in "
                            + classes
                            + "; give the data it was made for");
        }
        return source;
    }
}
