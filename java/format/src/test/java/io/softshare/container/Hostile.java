package io.softshare.container;

import io.softshare.Allocation;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** What every hostile .sws file meets in tests: someone who repairs its frame, and a reader that is watched. */
final class Hostile {
    /** Limits near the size of the files of tests, so that going beyond what they allow shows. */
    static final Limits SMALL = new Limits(1 << 16, 4_000, 1 << 14, 1 << 12, 60, 120, 100);

    /** Memory that opening a file may take besides: a built-in graph is made step by step, each time anew. */
    private static final long FIXED = 1 << 21;

    /** Tables of a codec's models, which each section may have anew, and what a tensor is besides its values. */
    private static final long PER_TENSOR = 1 << 17;

    /** Bytes of memory for each byte of file, element and codebook value; measured in fuzzing, with room. */
    private static final long SHARE = 64;

    private Hostile() {}

    /**
     * Reads within {@link #SMALL}, in all the ways there are, which must agree; fails if that takes more memory than the file
     * and its graph are worth.
     */
    static SwsFile read(byte[] file) throws MalformedFileException {
        SwsReader reader = Allocation.within(FIXED + SHARE * file.length, () -> SwsReader.open(file, SMALL));
        List<TensorSpec> specs = reader.graph().tensors();
        long elements = specs.stream().mapToLong(TensorSpec::size).sum();
        long worth =
                FIXED + PER_TENSOR * (specs.size() + 1) + SHARE * (file.length + elements + SMALL.codebookValues());
        // One section after another: the JVM counts the memory of one thread.
        List<CompressedTensor> tensors = new ArrayList<>();
        MalformedFileException refusal = null;
        try {
            Allocation.within(worth, () -> {
                tensors.clear();
                reader.forEach(tensors::add);
                return null;
            });
        } catch (MalformedFileException e) {
            refusal = e;
        }
        SwsFile all;
        try {
            all = reader.file();
        } catch (MalformedFileException e) {
            if (refusal == null) {
                throw new AssertionError("refused whole, but not one after another", e);
            }
            throw e;
        }
        if (refusal != null) {
            throw new AssertionError("refused one after another, but not whole", refusal);
        }
        if (!all.model().tensors().equals(tensors)) {
            throw new AssertionError("other tensors whole than one after another");
        }
        if (!specs.isEmpty()) {
            int any = file.length % specs.size();
            CompressedTensor alone = reader.tensor(specs.get(any).name());
            if (!alone.equals(tensors.get(any))) {
                throw new AssertionError("another tensor alone than with all");
            }
        }
        return all;
    }

    /** The same file with the start, length and checksum that a reader looks for, whatever lies between. */
    static byte[] repaired(byte[] file) {
        int from = Math.min(file.length, SwsConstants.FIXED_BYTES);
        while (from < file.length && file[from] < 0) {
            from++;
        }
        from = Math.min(file.length, from + 1);
        int to = Math.max(from, file.length - SwsConstants.CHECKSUM_BYTES);
        ByteSink out = new ByteSink();
        for (int m : SwsConstants.MAGIC) {
            out.u8(m);
        }
        out.u8(SwsConstants.MAJOR);
        out.u8(SwsConstants.MINOR);
        out.varint((long) to - from + SwsConstants.CHECKSUM_BYTES);
        out.bytes(java.util.Arrays.copyOfRange(file, from, to));
        out.u32(0);
        return sign(out.toBytes());
    }

    /** Puts the right checksum at the end; returns the same array. */
    static byte[] sign(byte[] file) {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, file.length - SwsConstants.CHECKSUM_BYTES);
        for (int i = 0; i < SwsConstants.CHECKSUM_BYTES; i++) {
            file[file.length - SwsConstants.CHECKSUM_BYTES + i] = (byte) (crc.getValue() >>> 8 * i);
        }
        return file;
    }

    /** A refusal is one short line that names a byte of the file or its end. */
    static void checkRefusal(MalformedFileException e, int length) {
        if (e.offset() < 0 || e.offset() > length) {
            throw new AssertionError("byte " + e.offset() + " is not in a file of " + length, e);
        }
        String text = e.getMessage();
        if (text.length() > 3000 || text.chars().anyMatch(Character::isISOControl)) {
            throw new AssertionError("a refusal is one short line of text", e);
        }
    }

    /** What was read can be written, and is read back as the same. */
    static void checkSame(SwsFile read) throws MalformedFileException {
        byte[] again = SwsWriter.encode(read.model(), read.codec());
        SwsFile back = SwsReader.read(again, Limits.DEFAULT);
        if (!back.model().equals(read.model())) {
            throw new AssertionError("written and read again, it is another network");
        }
    }
}
