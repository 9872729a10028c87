package io.softshare.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.device.Philox;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Running statistics of batch-norms, estimated anew before a file is written. */
class StatisticsTest {
    private static final Shape SHAPE = new Shape(3, 8, 8);
    private static final String FIRST = "blocks.0.bn1.running_mean";

    @Test
    void theFirstMeansAreThoseOfAllImagesWhateverTheBatch() {
        Graph graph = Models.find("wrn-16-4", SHAPE, 10).orElseThrow();
        ImageSet images = images(24);
        try (Device device = CpuDevice.open(1)) {
            Map<String, float[]> inThrees = estimate(device, graph, images, 8, Augmentation.NONE);
            Map<String, float[]> atOnce = estimate(device, graph, images, 24, Augmentation.NONE);
            // Of equal batches the mean of means is the mean. Deeper layers see what their batch made of it.
            assertArrayEquals(atOnce.get(FIRST), inThrees.get(FIRST), 1e-5f);
            assertTrue(Math.abs(atOnce.get(FIRST)[0]) > 1e-3, "a mean that would be 0 anyway");
            assertEquals(
                    graph.tensors().stream()
                            .filter(t -> t.name().endsWith("running_mean"))
                            .count(),
                    atOnce.keySet().stream()
                            .filter(n -> n.endsWith("running_mean"))
                            .count());
        }
    }

    @Test
    void imagesAreAugmentedAsInTraining() {
        Graph graph = Models.find("wrn-16-4", SHAPE, 10).orElseThrow();
        ImageSet images = images(24);
        try (Device device = CpuDevice.open(1)) {
            float[] plain =
                    estimate(device, graph, images, 24, Augmentation.NONE).get(FIRST);
            float[] cropped = estimate(device, graph, images, 24, Augmentation.parse("flip-crop"))
                    .get(FIRST);
            double most = 0;
            for (int i = 0; i < plain.length; i++) {
                most = Math.max(most, Math.abs(plain[i] - cropped[i]));
            }
            assertTrue(most > 1e-2, "the same images as without augmentation: " + most);
        }
    }

    private static Map<String, float[]> estimate(
            Device device, Graph graph, ImageSet images, int batch, Augmentation augmentation) {
        Trainer.Options options = new Trainer.Options(1, batch, augmentation, true, PriorSettings.DEFAULTS);
        try (TrainingState state = new TrainingState(device, graph);
                Trainer trainer = new Trainer(device, graph, state, images, options)) {
            state.arena().initialise(3);
            trainer.estimateStatistics();
            Map<String, float[]> first = state.arena().read();
            trainer.estimateStatistics();
            // What was there before leaves no trace.
            assertArrayEquals(first.get(FIRST), state.arena().read().get(FIRST));
            return first;
        }
    }

    private static ImageSet images(int count) {
        byte[] pixels = new byte[count * SHAPE.size()];
        int[] words = new int[4];
        for (int i = 0; i < pixels.length; i++) {
            Philox.block(5, i, 0, Philox.PURPOSE_OTHER, words);
            pixels[i] = (byte) words[0];
        }
        return new ImageSet(SHAPE, pixels, new byte[count], 10);
    }
}
