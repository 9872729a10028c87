package io.softshare.container;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.LimitException;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import io.softshare.codec.TensorCost;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/**
 * A .sws file. Opening it checks length, checksum and graph and decodes no tensor; {@link #tensor} decodes what it needs for
 * one, {@link #forEach} all of them with one section in memory at a time, {@link #file} everything, on all processors. The
 * package description says how it treats what it finds. An instance keeps the file's bytes and nothing else; it is immutable and
 * may be used by several threads.
 */
public final class SwsReader {
    private final byte[] bytes;
    private final Limits limits;
    private final Codec codec;
    private final Graph graph;
    private final int payload; // where the table of sections begins
    private final int end; // of the payload
    private final List<Slice> slices;
    private final List<Section> sections;

    private SwsReader(byte[] bytes, Limits limits) throws MalformedFileException {
        this.bytes = bytes;
        this.limits = limits;
        checkFileSize(bytes.length, limits);
        checkStart(bytes);
        ByteSource start = new ByteSource(bytes, SwsConstants.FIXED_BYTES, bytes.length);
        long length = start.varint(limits.fileBytes(), "length of the rest");
        if (length != bytes.length - start.offset()) {
            throw new MalformedFileException(
                    bytes.length, length + " bytes after the length", (bytes.length - start.offset()) + " bytes");
        }
        if (length < SwsConstants.CHECKSUM_BYTES) {
            throw new MalformedFileException(start.offset(), "a checksum", length + " bytes");
        }
        end = bytes.length - SwsConstants.CHECKSUM_BYTES;
        checkChecksum(bytes, end);

        ByteSource in = new ByteSource(bytes, start.offset(), end);
        checkFeatures(in);
        int codecOffset = in.offset();
        int codecId = (int) in.varint(Integer.MAX_VALUE, "number of a codec");
        codec = Codecs.byId(codecId).orElse(null);
        if (codec == null) {
            throw new MalformedFileException(
                    codecOffset, "a known codec", "codec " + codecId + "; a newer softshare may know it");
        }
        graph = GraphCode.read(in, limits);
        payload = in.offset();
        slices = Slice.of(graph.tensors());
        sections = Section.readTable(in, slices.size(), end);
    }

