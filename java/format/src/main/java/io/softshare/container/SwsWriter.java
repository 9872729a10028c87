package io.softshare.container;

import io.softshare.codec.Codec;
import io.softshare.codec.CompressedTensor;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Makes .sws files. The same network, codec and options give the same bytes, anywhere and at any time.
 *
 * <p>An instance takes a network's tensors one after another and keeps only their coded bytes, for networks that should not lie
 * in memory whole: {@link #add} each tensor in the graph's order, then {@link #finish} or {@link #finishTo}. Not safe for
 * several threads.
 */
public final class SwsWriter {
    private final Codec codec;
    private final Options options;
    private final List<TensorSpec> specs;
    private final List<Slice> slices;
    private final ByteSink graph = new ByteSink();
    private final List<Section> sections = new ArrayList<>();
    private List<CompressedTensor> open = new ArrayList<>(); // slices of the section that is being filled
    private long openNonZero;
    private int nextSlice;
    private int nextTensor;

    /**
     * How a file is cut.
     *
     * @param sectionNonZeros a section ends with the slice that brings it to so many non-zero values. Sections decode
     *     independently, each learns anew: 0 gives each tensor its own, Integer.MAX_VALUE makes one of all
     */
    public record Options(int sectionNonZeros) {
        /** One section for a small network, several for one whose time to decode is felt. */
        public static final Options DEFAULT = new Options(1 << 14);

        public Options {
            if (sectionNonZeros < 0) {
                throw new IllegalArgumentException("sectionNonZeros must not be negative, found " + sectionNonZeros);
            }
        }
    }

    private record Section(int slices, byte[] bytes) {}

    public SwsWriter(Graph graph, Codec codec, Options options) {
        this.codec = codec;
        this.options = options;
        this.specs = graph.tensors();
        this.slices = Slice.of(specs);
        GraphCode.write(this.graph, graph);
    }

    /**
     * Takes the next tensor.
     *
     * @throws IllegalArgumentException if it is not the graph's next one, which is named
     */
    public void add(CompressedTensor tensor) {
        String expected = nextTensor < specs.size() ? specs.get(nextTensor).toString() : "no more tensors";
        if (nextTensor >= specs.size() || !specs.get(nextTensor).equals(tensor.spec())) {
            throw new IllegalArgumentException("expected " + expected + ", found " + tensor.spec());
        }
        while (nextSlice < slices.size() && slices.get(nextSlice).tensor() == nextTensor) {
            CompressedTensor part = slices.get(nextSlice++).cut(tensor);
            open.add(part);
            openNonZero += part.nonZero();
            if (openNonZero >= options.sectionNonZeros && nextSlice < slices.size()) {
                closeSection();
            }
        }
        nextTensor++;
    }

    private void closeSection() {
        sections.add(new Section(open.size(), codec.encode(open).bytes()));
        open = new ArrayList<>();
        openNonZero = 0;
    }

    /**
     * The file, once all tensors were taken.
     *
     * @throws IllegalStateException if some are missing
     */
    public byte[] finish() {
        if (nextTensor < specs.size()) {
            throw new IllegalStateException("the file is not complete: " + specs.get(nextTensor) + " comes next");
        }
        closeSection();
        ByteSink rest = new ByteSink(); // what follows the length
        rest.varint(0); // required features
        rest.varint(0); // optional features
        rest.varint(codec.id());
        rest.bytes(graph.toBytes());
        rest.varint(sections.size() - 1);
        for (Section section : sections.subList(0, sections.size() - 1)) {
            rest.varint(section.slices());
            rest.varint(section.bytes().length);
        }
        for (Section section : sections) {
            rest.bytes(section.bytes());
        }
        ByteSink out = new ByteSink();
        for (int m : SwsConstants.MAGIC) {
            out.u8(m);
        }
        out.u8(SwsConstants.MAJOR);
        out.u8(SwsConstants.MINOR);
        out.varint((long) rest.size() + SwsConstants.CHECKSUM_BYTES);
        out.bytes(rest.toBytes());
        CRC32C crc = new CRC32C();
        crc.update(out.toBytes());
        out.u32((int) crc.getValue());
        return out.toBytes();
    }

    /** Writes the file whole or not at all; returns its size. */
    public long finishTo(Path path) throws IOException {
        byte[] bytes = finish();
        AtomicFile.write(path, bytes);
        return bytes.length;
    }

    public static byte[] encode(CompressedModel model, Codec codec) {
        return encode(model, codec, Options.DEFAULT);
    }

    public static byte[] encode(CompressedModel model, Codec codec, Options options) {
        SwsWriter writer = new SwsWriter(model.graph(), codec, options);
        model.tensors().forEach(writer::add);
        return writer.finish();
    }

    /** Writes the file whole or not at all; returns its size. */
    public static long write(Path path, CompressedModel model, Codec codec) throws IOException {
        byte[] bytes = encode(model, codec);
        AtomicFile.write(path, bytes);
        return bytes.length;
    }
}
