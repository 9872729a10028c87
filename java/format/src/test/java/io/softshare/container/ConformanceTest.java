package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kept files of version 1 decode to what they always did, bit for bit. */
class ConformanceTest {
    private static Map<String, String> digests() throws IOException {
        return Files.readAllLines(ConformanceFiles.DIGESTS).stream()
                .map(line -> line.split("  "))
                .collect(Collectors.toMap(part -> part[1], part -> part[0]));
    }

    static List<String> files() throws IOException {
        return digests().keySet().stream().sorted().toList();
    }

    @ParameterizedTest
    @MethodSource("files")
    void decodesToTheSameBits(String name) throws IOException {
        Path path = ConformanceFiles.FOLDER.resolve(name);
        SwsFile file = SwsReader.read(path);
        assertEquals(digests().get(name), ConformanceFiles.digest(file.model()), name);
        assertEquals(1, file.major());
        CompressedModel again = SwsReader.read(SwsWriter.encode(file.model(), file.codec()), Limits.DEFAULT)
                .model();
        assertEquals(file.model(), again, "written anew and read");
    }

    @Test
    void everyFileHasADigest() throws IOException {
        try (Stream<Path> paths = Files.list(ConformanceFiles.FOLDER)) {
            TreeSet<String> found = paths.map(p -> p.getFileName().toString())
                    .filter(name -> name.endsWith(".sws"))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(new TreeSet<>(files()), found);
            assertTrue(found.size() >= 12);
        }
    }
}
