package io.softshare.pipeline;

import io.softshare.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run's record of epochs, {@value RunFiles#METRICS} in its folder. */
final class Metrics {
    private Metrics() {}

    /** Adds an epoch. teacher: of the teacher, else of the network. */
    static void append(Path run, boolean teacher, RunListener.Figures figures) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("part", teacher ? "teacher" : "network");
        line.put("stage", figures.stage());
        line.put("epoch", (long) figures.epoch());
        line.put("loss", figures.loss());
        line.put("trainErrorPercent", figures.trainErrorPercent());
        double validation = figures.validationErrorPercent();
        line.put("validationErrorPercent", Double.isNaN(validation) ? null : validation);
        line.put("liveWeights", figures.live());
        List<List<Double>> mixtures = figures.mixtures().stream()
                .map(m -> Arrays.stream(m).boxed().toList())
                .toList();
        if (mixtures.size() > 1) {
            line.put("mixtures", mixtures);
        } else {
            line.put("mixture", mixtures.isEmpty() ? null : mixtures.get(0));
        }
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
