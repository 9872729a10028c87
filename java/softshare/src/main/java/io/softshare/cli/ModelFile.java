package io.softshare.cli;

import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A network from a .sws, or from a .safetensors together with a model's name. sws null for the latter. */
record ModelFile(Graph graph, Map<String, float[]> tensors, SwsFile sws) {
    static ModelFile read(Path file, String model, Shape shape, int classes) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new io.softshare.pipeline.RecipeException(file + " does not exist or is no file; check the path");
        }
        if (!file.toString().endsWith(".safetensors")) {
            SwsFile sws = SwsReader.read(file);
            Map<String, float[]> tensors = new LinkedHashMap<>();
            sws.model().tensors().forEach(t -> tensors.put(t.spec().name(), t.values()));
            return new ModelFile(sws.model().graph(), tensors, sws);
        }
        if (model == null) {
            throw new UsageException("a .safetensors has weights but no network; add --model, one of "
                    + String.join(", ", Models.names()));
        }
        Graph graph = Models.find(model, shape, classes)
                .orElseThrow(() -> new UsageException(
                        "no network is called " + model + "; expected one of " + String.join(", ", Models.names())));
        return new ModelFile(graph, StateDict.read(file).forGraph(graph), null);
    }
}
