package io.softshare.container;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.MalformedFileException;
import io.softshare.graph.Graph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** Reads .sws files; see the package description for how it treats what it finds. */
public final class SwsReader {
    private SwsReader() {}

    public static SwsFile read(Path path) throws IOException {
        return read(path, Limits.DEFAULT);
    }

    /**
     * Reads a file.
     *
     * @throws MalformedFileException if it is no .sws file of a version and with features that are known here, is
     *     damaged, or goes beyond the limits
     */
    public static SwsFile read(Path path, Limits limits) throws IOException {
        long size = Files.size(path);
        checkFileSize(size, limits);
        try (var in = Files.newInputStream(path)) {
            return read(in.readNBytes((int) Math.min(size + 1, Integer.MAX_VALUE - 8)), limits);
        }
    }

    public static SwsFile read(byte[] file, Limits limits) throws MalformedFileException {
        checkFileSize(file.length, limits);
        checkStart(file);
        ByteSource start = new ByteSource(file, SwsConstants.FIXED_BYTES, file.length);
        long length = start.varint(limits.fileBytes(), "length of the rest");
        if (length != file.length - start.offset()) {
            throw new MalformedFileException(
                    file.length, length + " bytes after the length", (file.length - start.offset()) + " bytes");
        }
        if (length < SwsConstants.CHECKSUM_BYTES) {
            throw new MalformedFileException(start.offset(), "a checksum", length + " bytes");
        }
        int end = file.length - SwsConstants.CHECKSUM_BYTES;
        checkChecksum(file, end);

        ByteSource in = new ByteSource(file, start.offset(), end);
        checkFeatures(in);
        int codecOffset = in.offset();
        int codecId = (int) in.varint(Integer.MAX_VALUE, "number of a codec");
        Codec codec = Codecs.byId(codecId).orElse(null);
        if (codec == null) {
            throw new MalformedFileException(
                    codecOffset, "a known codec", "codec " + codecId + "; a newer softshare may know it");
        }
        Graph graph = GraphCode.read(in, limits);
        int payload = in.offset();
        Codec.Decoded decoded = codec.decode(graph.tensors(), file, payload, end);
        return new SwsFile(
                new CompressedModel(graph, decoded.tensors()),
                codec,
                file[4],
                file[5] & 0xFF,
                file.length,
                file.length - (end - payload),
                end - payload,
                decoded.costs());
    }

    private static void checkFileSize(long size, Limits limits) throws MalformedFileException {
        long most = Math.min(limits.fileBytes(), Integer.MAX_VALUE - 16);
        if (size > most) {
            throw new MalformedFileException(most, "a file of at most " + most + " bytes", size + " bytes");
        }
    }

    private static void checkStart(byte[] file) throws MalformedFileException {
        for (int i = 0; i < SwsConstants.MAGIC.length; i++) {
            if (i >= file.length || (file[i] & 0xFF) != SwsConstants.MAGIC[i]) {
                throw new MalformedFileException(
                        i,
                        String.format("0x%02X (a .sws file begins D3 53 57 53)", SwsConstants.MAGIC[i]),
                        i < file.length ? String.format("0x%02X", file[i]) : "the end of the file");
            }
        }
        if (file.length < SwsConstants.FIXED_BYTES) {
            throw new MalformedFileException(file.length, "the format's version", "the end of the file");
        }
        if (file[4] != SwsConstants.MAJOR) {
            throw new MalformedFileException(
                    4,
                    "format version " + SwsConstants.MAJOR,
                    "version " + (file[4] & 0xFF) + "." + (file[5] & 0xFF) + "; use the softshare that wrote it");
        }
    }

    private static void checkChecksum(byte[] file, int end) throws MalformedFileException {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, end);
        int found = 0;
        for (int i = SwsConstants.CHECKSUM_BYTES - 1; i >= 0; i--) {
            found = found << 8 | file[end + i] & 0xFF;
        }
        if (found != (int) crc.getValue()) {
            throw new MalformedFileException(
                    end,
                    String.format("checksum %08x over what comes before", crc.getValue()),
                    String.format("%08x: the file is damaged", found));
        }
    }

    private static void checkFeatures(ByteSource in) throws MalformedFileException {
        int start = in.offset();
        long required = in.varint(Long.MAX_VALUE, "required features");
        long unknown = required & ~SwsConstants.KNOWN_REQUIRED;
        if (unknown != 0) {
            throw new MalformedFileException(
                    start,
                    "only features known here",
                    "required feature " + Long.numberOfTrailingZeros(unknown) + "; use a newer softshare");
        }
        in.varint(Long.MAX_VALUE, "optional features");
    }
}
