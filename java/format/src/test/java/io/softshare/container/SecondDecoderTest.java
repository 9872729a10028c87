package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The decoder in Python, written from docs/FORMAT.md alone, agrees on the conformance set. */
class SecondDecoderTest {
    @Test
    void decodesTheConformanceSetToTheSameBits() throws Exception {
        Optional<String> python = python();
        assumeTrue(python.isPresent(), "SKIPPED: no Python 3.9 or newer is on the PATH or named by SOFTSHARE_PYTHON");
        List<String> command = new ArrayList<>(List.of(python.get(), "src/test/python/sws_decoder.py"));
        try (Stream<Path> files = Files.list(ConformanceFiles.FOLDER)) {
            files.map(Path::toString)
                    .filter(name -> name.endsWith(".sws"))
                    .sorted()
                    .forEach(command::add);
        }
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String found = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertEquals(
                new TreeSet<>(Files.readAllLines(ConformanceFiles.DIGESTS)),
                new TreeSet<>(found.lines().toList()));
    }

    private static Optional<String> python() throws InterruptedException {
        for (String name : new String[] {System.getenv("SOFTSHARE_PYTHON"), "python3"}) {
            try {
                if (name != null
                        && new ProcessBuilder(name, "-c", "import sys; sys.exit(sys.version_info < (3, 9))")
                                        .start()
                                        .waitFor()
                                == 0) {
                    return Optional.of(name);
                }
            } catch (IOException e) {
                continue; // not there: the next one
            }
        }
        return Optional.empty();
    }
}
