package io.softshare.container;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes a file whole or not at all: a new file beside it is filled, forced to disk, and takes its name at the end; then the
 * folder is forced to disk. Whoever reads the name, after a kill or a power cut too, finds the old file or the new one.
 *
 * <p>A kill may leave the new file behind, as {@code .NAME.….tmp}. A symbolic link is followed: what it leads to is replaced. What
 * is no file, such as a pipe or {@code /dev/stdout}, is written to as it is.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** Fills a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    public static void write(Path path, byte[] bytes) throws IOException {
        write(path, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
    }

    /**
     * A failure leaves what was there before, and nothing beside it.
     *
     * @throws IOException with the path, the reason and what to do about it, in one line
     */
    public static void write(Path path, Content content) throws IOException {
        try {
            if (Files.isDirectory(path)) {
                throw new FileSystemException(path.toString(), null, "it is a folder");
            }
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                    content.writeTo(channel);
                }
                return;
            }
            replace(Files.exists(path) ? path.toRealPath() : path.toAbsolutePath(), content);
        } catch (ClosedByInterruptException e) {
            throw failure(path, "the thread was interrupted", "try again", e);
        } catch (AccessDeniedException e) {
            throw failure(path, "permission denied", "choose another place", e);
        } catch (NoSuchFileException e) {
            throw failure(path, "its folder does not exist", "choose another place", e);
        } catch (FileSystemException e) {
            String reason = e.getReason() != null ? e.getReason() : e.getClass().getSimpleName();
            throw failure(path, reason, "free some space or choose another place", e);
        } catch (IOException e) {
            throw failure(path, e.getMessage(), "free some space or choose another place", e);
        }
    }

    private static void replace(Path target, Content content) throws IOException {
        Path temporary = target.resolveSibling("." + target.getFileName() + "."
                + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime()) + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            move(temporary, target);
        } catch (IOException | RuntimeException | Error e) {
            discard(temporary, e);
            throw e;
        }
        force(target.getParent());
    }

    private static void discard(Path temporary, Throwable failure) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static void move(Path temporary, Path target) throws IOException {
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** The file is whole under its name by now. Where a folder cannot be opened (as on Windows) its name is forced no more. */
    private static void force(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Nothing is lost but the certainty that the name outlives a power cut.
        }
    }

    private static IOException failure(Path path, String reason, String advice, IOException cause) {
        return new IOException(path + " cannot be written: " + reason + "; " + advice, cause);
    }

    /** Writes all that the buffer holds. */
    public static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
