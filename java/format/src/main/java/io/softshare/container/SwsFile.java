package io.softshare.container;

import io.softshare.codec.Codec;
import io.softshare.codec.TensorCost;
import java.util.List;

/**
 * A .sws file that was read or made: the network, and what takes how much of the file.
 *
 * @param bytes size of the file
 * @param graphBytes header, graph, table of sections and checksum: all that is no tensor
 * @param payloadBytes coded tensors
 * @param costs bits of the payload by tensor and part, in the order of the tensors; their sum is the payload to within
 *     a few bits that close it
 */
public record SwsFile(
        CompressedModel model,
        Codec codec,
        int major,
        int minor,
        long bytes,
        long graphBytes,
        long payloadBytes,
        List<TensorCost> costs) {

    /** Four bytes a trainable parameter, over the bytes of the file. */
    public double compressionRatio() {
        return 4.0 * model.graph().parameterCount() / bytes;
    }
}
