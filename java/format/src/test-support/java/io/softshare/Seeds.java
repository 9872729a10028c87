package io.softshare;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Inputs that fuzzing starts from, kept under src/test/resources where Jazzer looks for them. They are made by the tests
 * that use this class: {@code -Dsoftshare.seeds=write} writes them anew, which a change of a format calls for.
 */
public final class Seeds {
    private static final boolean WRITE = "write".equals(System.getProperty("softshare.seeds"));

    private Seeds() {}

    /** Whether seeds of that name are good: what their reader says. */
    @FunctionalInterface
    public interface Check {
        void accept(byte[] seed) throws Exception;
    }

    /** A seed of a target, by the name of its file. */
    public record Seed(String name, byte[] bytes) {}

    /** Every kept seed is one that gets deep into the reader. */
    public static void check(Class<?> target, String method, List<Seed> seeds, Check check) throws Exception {
        Path folder = Path.of("src/test/resources")
                .resolve(target.getName().replace('.', '/') + "Inputs")
                .resolve(method);
        if (WRITE) {
            write(folder, seeds);
        }
        for (Seed seed : seeds) {
            Path file = folder.resolve("seed-" + seed.name());
            assertTrue(Files.exists(file), file + " is missing; run this test with -Dsoftshare.seeds=write");
            try {
                check.accept(Files.readAllBytes(file));
            } catch (Exception e) {
                throw new AssertionError(file + " is refused; run this test with -Dsoftshare.seeds=write", e);
            }
        }
    }

    private static void write(Path folder, List<Seed> seeds) throws IOException {
        Files.createDirectories(folder);
        try (Stream<Path> old = Files.list(folder)) {
            for (Path file : old.filter(f -> f.getFileName().toString().startsWith("seed-"))
                    .toList()) {
                Files.delete(file);
            }
        }
        for (Seed seed : seeds) {
            Files.write(folder.resolve("seed-" + seed.name()), seed.bytes());
        }
    }
}
