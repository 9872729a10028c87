package io.softshare.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.data.LocalServer.Manner;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpFetchTest {
    static final HttpFetch.Limits SHORT = new HttpFetch.Limits(
            Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofSeconds(5), Duration.ofMillis(400));
    private static final int SIZE = 100_000;

    @TempDir
    Path folder;

    private final LocalServer server = new LocalServer();
    private final HttpFetch http = new HttpFetch(SHORT);
    private final byte[] file = new byte[SIZE];
    private Path part;

    @BeforeEach
    void serve() {
        new Random(1).nextBytes(file);
        server.files.put("file", file);
        part = folder.resolve("file.part");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void fetchesAWholeFileAndTellsHowFar() throws Exception {
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
        assertEquals(List.of("file -"), server.requests);
    }

    @Test
    void tellsHowFarItIs() {
        server.manner = Manner.HANG;
        List<String> told = new CopyOnWriteArrayList<>();
        assertThrows(
                IOException.class,
                () -> http.download(
                        server.address("file"),
                        part,
                        SIZE,
                        "fetching",
                        (what, done, total) -> told.add(what + " " + done + " of " + total)));
        assertTrue(told.contains("fetching 50000 of 100000"), told.toString());
    }

    @Test
    void goesOnWhereAnEarlierRunStopped() throws Exception {
        Files.write(part, Arrays.copyOf(file, 12_345));
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
        assertEquals(List.of("file bytes=12345-"), server.requests);
    }

    @Test
    void goesOnAfterEveryCutThatBroughtSomething() throws Exception {
        server.manner = Manner.CUT;
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
        assertEquals("file -", server.requests.get(0));
        assertEquals("file bytes=50000-", server.requests.get(1));
        assertEquals(17, server.requests.size(), "100,000 halves 17 times");
    }

    @Test
    void givesUpWhereACutBroughtNothing() throws IOException {
        server.manner = Manner.NOTHING;
        assertFails("", SIZE);
        assertTrue(server.requests.size() <= 2, server.requests.toString());
    }

    @Test
    void keepsWhatCameBeforeASilence() throws Exception {
        server.manner = Manner.HANG;
        IOException e = assertThrows(IOException.class, this::download);
        assertEquals("nothing came for 0.4 s", e.getMessage());
        assertTrue(Files.size(part) >= SIZE / 2);
        server.manner = Manner.GOOD;
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
    }

    @Test
    void startsAgainWhereTheServerIgnoresRanges() throws Exception {
        server.manner = Manner.NO_RANGE;
        Files.write(part, Arrays.copyOf(file, 70_000));
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
        assertEquals(List.of("file bytes=70000-"), server.requests);
    }

    @Test
    void aCompletePartIsLeftAsItIs() throws Exception {
        Files.write(part, file);
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
    }

    @Test
    void aPartThatIsTooLongIsThrownAway() throws Exception {
        Files.write(part, Arrays.copyOf(file, SIZE + 1));
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
        assertEquals(List.of("file bytes=100001-", "file -"), server.requests);
    }

    @Test
    void refusesARangeThatWasNotAskedFor() throws IOException {
        server.manner = Manner.WRONG_RANGE;
        Files.write(part, Arrays.copyOf(file, 10));
        assertFails("asked for bytes from 10, was sent `bytes 0-99999/100000`", SIZE);
        assertEquals(10, Files.size(part), "and does not spoil what is there");
    }

    @Test
    void refusesMoreThanExpected() {
        assertFails("more than the expected 99999 bytes", SIZE - 1);
        assertFalse(Files.exists(part));
    }

    @Test
    void tellsTheStatusAndAsksOnce() {
        server.manner = Manner.NOT_FOUND;
        assertFails("HTTP status 404", SIZE);
        assertEquals(1, server.requests.size());
        assertFalse(Files.exists(part));
    }

    @Test
    void followsRedirects() throws Exception {
        server.manner = Manner.REDIRECT;
        download();
        assertArrayEquals(file, Files.readAllBytes(part));
    }

    @Test
    void saysThatNobodyAnswers() {
        URI address = server.address("file");
        server.close();
        IOException e =
                assertThrows(IOException.class, () -> http.download(address, part, SIZE, "fetching", Progress.SILENT));
        assertEquals("no connection", e.getMessage());
    }

    private void download() throws IOException, InterruptedException {
        http.download(server.address("file"), part, SIZE, "fetching", Progress.SILENT);
    }

    private void assertFails(String reason, long maxBytes) {
        IOException e = assertThrows(
                IOException.class,
                () -> http.download(server.address("file"), part, maxBytes, "fetching", Progress.SILENT));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }
}
