package io.softshare.pipeline;

import io.softshare.container.AtomicFile;
import io.softshare.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Files that were made on the way to the one that a run's folder is about: {@value RunFiles#TRIALS} there, for its report. */
public final class TriedFiles {
    /** One of them. number: from 1. */
    public record TriedFile(int number, double validationErrorPercent, long bytes) {}

    private TriedFiles() {}

    /** Writes them; chosen: the number of the one that the folder is about. */
    public static void write(Path folder, List<TriedFile> files, int chosen) throws IOException {
        List<Object> list = new ArrayList<>();
        for (TriedFile file : files) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("trial", (long) file.number());
            values.put("validationErrorPercent", file.validationErrorPercent());
            values.put("fileBytes", file.bytes());
            values.put("chosen", file.number() == chosen);
            list.add(values);
        }
        AtomicFile.write(folder.resolve(RunFiles.TRIALS), (Json.write(list) + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
