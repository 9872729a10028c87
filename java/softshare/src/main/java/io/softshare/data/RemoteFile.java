package io.softshare.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file of a known set, as it shall lie in the cache.
 *
 * @param bytes its exact size
 * @param sha256 in lower-case hexadecimal
 */
record RemoteFile(String name, long bytes, String sha256) {

    /** Whether the folder holds this file undamaged. */
    boolean isIn(Path folder) {
        Path file = folder.resolve(name);
        try {
            return Files.isRegularFile(file)
                    && Files.size(file) == bytes
                    && Cache.sha256(file).equals(sha256);
        } catch (IOException e) {
            return false; // Then it is fetched again, and that says what is wrong with the folder.
        }
    }

    /** Refuses a file that is not this one. */
    void check(Path file) throws IOException {
        if (Files.size(file) != bytes) {
            throw new IOException(name + " has " + Files.size(file) + " bytes, expected " + bytes);
        }
        String found = Cache.sha256(file);
        if (!found.equals(sha256)) {
            throw new IOException(name + " has SHA-256 " + found + ", expected " + sha256);
        }
    }
}
