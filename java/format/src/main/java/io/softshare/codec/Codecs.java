package io.softshare.codec;

import java.util.List;
import java.util.Optional;

/** The codecs of this version. */
public final class Codecs {
    private static final List<Codec> ALL = List.of(new ContextCodec(), new CsrHuffmanCodec());

    private Codecs() {}

    /** The one to use unless told otherwise: the smallest files. */
    public static Codec defaultCodec() {
        return ALL.get(0);
    }

    public static Optional<Codec> byName(String name) {
        return ALL.stream().filter(c -> c.name().equals(name)).findFirst();
    }

    public static Optional<Codec> byId(int id) {
        return ALL.stream().filter(c -> c.id() == id).findFirst();
    }

    /** Names in a fixed order, for messages. */
    public static List<String> names() {
        return ALL.stream().map(Codec::name).toList();
    }
}
