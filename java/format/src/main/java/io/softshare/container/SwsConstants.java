package io.softshare.container;

/** Fixed parts of the file; see FORMAT.md. */
final class SwsConstants {
    /** 0xD3 (no text file starts so), then "SWS". */
    static final int[] MAGIC = {0xD3, 'S', 'W', 'S'};

    /** Frozen: what version 1 says is read forever (FORMAT.md). */
    static final int MAJOR = 1;

    static final int MINOR = 0;

    /** Bytes before the first varint. */
    static final int FIXED_BYTES = 6;

    /** Bytes of the CRC-32C at the end. */
    static final int CHECKSUM_BYTES = 4;

    /** Feature bits that a reader must know; none is defined yet. Their names are for messages. */
    static final long KNOWN_REQUIRED = 0;

    private SwsConstants() {}
}
