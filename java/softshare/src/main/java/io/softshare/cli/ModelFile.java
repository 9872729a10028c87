package io.softshare.cli;

import io.softshare.codec.Limits;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.pipeline.ModelSource;
import io.softshare.pipeline.RecipeException;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A network from a file: a .sws, an .onnx, or a .safetensors together with its model.
 *
 * @param sws null for the latter two
 */
record ModelFile(Graph graph, Map<String, float[]> tensors, SwsFile sws) {
    private static final Shape MNIST = new Shape(1, 28, 28);
    private static final Shape CIFAR = new Shape(3, 32, 32);
    private static final int CLASSES = 10;

    /** Images that built-in networks are usually for, where no data says. */
    static Shape usualImages(String model) {
        return model != null && model.startsWith("wrn") ? CIFAR : MNIST;
    }

    /**
     * Reads a file.
     *
     * @param model of a .safetensors: a built-in name or an .onnx; null: none was given
     * @param images shape of the data's images, or null if no data was named; classes then count nothing
     * @param limits of a .sws
     */
    static ModelFile read(
            Path file, String model, Shape images, int classes, PreprocessingOptions options, Limits limits)
            throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new RecipeException(file + " does not exist or is no file; check the path");
        }
        boolean weights = file.toString().endsWith(".safetensors");
        if (!weights && model != null) {
            throw new UsageException("--model says what network a .safetensors is for; " + file + " has its own");
        }
        if (ModelSource.isOnnx(file.toString())) {
            ModelSource source = ModelSource.find(file.toString(), images, classes, options.change());
            return new ModelFile(source.graph(), source.tensors(), null);
        }
        if (!weights) {
            if (options.given()) {
                throw new UsageException(
                        "a .sws holds its preprocessing; leave out --mean, --scale, --channel-order and" + " --layout");
            }
            SwsFile sws = SwsReader.read(file, limits);
            Map<String, float[]> tensors = new LinkedHashMap<>();
            sws.model().tensors().forEach(t -> tensors.put(t.spec().name(), t.values()));
            return new ModelFile(sws.model().graph(), tensors, sws);
        }
        if (model == null) {
            throw new UsageException(
                    "a .safetensors has weights but no network; add --model, " + ModelSource.expected());
        }
        if (!ModelSource.isOnnx(model) && !Models.names().contains(model)) {
            throw new UsageException("no network is called " + model + "; expected " + ModelSource.expected());
        }
        boolean usual = images == null && !ModelSource.isOnnx(model);
        Graph graph = ModelSource.find(
                        model, usual ? usualImages(model) : images, usual ? CLASSES : classes, options.change())
                .graph();
        return new ModelFile(graph, StateDict.read(file).forGraph(graph), null);
    }
}
