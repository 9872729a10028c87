package io.softshare.codec;

import java.util.List;
import java.util.Optional;

/** The codecs of this version. */
public final class Codecs {
    /** Non-zero weights of a tensor from which on {@code context} prefers speed: its zero map is then coded by blocks. */
    static final int QUICK_FROM = 1 << 14;

    private static final List<Codec> ALL = List.of(
            new ContextCodec("context", QUICK_FROM),
            new ContextCodec("context-best", Integer.MAX_VALUE),
            new CsrHuffmanCodec());

    private Codecs() {}

    /** The one to use unless told otherwise: small files at any size of network. */
    public static Codec defaultCodec() {
        return ALL.get(0);
    }

    public static Optional<Codec> byName(String name) {
        return ALL.stream().filter(c -> c.name().equals(name)).findFirst();
    }

    /** The codec that reads what the number in a file stands for. */
    public static Optional<Codec> byId(int id) {
        return ALL.stream().filter(c -> c.id() == id).findFirst();
    }

    /** Names in a fixed order, for messages. */
    public static List<String> names() {
        return ALL.stream().map(Codec::name).toList();
    }
}
