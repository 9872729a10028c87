package io.softshare.container;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
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

    @Test
    void anUnwritablePlaceIsAnIoException() {
        IOException thrown =
                assertThrows(IOException.class, () -> AtomicFile.write(folder.resolve("no/such/a"), new byte[1]));
        assertTrue(thrown.getMessage().contains("its folder does not exist"), thrown.getMessage());
        assertThrows(IOException.class, () -> AtomicFile.write(folder.resolve(""), new byte[1]));
    }
}
