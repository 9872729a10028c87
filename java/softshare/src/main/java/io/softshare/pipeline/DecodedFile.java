package io.softshare.pipeline;

import io.softshare.codec.Limits;
import io.softshare.container.SwsFile;
import io.softshare.data.ImageSet;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorSpec;
import io.softshare.network.Arena;
import io.softshare.train.Evaluator;

/** A compressed network as a reader has it: what is reported of a file is measured on it decoded again. */
public final class DecodedFile {
    private DecodedFile() {}

    /** For reading what was just written: it is as large as it is. */
    static Limits limits(Graph graph) {
        long elements = graph.tensors().stream().mapToLong(TensorSpec::size).sum();
        return Limits.DEFAULT.withElements(Math.max(Limits.DEFAULT.elements(), elements));
    }

    /** Its error on an image set, in per cent, as the device computes. */
    public static double errorPercent(Device device, SwsFile file, ImageSet set) {
        Graph graph = file.model().graph();
        try (Arena arena = new Arena(device, graph, false)) {
            Export.load(file.model(), arena);
            try (Evaluator evaluator = new Evaluator(device, graph, arena, set)) {
                return evaluator.score().errorPercent();
            }
        }
    }
}
