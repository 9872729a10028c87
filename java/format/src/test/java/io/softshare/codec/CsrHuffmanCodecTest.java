package io.softshare.codec;

class CsrHuffmanCodecTest extends CodecContract {
    @Override
    Codec codec() {
        return new CsrHuffmanCodec();
    }
}
