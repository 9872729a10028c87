package io.softshare.pipeline;

import io.softshare.container.AtomicFile;
import io.softshare.json.Json;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a run was asked for; kept in its checkpoints, so that resuming needs nothing else. Paths and the like are texts. */
public record Settings(Map<String, String> values) {
    public Settings {
        values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** The named setting, or null. */
    public String get(String key) {
        return values.get(key);
    }

    /** The command line's option for a setting: {@code --rate-distortion} for {@code rateDistortion}. */
    public static String option(String key) {
        return "--" + key.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    /** The same with some of them changed or added. */
    public Settings with(Map<String, String> changes) {
        Map<String, String> all = new LinkedHashMap<>(values);
        all.putAll(changes);
        return new Settings(all);
    }

    /** Writes them to a run's folder, but for the recipe, which has a file of its own there. */
    void keep(Path run) throws IOException {
        Map<String, Object> asked = new LinkedHashMap<>(values);
        asked.remove("recipe");
        AtomicFile.write(run.resolve(RunFiles.SETTINGS), (Json.write(asked) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    public long number(String key) {
        return Long.parseLong(values.get(key));
    }

    public boolean flag(String key) {
        return Boolean.parseBoolean(values.get(key));
    }

    void write(DataOutputStream out) throws IOException {
        out.writeInt(values.size());
        for (Map.Entry<String, String> entry : values.entrySet()) {
            out.writeUTF(entry.getKey());
            out.writeUTF(entry.getValue());
        }
    }

    static Settings read(DataInputStream in) throws IOException {
        Map<String, String> values = new LinkedHashMap<>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            values.put(in.readUTF(), in.readUTF());
        }
        return new Settings(values);
    }
}
