package io.softshare.pipeline;

import io.softshare.container.SwsFile;
import io.softshare.graph.TensorRole;
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
        long weights = file.model().graph().tensors().stream()
                .filter(t -> t.role() == TensorRole.WEIGHT)
                .mapToLong(t -> t.size())
                .sum();
        long nonZero = file.model().tensors().stream()
                .filter(t -> t.spec().role() == TensorRole.WEIGHT)
                .mapToLong(t -> t.nonZero())
                .sum();
        Map<String, Object> values = begin(settings, device);
        values.put("recipe", RecipeFile.read(settings.get("recipe"), "recipe").name());
        values.put("pretrainedTestErrorPercent", rounded(result.pretrainedErrorPercent(), 4));
        values.put("testErrorPercent", rounded(result.testErrorPercent(), 4));
        values.put("nonZeroPercent", rounded(100.0 * nonZero / weights, 4));
        values.put("originalBytes", 4 * file.model().graph().parameterCount());
        values.put("fileBytes", file.bytes());
        values.put("compressionRatio", rounded(file.compressionRatio(), 3));
        values.put("codec", settings.get("codec"));
        values.put("unitOrder", result.reordered() ? "canonical" : "original");
        values.put("finishing", result.finishing());
        values.put("seconds", rounded(result.seconds(), 1));
        return values;
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
