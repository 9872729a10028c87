package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void replacesWhatIsThere() throws IOException {
        Path path = folder.resolve("a");
        AtomicFile.write(path, new byte[] {1, 2, 3});
        AtomicFile.write(path, new byte[] {4});
        assertArrayEquals(new byte[] {4}, Files.readAllBytes(path));
        assertEquals(List.of("a"), names());
    }

    @Test
    void aFailureHalfWayLeavesTheOldFileAndNothingElse() throws IOException {
        Path path = folder.resolve("a");
        AtomicFile.write(path, new byte[] {1, 2, 3});
        for (Path target : List.of(path, folder.resolve("new"))) {
            assertThrows(
                    IOException.class,
                    () -> AtomicFile.write(target, channel -> {
                        AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[100_000]));
                        throw new IOException("the disk is full");
                    }));
        }
        assertThrows(
                IllegalStateException.class,
                () -> AtomicFile.write(path, channel -> {
                    throw new IllegalStateException();
                }));
        assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(path));
        assertEquals(List.of("a"), names());
    }

    private static String refused(Path path) {
        IOException e = assertThrows(IOException.class, () -> AtomicFile.write(path, new byte[1]));
        String message = e.getMessage();
        assertTrue(message.startsWith(path + " cannot be written: ") && message.contains("; "), message);
        return message;
    }

    @Test
    void placesThatCannotBeWrittenSayWhy() throws IOException {
        assertTrue(refused(folder.resolve("no/such/a")).contains("its folder does not exist"));
        assertTrue(refused(folder).contains("it is a folder"));
        assertTrue(refused(Path.of("")).contains("it is a folder"));
        Path file = Files.write(folder.resolve("file"), new byte[1]);
        assertTrue(refused(file.resolve("a")).contains("Not a directory"));
        assertEquals(List.of("file"), names());
    }

    /** Root may write to any folder but those of the system itself. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aFolderThatMayNotBeWrittenTo() throws IOException {
        Path locked = Files.createDirectory(folder.resolve("locked"));
        AtomicFile.write(locked.resolve("a"), new byte[] {1});
        Set<PosixFilePermission> before = Files.getPosixFilePermissions(locked);
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            boolean root = Files.isWritable(locked);
            String message = refused(root ? Path.of("/sys/a") : locked.resolve("a"));
            assertTrue(message.contains("permission denied") || message.contains("permitted"), message);
        } finally {
            Files.setPosixFilePermissions(locked, before);
        }
        assertArrayEquals(new byte[] {1}, Files.readAllBytes(locked.resolve("a")));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void linksAreFollowedAndDevicesWrittenTo() throws IOException {
        Path real = Files.write(Files.createDirectory(folder.resolve("real")).resolve("file"), new byte[1]);
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        AtomicFile.write(link, new byte[] {5});
        assertTrue(Files.isSymbolicLink(link));
        assertArrayEquals(new byte[] {5}, Files.readAllBytes(real));
        AtomicFile.write(Path.of("/dev/null"), new byte[] {5});
        assertFalse(Files.isRegularFile(Path.of("/dev/null")));
    }

    @Test
    void anInterruptedThreadLeavesNothing() throws IOException {
        Path path = folder.resolve("a");
        Thread.currentThread().interrupt();
        try {
            assertTrue(refused(path).contains("interrupted"));
        } finally {
            Thread.interrupted();
        }
        assertEquals(List.of(), names());
    }

    /** A limit on the size of files stands in for a full disk. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aFullDiskLeavesTheOldFile() throws Exception {
        Path path = folder.resolve("a");
        AtomicFile.write(path, new byte[] {1});
        Process process = writer(path, 1 << 20, "ulimit -f 64 && exec \"$@\"");
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), output);
        assertTrue(output.contains("a cannot be written: ") && output.contains("free some space"), output);
        assertArrayEquals(new byte[] {1}, Files.readAllBytes(path));
        assertEquals(List.of("a"), names());
    }

    /** Killed at any moment: the file is the old one, whole, until it is the new one, whole. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aKillLeavesTheOldFileOrTheNewOne() throws Exception {
        Path path = folder.resolve("a");
        byte[] old = new byte[100];
        AtomicFile.write(path, old);
        int size = 64 << 20;
        int halfWay = 0;
        for (int kill = 0; kill < 8; kill++) {
            Process process = writer(path, size, "exec \"$@\"");
            // The writer says when it begins; then kills fall at growing delays, into the writing, forcing and
            // renaming.
            assertEquals('b', process.getInputStream().read());
            Thread.sleep(5L * kill);
            process.destroyForcibly().waitFor();
            byte[] found = Files.readAllBytes(path);
            assertTrue(found.length == old.length || found.length == size, "found " + found.length + " bytes");
            halfWay += (int) names().stream().filter(n -> n.endsWith(".tmp")).count();
            for (String name : names()) {
                Files.delete(folder.resolve(name));
            }
            AtomicFile.write(path, old);
        }
        assertTrue(halfWay > 0, "no kill fell into the writing");
    }

    /** Writes so many bytes to a path in a process of its own, which bash starts. */
    private static Process writer(Path path, int size, String script) throws IOException {
        return new ProcessBuilder(
                        "bash",
                        "-c",
                        script,
                        "bash",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Writer.class.getName(),
                        path.toString(),
                        String.valueOf(size))
                .redirectErrorStream(true)
                .start();
    }

    /** The process. */
    static final class Writer {
        public static void main(String[] arguments) {
            byte[] chunk = new byte[1 << 16];
            int chunks = Integer.parseInt(arguments[1]) / chunk.length;
            try {
                AtomicFile.write(Path.of(arguments[0]), channel -> {
                    System.out.print("b");
                    System.out.flush();
                    for (int i = 0; i < chunks; i++) {
                        AtomicFile.writeFully(channel, ByteBuffer.wrap(chunk));
                    }
                });
            } catch (IOException e) {
                System.out.println(e.getMessage());
                System.exit(1);
            }
        }
    }
}
