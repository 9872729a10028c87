package io.softshare.pipeline;

import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.graph.Graph;
import io.softshare.graph.models.Models;
import io.softshare.onnx.OnnxNetwork;
import io.softshare.onnx.OnnxReader;
import io.softshare.safetensors.SafetensorsException;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who teaches a network, from a recipe's {@code teacher}.
 *
 * @param graph null: nobody, or the dense network itself
 * @param tensors of a teacher that comes from a file; null: it is trained in the run, or there is none
 */
record Teacher(Graph graph, Map<String, float[]> tensors) {
    static final String NONE = "none";
    static final String SELF = "self";

    /** Finds the teacher of a network; a file is read here, so that a wrong one is refused before training. */
    static Teacher of(String name, Graph pupil) throws IOException {
        if (name.equals(NONE) || name.equals(SELF)) {
            return new Teacher(null, null);
        }
        Graph built = Models.find(name, pupil.input(), pupil.classes()).orElse(null);
        if (built != null) {
            // It learns in the run: on the images as the network will see them.
            return new Teacher(built.with(pupil.preprocessing()), null);
        }
        Path file = Path.of(name);
        if (!Files.isRegularFile(file)) {
            throw new RecipeException("teacher " + name + " is neither a network nor a file; expected self, none, "
                    + String.join(", ", Models.names()) + ", a .sws, .onnx or .safetensors");
        }
        if (ModelSource.isOnnx(name)) {
            OnnxNetwork network = OnnxReader.read(file, pupil.input());
            return new Teacher(network.graph().with(pupil.preprocessing()), network.tensors());
        }
        return name.endsWith(".safetensors") ? fromWeights(file, pupil) : fromSws(file);
    }

    private static Teacher fromSws(Path file) throws IOException {
        SwsFile sws = SwsReader.read(file);
        Map<String, float[]> tensors = new LinkedHashMap<>();
        sws.model().tensors().forEach(t -> tensors.put(t.spec().name(), t.values()));
        return new Teacher(sws.model().graph(), tensors);
    }

    /** Weights say which network they are for by their names and shapes. */
    private static Teacher fromWeights(Path file, Graph pupil) throws IOException {
        StateDict weights = StateDict.read(file);
        for (String model : Models.names()) {
            Graph graph = Models.find(model, pupil.input(), pupil.classes()).orElse(null);
            if (graph != null) {
                try {
                    return new Teacher(graph, weights.forGraph(graph));
                } catch (SafetensorsException e) {
                    // Weights of another network: the next may be theirs.
                }
            }
        }
        List<String> names =
                weights.tensors().stream().map(t -> t.name()).limit(4).toList();
        throw new RecipeException("the teacher's weights in " + file + " (" + String.join(", ", names)
                + ", …) fit none of " + String.join(", ", Models.names()) + " for images of " + pupil.input() + " in "
                + pupil.classes() + " classes");
    }

    /** Whether it is trained in the run, before the network. */
    boolean isTrained() {
        return graph != null && tensors == null;
    }
}
