package io.softshare.container;

import io.softshare.Allocation;
import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import java.util.zip.CRC32C;

/** What every hostile .sws file meets in tests: someone who repairs its frame, and a reader that is watched. */
final class Hostile {
    /** Limits near the size of the files of tests, so that going beyond what they allow shows. */
    static final Limits SMALL = new Limits(1 << 16, 40_000, 1 << 14, 1 << 12, 60, 120, 100);

    /** Memory that a reader may take besides: its models' tables. */
    private static final long FIXED = 1 << 21;

    /** Bytes of memory for each byte of file, element and codebook value; measured in fuzzing, with room. */
    private static final long SHARE = 64;

    private Hostile() {}

    /** Reads within {@link #SMALL}, and fails if that takes more memory than the limits are worth. */
    static SwsFile read(byte[] file) throws MalformedFileException {
        long worth = file.length + SMALL.elements() + SMALL.codebookValues();
        return Allocation.within(FIXED + SHARE * worth, () -> SwsReader.read(file, SMALL));
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
