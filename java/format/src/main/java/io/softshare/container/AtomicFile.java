package io.softshare.container;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes a file whole or not at all: a new file beside it is filled, forced to disk, and takes its name at the end. */
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

    /** A failure leaves what was there before, and nothing beside it. */
    public static void write(Path path, Content content) throws IOException {
        Path target = path.toAbsolutePath();
        Path temporary = target.resolveSibling("." + target.getFileName() + "."
                + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime()) + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (FileSystemException e) {
            throw failure(path, e.getReason() != null ? e.getReason() : reason(e), e);
        } catch (IOException e) {
            throw failure(path, e.getMessage(), e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static IOException failure(Path path, String reason, IOException cause) {
        String advice = cause instanceof NoSuchFileException || cause instanceof AccessDeniedException
                ? "choose another place"
                : "free some space or choose another place";
        return new IOException(path + " cannot be written: " + reason + "; " + advice, cause);
    }

    private static String reason(FileSystemException e) {
        return e instanceof AccessDeniedException
                ? "permission denied"
                : e instanceof NoSuchFileException
                        ? "its folder does not exist"
                        : e.getClass().getSimpleName();
    }

    /** Writes all that the buffer holds. */
    public static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
