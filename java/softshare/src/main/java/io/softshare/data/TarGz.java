package io.softshare.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * Takes named files out of a .tar.gz. Only entries asked for are written, each to the place given for it, so no name in
 * the archive decides where anything goes.
 */
final class TarGz {
    private static final int BLOCK = 512;
    /** An archive that unpacks to more is not one of ours. */
    private static final long MAX_TOTAL = 1L << 30;

    /** Where an entry goes and the most bytes it may have. */
    record Target(Path file, long maxBytes) {}

    private TarGz() {}

    /**
     * Extracts regular entries by exact name.
     *
     * @return the names found
     * @throws IOException if the archive is damaged, truncated, or an entry larger than allowed
     */
    static Set<String> extract(Path archive, Map<String, Target> wanted) throws IOException {
        Set<String> found = new HashSet<>();
        try (InputStream in = new GZIPInputStream(new BufferedInputStream(Files.newInputStream(archive)), 1 << 16)) {
            byte[] header = new byte[BLOCK];
            long total = 0;
            while (readBlock(in, header) && !isZero(header)) {
                checkSum(header);
                String name = name(header);
                long size = octal(header, 124, 12, "size of " + name);
                total += size;
                if (total > MAX_TOTAL) {
                    throw new IOException("the archive unpacks to over " + MAX_TOTAL + " bytes");
                }
                Target target = wanted.get(name);
                boolean regular = header[156] == '0' || header[156] == 0;
                if (target == null || !regular) {
                    in.skipNBytes(size);
                } else {
                    if (size > target.maxBytes()) {
                        throw new IOException(name + " has " + size + " bytes, expected at most " + target.maxBytes());
                    }
                    if (!found.add(name)) {
                        throw new IOException(name + " is in the archive twice");
                    }
                    copy(in, size, target.file());
                }
                in.skipNBytes(Math.floorMod(-size, BLOCK));
            }
        }
        return found;
    }

    /** False at the end of the stream; some writers leave out the two zero blocks that should end an archive. */
    private static boolean readBlock(InputStream in, byte[] block) throws IOException {
        int read = in.readNBytes(block, 0, BLOCK);
        if (read != 0 && read != BLOCK) {
            throw new IOException("the archive ends inside a header");
        }
        return read == BLOCK;
    }

    private static boolean isZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** The sum of all header bytes, with the sum's own field taken as blanks. */
    private static void checkSum(byte[] header) throws IOException {
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xFF;
        }
        long stored = octal(header, 148, 8, "checksum");
        if (sum != stored) {
            throw new IOException("tar header checksum is " + stored + ", expected " + sum);
        }
    }

    private static String name(byte[] header) {
        String name = text(header, 0, 100);
        boolean ustar = text(header, 257, 5).equals("ustar");
        String prefix = ustar && header[262] == 0 ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private static String text(byte[] header, int at, int length) {
        int end = at;
        while (end < at + length && header[end] != 0) {
            end++;
        }
        return new String(header, at, end - at, StandardCharsets.UTF_8);
    }

    private static long octal(byte[] header, int at, int length, String what) throws IOException {
        String digits = text(header, at, length).strip();
        if (!digits.matches("[0-7]{1,11}")) {
            throw new IOException("tar header: " + what + " is not an octal number");
        }
        return Long.parseLong(digits, 8);
    }

    private static void copy(InputStream in, long size, Path file) throws IOException {
        byte[] buffer = new byte[1 << 16];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long left = size; left > 0; ) {
                int read = in.read(buffer, 0, (int) Math.min(left, buffer.length));
                if (read < 0) {
                    throw new IOException("the archive ends inside " + file.getFileName());
                }
                out.write(buffer, 0, read);
                left -= read;
            }
        }
    }
}
