package io.softshare.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where fetched data sets are kept. Files come in whole: they are written under another name, checked, and moved by one
 * atomic rename; a lock file keeps two processes from fetching the same set at once.
 */
public record Cache(Path root) {
    /** System property that names the cache folder, before all else. */
    public static final String PROPERTY = "softshare.cache";
    /** Environment variable that names the cache folder. */
    public static final String VARIABLE = "SOFTSHARE_CACHE";

    private static final long LOCK_POLL_MILLIS = 200;

    /**
     * The first of: system property {@value #PROPERTY}, variable {@value #VARIABLE}, {@code $XDG_CACHE_HOME/softshare} (if
     * absolute, as the XDG rules ask), {@code ~/.cache/softshare}.
     */
    public static Cache standard() {
        return standard(System.getProperty(PROPERTY), System.getenv(), System.getProperty("user.home", "."));
    }

    static Cache standard(String property, Map<String, String> environment, String home) {
        for (String chosen : new String[] {property, environment.get(VARIABLE)}) {
            if (chosen != null && !chosen.isEmpty()) {
                return new Cache(Path.of(chosen).toAbsolutePath());
            }
        }
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path base = !xdg.isEmpty() && Path.of(xdg).isAbsolute() ? Path.of(xdg) : Path.of(home, ".cache");
        return new Cache(base.resolve("softshare").toAbsolutePath());
    }

    /** The folder of one set; made if it is not there. */
    Path folder(String set) {
        Path folder = root.resolve(set);
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new DataException(
                    "the cache folder " + folder + " cannot be made: " + e + "; set " + VARIABLE + " to another", e);
        }
    }

    /** Work done while this process alone may write a set. */
    interface Locked {
        void run() throws IOException, InterruptedException;
    }

    /** Waits until no other process or thread fetches the set, then runs the work. The lock ends with the process. */
    void locked(String set, Progress progress, Locked work) {
        Path lockFile = folder(set).resolve(".lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = lock(channel, set, progress)) {
            work.run();
        } catch (IOException e) {
            throw new DataException(
                    set + " cannot be kept in " + lockFile.getParent() + ": " + e
                            + "; check free space and rights, or set " + VARIABLE + " to another folder",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataException("fetching " + set + " was interrupted", e);
        }
    }

    private static FileLock lock(FileChannel channel, String set, Progress progress)
            throws IOException, InterruptedException {
        while (true) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // Another thread of this process holds it.
            }
            progress.update("waiting for another process that fetches " + set, 0, -1);
            Thread.sleep(LOCK_POLL_MILLIS);
        }
    }

    /** Moves a finished file or folder to its place in one step. */
    static void moveIntoPlace(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("no atomic rename from " + from + " to " + to, e);
        }
    }

    /** Deletes a file, or a folder with all it holds; links are deleted, not followed. */
    static void delete(Path path) throws IOException {
        if (!Files.exists(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** SHA-256 of a file in hexadecimal. */
    static String sha256(Path file) throws IOException {
        MessageDigest digest = newSha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            byte[] buffer = new byte[1 << 16];
            while (in.read(buffer) >= 0) {
                // The stream feeds the digest.
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
