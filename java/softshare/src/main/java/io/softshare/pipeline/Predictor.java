package io.softshare.pipeline;

import io.softshare.codec.Limits;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.data.ImageSet;
import io.softshare.device.Buffer;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.network.Arena;
import io.softshare.train.Evaluator;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A network decoded from a .sws file that answers for images: for programs that use softshare as a library. Used by one
 * thread at a time; closing frees its memory.
 */
public final class Predictor implements AutoCloseable {
    private final Device device;
    private final Graph graph;
    private final Arena arena;

    private Predictor(Device device, SwsFile file) {
        this.device = device;
        graph = file.model().graph();
        arena = new Arena(device, graph, false);
        Export.load(file.model(), arena);
    }

    /**
     * Decodes a file for the CPU, with a thread for each processor.
     *
     * @throws IOException if it cannot be read or is no whole .sws file
     */
    public static Predictor open(Path sws) throws IOException {
        return open(sws, Limits.DEFAULT);
    }

    /**
     * As {@link #open(Path)}, for files from anyone: the limits say what a file may ask for.
     *
     * @throws io.softshare.codec.LimitException if it asks for more
     */
    public static Predictor open(Path sws, Limits limits) throws IOException {
        SwsFile file = SwsReader.read(sws, limits);
        return new Predictor(CpuDevice.open(Runtime.getRuntime().availableProcessors()), file);
    }

    /** The network: shape of its images, number of classes, preprocessing (which is done here). */
    public Graph graph() {
        return graph;
    }

    /**
     * Scores before softmax.
     *
     * @param pixels unsigned bytes, (count, height, width, channels), of any count
     * @return (count, classes)
     */
    public float[] logits(byte[] pixels) {
        int size = graph.input().size();
        if (pixels.length == 0 || pixels.length % size != 0) {
            throw new IllegalArgumentException("expected bytes of one image or more of " + graph.input() + ", " + size
                    + " an image, found " + pixels.length);
        }
        ImageSet images = new ImageSet(graph.input(), pixels, new byte[pixels.length / size], graph.classes());
        try (Evaluator evaluator = new Evaluator(device, graph, arena, images);
                Buffer logits = evaluator.logits()) {
            return logits.readFloats();
        }
    }

    /** The class with the highest score of each image; pixels as in {@link #logits}. */
    public int[] classes(byte[] pixels) {
        float[] logits = logits(pixels);
        int[] best = new int[logits.length / graph.classes()];
        for (int i = 0; i < best.length; i++) {
            int row = i * graph.classes();
            for (int c = 1; c < graph.classes(); c++) {
                if (logits[row + c] > logits[row + best[i]]) {
                    best[i] = c;
                }
            }
        }
        return best;
    }

    @Override
    public void close() {
        arena.close();
        device.close();
    }
}