    /**
     * Opens a file.
     *
     * @throws MalformedFileException if it is no .sws file of a version and with features that are known here, is
     *     damaged, or goes beyond the limits (then a {@link LimitException})
     */
    public static SwsReader open(Path path, Limits limits) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            checkFileSize(Files.size(path), limits);
            return open(in, limits);
        } catch (MalformedFileException e) {
            throw e.in(path);
        }
    }

    /** Opens the file that a stream gives to its end; the stream stays open. */
    public static SwsReader open(InputStream in, Limits limits) throws IOException {
        int most = (int) Math.min(limits.fileBytes(), Integer.MAX_VALUE - 16);
        return new SwsReader(in.readNBytes(most + 1), limits);
    }

    /** Opens a file in memory. The array is not copied: leave it as it is. */
    public static SwsReader open(byte[] file, Limits limits) throws MalformedFileException {
        return new SwsReader(file, limits);
    }

    /** Opens a file and decodes all of it. */
    public static SwsFile read(Path path) throws IOException {
        return read(path, Limits.DEFAULT);
    }

    /** Opens a file and decodes all of it; see {@link #open(Path, Limits)}. */
    public static SwsFile read(Path path, Limits limits) throws IOException {
        SwsReader reader = open(path, limits);
        try {
            return reader.file();
        } catch (MalformedFileException e) {
            throw e.in(path);
        }
    }

    public static SwsFile read(byte[] file, Limits limits) throws MalformedFileException {
        return open(file, limits).file();
    }

    public Graph graph() {
        return graph;
    }

    public Codec codec() {
        return codec;
    }

    /** Parts of the file that decode independently. */
    public int sections() {
        return sections.size();
    }

    /**
     * Decodes one tensor, and those that share a section with it.
     *
     * @param name as in {@link Graph#tensors()}
     * @throws IllegalArgumentException if there is no such tensor
     * @throws MalformedFileException if its section is not as the format says
     */
    public CompressedTensor tensor(String name) throws MalformedFileException {
        int number = 0;
        List<TensorSpec> specs = graph.tensors();
        while (number < specs.size() && !specs.get(number).name().equals(name)) {
            number++;
        }
        if (number == specs.size()) {
            throw new IllegalArgumentException(graph.name() + " has no tensor " + name);
        }
        List<CompressedTensor> parts = new ArrayList<>();
        for (Section section : sections) {
            if (slices.get(section.first()).tensor() <= number
                    && slices.get(section.end() - 1).tensor() >= number) {
                List<CompressedTensor> decoded = decode(section).tensors();
                for (int i = section.first(); i < section.end(); i++) {
                    if (slices.get(i).tensor() == number) {
                        parts.add(decoded.get(i - section.first()));
                    }
                }
            }
        }
        return join(number, parts);
    }

    /** Decodes all tensors in the graph's order, one section after another, and gives each to the consumer. */
    public void forEach(Consumer<CompressedTensor> consumer) throws MalformedFileException {
        List<CompressedTensor> parts = new ArrayList<>();
        for (Section section : sections) {
            List<CompressedTensor> decoded = decode(section).tensors();
            for (int i = section.first(); i < section.end(); i++) {
                parts.add(decoded.get(i - section.first()));
                if (slices.get(i).last()) {
                    consumer.accept(join(slices.get(i).tensor(), parts));
                    parts.clear();
                }
            }
        }
    }

    /** Decodes everything, sections side by side on the common pool. */
    public SwsFile file() throws MalformedFileException {
        Codec.Decoded[] decoded = new Codec.Decoded[sections.size()];
        ConcurrentHashMap<Integer, MalformedFileException> failures = new ConcurrentHashMap<>();
        IntStream.range(0, decoded.length).parallel().forEach(s -> {
            try {
                decoded[s] = decode(sections.get(s));
            } catch (MalformedFileException e) {
                failures.put(s, e);
            }
        });
        for (int s = 0; s < decoded.length; s++) {
            if (failures.containsKey(s)) {
                throw failures.get(s); // the first in the file, whatever came first in time
            }
        }
        List<CompressedTensor> tensors = new ArrayList<>();
        List<TensorCost> costs = new ArrayList<>();
        List<CompressedTensor> parts = new ArrayList<>();
        TensorCost cost = null;
        for (int s = 0; s < decoded.length; s++) {
            Section section = sections.get(s);
            for (int i = section.first(); i < section.end(); i++) {
                TensorCost part = decoded[s].costs().get(i - section.first());
                parts.add(decoded[s].tensors().get(i - section.first()));
                cost = cost == null ? part : cost.plus(part);
                if (slices.get(i).last()) {
                    tensors.add(join(slices.get(i).tensor(), parts));
                    costs.add(cost);
                    parts.clear();
                    cost = null;
                }
            }
        }
        int coded = sections.stream().mapToInt(s -> s.to() - s.from()).sum();
        return new SwsFile(
                new CompressedModel(graph, tensors),
                codec,
                bytes[4],
                bytes[5] & 0xFF,
                bytes.length,
                bytes.length - coded,
                coded,
                List.copyOf(costs));
    }

    private Codec.Decoded decode(Section section) throws MalformedFileException {
        List<TensorSpec> specs = slices.subList(section.first(), section.end()).stream()
                .map(Slice::spec)
                .toList();
        return codec.decode(specs, bytes, section.from(), section.to(), limits);
    }

    private CompressedTensor join(int number, List<CompressedTensor> parts) throws MalformedFileException {
        TensorSpec spec = graph.tensors().get(number);
        CompressedTensor whole = Slice.join(spec, parts);
        if (whole == null) {
            throw new MalformedFileException(
                    payload, "slices of " + spec.name() + " of one kind with one codebook", "others");
        }
        return whole;
    }

    private static void checkFileSize(long size, Limits limits) throws MalformedFileException {
        long most = Math.min(limits.fileBytes(), Integer.MAX_VALUE - 16);
        if (size > most) {
            throw new LimitException(most, "bytes of file", most, String.valueOf(size));
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
