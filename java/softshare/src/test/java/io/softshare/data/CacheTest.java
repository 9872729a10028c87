package io.softshare.data;

import static io.softshare.data.DataSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheTest {
    @TempDir
    Path folder;

    @Test
    void theFolderFollowsTheXdgRules() {
        String home = folder.resolve("home").toString();
        String xdg = folder.resolve("xdg").toString();
        String own = folder.resolve("own").toString();
        String given = folder.resolve("given").toString();
        Path byDefault = Path.of(home, ".cache", "softshare");
        assertEquals(byDefault, root(null, Map.of(), home));
        assertEquals(byDefault, root("", Map.of("XDG_CACHE_HOME", "", "SOFTSHARE_CACHE", ""), home));
        assertEquals(byDefault, root(null, Map.of("XDG_CACHE_HOME", "relative/path"), home), "must be absolute");
        assertEquals(Path.of(xdg, "softshare"), root(null, Map.of("XDG_CACHE_HOME", xdg), home));
        Map<String, String> both = Map.of("XDG_CACHE_HOME", xdg, "SOFTSHARE_CACHE", own);
        assertEquals(Path.of(own), root(null, both, home), "our own variable first");
        assertEquals(Path.of(given), root(given, both, home), "the property before all");
    }

    @Test
    void saysWhichFolderCannotBeMade() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertMessage("cannot be made", () -> new Cache(file).folder("mnist"));
        assertMessage("set SOFTSHARE_CACHE to another", () -> new Cache(file).folder("mnist"));
    }

    @Test
    void aFailureUnderTheLockSaysWhereAndFreesIt() {
        Cache cache = new Cache(folder);
        assertMessage(
                "mnist cannot be kept in " + folder.resolve("mnist"),
                () -> cache.locked("mnist", Progress.SILENT, () -> {
                    throw new IOException("disk full");
                }));
        boolean[] ran = new boolean[1];
        cache.locked("mnist", Progress.SILENT, () -> ran[0] = true);
        assertTrue(ran[0]);
    }

    @Test
    void deletingDoesNotFollowLinks() throws IOException {
        Path outside = Files.createDirectories(folder.resolve("outside"));
        Files.createFile(outside.resolve("kept"));
        Path inside = Files.createDirectories(folder.resolve("inside/deep"));
        Files.createSymbolicLink(inside.resolve("link"), outside);
        Cache.delete(folder.resolve("inside"));
        Cache.delete(folder.resolve("never there"));
        assertFalse(Files.exists(folder.resolve("inside")));
        assertTrue(Files.exists(outside.resolve("kept")));
    }

    private static Path root(String property, Map<String, String> environment, String home) {
        return Cache.standard(property, environment, home).root();
    }
}
