package io.softshare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A package depends only on those before it, and only the device package touches native code. */
class PackageOrderTest {
    private static final List<String> ORDER = List.of(
            "json",
            "graph",
            "codec",
            "container",
            "simplify",
            "safetensors",
            "onnx",
            "device",
            "data",
            "network",
            "prior",
            "quantize",
            "train",
            "pipeline",
            "search",
            "report",
            "cli");
    private static final Pattern USE = Pattern.compile("\\bio\\.softshare\\.([a-z]+)\\.");

    @Test
    void packagesDependOnlyOnLowerOnes() throws IOException {
        List<String> faults = new ArrayList<>();
        int files = 0;
        for (Path root :
                List.of(Path.of("src/main/java/io/softshare"), Path.of("../format/src/main/java/io/softshare"))) {
            try (Stream<Path> sources = Files.walk(root)) {
                for (Path source :
                        sources.filter(p -> p.toString().endsWith(".java")).toList()) {
                    files++;
                    check(root.relativize(source), Files.readString(source), faults);
                }
            }
        }
        assertTrue(files > 60, "found only " + files + " sources");
        assertEquals(List.of(), faults);
    }

    private static void check(Path file, String text, List<String> faults) {
        String own = file.getName(0).toString();
        Matcher uses = USE.matcher(text);
        while (uses.find()) {
            if (ORDER.indexOf(uses.group(1)) > ORDER.indexOf(own) || !ORDER.contains(uses.group(1))) {
                faults.add(file + " uses " + uses.group(1));
            }
        }
        if (!own.equals("device") && text.contains("org.bytedeco")) {
            faults.add(file + " touches native code");
        }
    }
}
