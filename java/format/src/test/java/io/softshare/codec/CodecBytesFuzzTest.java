package io.softshare.codec;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.Allocation;
import io.softshare.graph.TensorSpec;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/** Any bytes as a payload, for any tensors, by every codec. The tensors' shapes come before the payload. */
class CodecBytesFuzzTest {
    /** Memory for the models' tables. */
    private static final long FIXED = 1 << 21;

    private static final Limits SMALL = Limits.DEFAULT.withCodebookValues(1 << 12);

    /** Bytes for each byte of the payload, element and codebook value. */
    private static final long SHARE = 64;

    @FuzzTest
    @Timeout(20)
    void anyBytesForAnyTensors(byte[] data) throws Exception {
        FuzzSpecs shapes = new FuzzSpecs(data);
        Codec codec = Codecs.byName(
                        Codecs.names().get(shapes.next(Codecs.names().size())))
                .orElseThrow();
        List<TensorSpec> specs = shapes.specs();
        byte[] payload = shapes.rest();
        long elements = specs.stream().mapToLong(TensorSpec::size).sum();
        Codec.Decoded decoded;
        try {
            decoded = Allocation.within(
                    FIXED + SHARE * (elements + payload.length + SMALL.codebookValues()),
                    () -> codec.decode(specs, payload, 0, payload.length, SMALL));
        } catch (MalformedFileException e) {
            if (e.offset() < 0 || e.offset() > payload.length) {
                throw new AssertionError("byte " + e.offset() + " is not in a payload of " + payload.length, e);
            }
            return;
        }
        List<TensorSpec> found =
                decoded.tensors().stream().map(CompressedTensor::spec).toList();
        if (!found.equals(specs)) {
            throw new AssertionError("expected tensors " + specs + ", found " + found);
        }
        byte[] again = codec.encode(decoded.tensors()).bytes();
        if (!codec.decode(specs, again, 0, again.length).tensors().equals(decoded.tensors())) {
            throw new AssertionError("coded and decoded again, the tensors are others");
        }
    }
}
