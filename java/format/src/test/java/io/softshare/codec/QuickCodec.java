package io.softshare.codec;

/** The context codec with the quick form of the zero map for every tensor, however small. */
public final class QuickCodec {
    private QuickCodec() {}

    public static Codec create() {
        return new ContextCodec("context", 0);
    }
}
