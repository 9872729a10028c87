package io.softshare.pipeline;

import io.softshare.json.Json;
import io.softshare.train.Stage;
import io.softshare.train.Trainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run's epochs on record: a JSON line each, in the run's folder. */
final class Metrics {
    private Metrics() {}

    /**
     * Adds an epoch.
     *
     * @param ofTeacher whether the teacher was trained, else the network
     * @param validationError in per cent; NaN: not measured
     * @param mixture π, μ, σ, or null
     */
    static void append(
            Path run,
            boolean ofTeacher,
            Stage stage,
            int epoch,
            Trainer.Epoch figures,
            double validationError,
            double[] mixture)
            throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("part", ofTeacher ? "teacher" : "network");
        line.put("stage", stage.name());
        line.put("epoch", (long) epoch);
        line.put("loss", figures.loss());
        line.put("trainErrorPercent", figures.errorPercent());
        line.put("validationErrorPercent", Double.isNaN(validationError) ? null : validationError);
        line.put("liveWeights", figures.live());
        line.put(
                "mixture",
                mixture == null ? null : Arrays.stream(mixture).boxed().toList());
        Files.writeString(
                run.resolve(RunFiles.METRICS),
                Json.write(line) + "\n",
                StandardCharsets.UTF_8,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /** Drops the lines of epochs after the checkpoint that a run goes on from: they will come again. */
    static void keep(Path run, int lines) throws IOException {
        Path file = run.resolve(RunFiles.METRICS);
        if (Files.exists(file)) {
            List<String> all = Files.readAllLines(file);
            Files.write(file, all.subList(0, Math.min(lines, all.size())));
        }
    }
}
