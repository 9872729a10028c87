package io.softshare.data;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Brings CIFAR-10 into the cache: one archive, checked as a whole, whose files then appear by one rename of their folder.
 */
record CifarFetch(RemoteFile archive, List<URI> mirrors, HttpFetch http) {
    static final String SET = "cifar10";

    private static final RemoteFile ARCHIVE = new RemoteFile(
            "cifar-10-binary.tar.gz", 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd");
    /** A batch has 30,730,000 bytes; the other files are small. */
    private static final long MAX_ENTRY = 32_000_000;

    static CifarFetch standard() {
        return new CifarFetch(
                ARCHIVE,
                List.of(URI.create("https://www.cs.toronto.edu/~kriz/")),
                new HttpFetch(HttpFetch.Limits.STANDARD));
    }

    /** The folder with the binary files, fetched if it is not there. */
    Path fetch(Cache cache, Progress progress) {
        Path folder = cache.folder(SET).resolve(CifarBinary.SUBFOLDER);
        if (!Files.isDirectory(folder)) {
            cache.locked(SET, progress, () -> {
                // Asked again under the lock: another process may have brought it meanwhile.
                if (!Files.isDirectory(folder)) {
                    fetchArchive(folder, progress);
                }
            });
        }
        return folder;
    }

    private void fetchArchive(Path folder, Progress progress) throws InterruptedException {
        List<String> tried = new ArrayList<>();
        for (URI mirror : mirrors) {
            try {
                fromMirror(mirror, folder, progress);
                return;
            } catch (IOException e) {
                tried.add(mirror.getHost() + ": " + e.getMessage());
            }
        }
        throw new DataException("CIFAR-10 could not be fetched (" + String.join("; ", tried)
                + "); bring cifar-10-binary.tar.gz by hand, unpack it into a folder DIR and pass --data DIR");
    }

    private void fromMirror(URI mirror, Path folder, Progress progress) throws IOException, InterruptedException {
        Path part = folder.resolveSibling(archive.name() + ".part");
        boolean resumed = Files.exists(part);
        http.download(mirror.resolve(archive.name()), part, archive.bytes(), "fetching CIFAR-10", progress);
        try {
            archive.check(part);
        } catch (IOException e) {
            Files.deleteIfExists(part);
            if (!resumed) {
                throw e;
            }
            // The beginning came from an earlier run and may be at fault: once more from the start.
            fromMirror(mirror, folder, progress);
            return;
        }
        Path work = folder.resolveSibling("unpack.work");
        Cache.delete(work);
        try {
            Files.createDirectory(work);
            extract(part, work);
            Cache.moveIntoPlace(work, folder);
            Files.delete(part);
        } finally {
            Cache.delete(work);
        }
    }

    private static void extract(Path archive, Path work) throws IOException {
        Map<String, TarGz.Target> wanted = new HashMap<>();
        List<String> needed = Stream.concat(CifarBinary.TRAIN.stream(), Stream.of(CifarBinary.TEST))
                .toList();
        Stream.concat(needed.stream(), Stream.of(CifarBinary.META))
                .forEach(name -> wanted.put(
                        CifarBinary.SUBFOLDER + "/" + name, new TarGz.Target(work.resolve(name), MAX_ENTRY)));
        Set<String> found = TarGz.extract(archive, wanted);
        for (String name : needed) {
            if (!found.contains(CifarBinary.SUBFOLDER + "/" + name)) {
                throw new IOException("the archive has no " + name);
            }
        }
    }
}
