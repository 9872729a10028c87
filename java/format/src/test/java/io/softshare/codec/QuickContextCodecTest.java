package io.softshare.codec;

/** The context codec with the quick form of the zero map for every tensor. */
class QuickContextCodecTest extends CodecContract {
    @Override
    Codec codec() {
        return QuickCodec.create();
    }
}
