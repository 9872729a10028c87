package io.softshare.codec;

import io.softshare.graph.TensorSpec;
import java.util.List;

/** Turns tensors into bytes and back. Stateless: an instance may be used by several threads. */
public interface Codec {
    /** As on the command line, e.g. {@code context}. */
    String name();

    /** As in a file; never given to another codec. */
    int id();

    /** The same tensors give the same bytes everywhere. */
    Encoded encode(List<CompressedTensor> tensors);

    /**
     * Reads {@code file[from, to)}. Memory and time are in proportion to the specs' sizes, which the caller has checked, the
     * bytes and the limit of codebook values, whatever the bytes are.
     *
     * @throws MalformedFileException if the bytes are not what {@link #encode} gives for such tensors; offsets count
     *     from the start of the array
     * @throws LimitException if codebooks are longer together than the limits allow
     */
    Decoded decode(List<TensorSpec> specs, byte[] file, int from, int to, Limits limits) throws MalformedFileException;

    /** As above, within {@link Limits#DEFAULT}. */
    default Decoded decode(List<TensorSpec> specs, byte[] file, int from, int to) throws MalformedFileException {
        return decode(specs, file, from, to, Limits.DEFAULT);
    }

    /** Bytes, and what each tensor takes of them. */
    record Encoded(byte[] bytes, List<TensorCost> costs) {}

    /** Tensors, and what each took. */
    record Decoded(List<CompressedTensor> tensors, List<TensorCost> costs) {}
}
