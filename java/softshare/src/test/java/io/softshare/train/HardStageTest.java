package io.softshare.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorRole;
import io.softshare.graph.models.Models;
import io.softshare.network.ParameterLayout.Slot;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the hard stage begins with, and what it rounds. */
class HardStageTest {
    @Test
    void biasesLieOnTheirGridAndBatchNormIsLeftAsItLearns() {
        Shape shape = new Shape(3, 8, 8);
        Graph graph = Models.find("wrn-16-4", shape, 10).orElseThrow();
        byte[] pixels = new byte[8 * shape.size()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i * 37);
        }
        ImageSet images = new ImageSet(shape, pixels, new byte[] {0, 1, 2, 3, 4, 5, 6, 7}, 10);
        Trainer.Options options = new Trainer.Options(1, 4, Augmentation.NONE, true, PriorSettings.DEFAULTS);
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(device, graph);
                Trainer trainer = new Trainer(device, graph, state, images, options)) {
            state.arena().initialise(3);
            Stage hard = Stage.defaults(Stage.Kind.HARD);
            trainer.begin(Stage.defaults(Stage.Kind.SOFTEN));
            trainer.begin(hard);
            trainer.epoch(hard, 0, 0);
            int scales = 0;
            int moved = 0;
            for (Slot slot : state.arena().layout().others()) {
                for (float value : state.arena().view(slot.spec().name()).readFloats()) {
                    float steps = 32 * value;
                    if (slot.spec().role() == TensorRole.BIAS) {
                        assertEquals(Math.rint(steps), steps, slot.spec().name());
                    } else {
                        scales++;
                        moved += Math.rint(steps) == steps ? 0 : 1;
                    }
                }
            }
            assertTrue(moved > scales / 2, moved + " of " + scales + " scales and shifts have learned");
        }
    }

    /** Recovery lets means run together; a hard stage right after it finds its values by k-means, after a soften stage it takes the means. */
    @Test
    void sharedValuesAreNotMeansThatRanTogether() {
        Shape shape = new Shape(1, 28, 28);
        Graph graph = Models.find("lenet-300-100", shape, 10).orElseThrow();
        ImageSet images = new ImageSet(shape, new byte[4 * shape.size()], new byte[] {0, 1, 2, 3}, 10);
        Trainer.Options options = new Trainer.Options(1, 4, Augmentation.NONE, true, PriorSettings.DEFAULTS);
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(device, graph);
                Trainer trainer = new Trainer(device, graph, state, images, options)) {
            state.arena().initialise(3);
            trainer.begin(Stage.defaults(Stage.Kind.RECOVER));
            MixtureGroup all = state.groups().get(0);
            int components = all.components();
            Arrays.fill(all.mixture, components, 2 * components, 0.001);
            trainer.begin(Stage.defaults(Stage.Kind.HARD));
            assertTrue(distinct(all.codebook) > 10, Arrays.toString(all.codebook));

            trainer.begin(Stage.defaults(Stage.Kind.SOFTEN));
            float[] means = new float[all.components()];
            for (int j = 0; j < means.length; j++) {
                means[j] = (float) all.mixture[means.length + j];
            }
            trainer.begin(Stage.defaults(Stage.Kind.HARD));
            assertArrayEquals(means, Arrays.copyOfRange(all.codebook, 1, means.length + 1));
        }
    }

    private static long distinct(float[] values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> values[i])
                .distinct()
                .count();
    }
}
