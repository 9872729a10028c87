package io.softshare.pipeline;

import io.softshare.container.AtomicFile;
import io.softshare.container.SwsFile;
import io.softshare.graph.TensorRole;
import io.softshare.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A run's result by name: what {@code --json} prints and {@link RunFiles#RESULT} keeps. */
public final class RunResult {
    private RunResult() {}

    /**
     * Of a compression.
     *
     * @param device its kind
     */
    public static Map<String, Object> values(Compression.Result result, Settings settings, String device) {
        SwsFile file = result.file();
        Map<String, Object> values = begin(settings, device);
        values.put("recipe", RecipeFile.read(settings.get("recipe"), "recipe").name());
        values.put("pretrainedTestErrorPercent", rounded(result.pretrainedErrorPercent(), 4));
        values.put("testErrorPercent", rounded(result.testErrorPercent(), 4));
        values.put("nonZeroPercent", rounded(100.0 * nonZero(file) / weights(file), 4));
        values.put("originalBytes", 4 * file.model().graph().parameterCount());
        values.put("fileBytes", file.bytes());
        values.put("compressionRatio", rounded(file.compressionRatio(), 3));
        values.put("codec", settings.get("codec"));
        values.put("unitOrder", result.reordered() ? "canonical" : "original");
        values.put("finishing", result.finishing());
        values.put("seconds", rounded(result.seconds(), 1));
        return values;
    }

    /** Weights of a file's network, zeros included. */
    public static long weights(SwsFile file) {
        return file.model().graph().tensors().stream()
                .filter(t -> t.role() == TensorRole.WEIGHT)
                .mapToLong(t -> t.size())
                .sum();
    }

    /** Those of them that are not zero. */
    public static long nonZero(SwsFile file) {
        return file.model().tensors().stream()
                .filter(t -> t.spec().role() == TensorRole.WEIGHT)
                .mapToLong(t -> t.nonZero())
                .sum();
    }

    /** Writes them to the run's folder. */
    public static void keep(Path run, Map<String, Object> values) throws IOException {
        AtomicFile.write(run.resolve(RunFiles.RESULT), (Json.write(values) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Of training alone. */
    public static Map<String, Object> ofTraining(Compression.Result result, Settings settings, String device) {
        Map<String, Object> values = begin(settings, device);
        values.put("testErrorPercent", rounded(result.testErrorPercent(), 4));
        values.put("seconds", rounded(result.seconds(), 1));
        return values;
    }

    private static Map<String, Object> begin(Settings settings, String device) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model", settings.get("model"));
        values.put("data", settings.get("data"));
        values.put("device", device);
        values.put("seed", settings.number("seed"));
        return values;
    }

    private static double rounded(double value, int digits) {
        double scale = Math.pow(10, digits);
        return Math.round(value * scale) / scale;
    }
}
