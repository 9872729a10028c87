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
import io.softshare.network.Arena;
import io.softshare.network.ParameterLayout.Slot;
import io.softshare.pipeline.RecipeFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Magnitude pruning and surgery: which weights go and come, against plain loops. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BaselinesTest {
    private static final Shape IMAGE = new Shape(1, 6, 6);
    private Device device;
    private final Graph graph = Models.find("lenet-300-100", IMAGE, 3).orElseThrow();

    @BeforeAll
    void open() {
        device = CpuDevice.open(1);
    }

    @AfterAll
    void close() {
        device.close();
    }

    private static ImageSet images(int count) {
        byte[] pixels = new byte[36 * count];
        byte[] labels = new byte[count];
        int[] words = new int[4];
        for (int i = 0; i < pixels.length; i++) {
            Philox.block(5, i, 0, Philox.PURPOSE_OTHER, words);
            int label = i / 36 % 3;
            pixels[i] = (byte) ((words[0] & 63) + (i % 36 / 12 == label ? 120 : 0));
            labels[i / 36] = (byte) label;
        }
        return new ImageSet(IMAGE, pixels, labels, 3);
    }

    private Trainer trainer(TrainingState state) {
        return new Trainer(
                device,
                graph,
                state,
                images(60),
                new Trainer.Options(1, 10, Augmentation.NONE, true, PriorSettings.DEFAULTS, 0.15));
    }

    private static boolean live(int[] mask, int i) {
        return (mask[i >> 5] >>> (i & 31) & 1) != 0;
    }

    private static float[] weights(Arena arena) {
        return arena.values().readFloats(0, (int) arena.layout().weightCount());
    }

    @Test
    void aRoundKeepsTheLargestInUnitsOfTheirLayer() {
        try (TrainingState state = new TrainingState(device, graph)) {
            Arena arena = state.arena();
            arena.initialise(3);
            // One layer's weights a hundred times larger must not push the others out.
            Slot last = arena.layout().weights().get(2);
            float[] large = arena.values().readFloats(last.offset(), last.spec().size());
            for (int i = 0; i < large.length; i++) {
                large[i] *= 100;
            }
            arena.values().write(last.offset(), large, 0, large.length);
            float[] before = weights(arena);
            Pruning.cut(arena, 10_001);
            assertEquals(10_001, arena.liveCount());
            int[] mask = arena.readMask();
            float[] after = weights(arena);
            double least = Double.POSITIVE_INFINITY;
            double most = 0;
            for (Slot slot : arena.layout().weights()) {
                double squares = 0;
                for (int i = 0; i < slot.spec().size(); i++) {
                    squares += Math.pow(before[(int) slot.offset() + i], 2);
                }
                double sigma = Math.sqrt(squares / slot.spec().size());
                int kept = 0;
                for (int i = (int) slot.offset();
                        i < slot.offset() + slot.spec().size();
                        i++) {
                    double size = Math.abs(before[i]) / sigma;
                    assertEquals(live(mask, i) ? before[i] : 0, after[i]);
                    least = live(mask, i) ? Math.min(least, size) : least;
                    most = live(mask, i) ? most : Math.max(most, size);
                    kept += live(mask, i) ? 1 : 0;
                }
                assertTrue(
                        kept > 0.1 * slot.spec().size()
                                && kept < 0.5 * slot.spec().size(),
                        slot + ": " + kept);
            }
            assertTrue(least >= most, least + " was kept, " + most + " was not");
        }
    }

    /** Equal weights must not break the count: a network of ones loses as many as are asked for. */
    @Test
    void equalWeightsAreCutToTheNumber() {
        try (TrainingState state = new TrainingState(device, graph)) {
            Arena arena = state.arena();
            float[] ones = new float[(int) arena.layout().weightCount()];
            Arrays.fill(ones, 1);
            arena.values().write(0, ones, 0, ones.length);
            Pruning.cut(arena, 777);
            assertEquals(777, arena.liveCount());
            Pruning.cut(arena, 1);
            assertEquals(1, arena.liveCount());
            Pruning.cut(arena, 5);
            assertEquals(1, arena.liveCount(), "a round brings nothing back");
        }
    }

    @Test
    void roundsEndAtTheTargetOrTheShare() {
        Stage prune = stage("kind = \"prune\"\nrounds = 4\nroundEpochs = 2\nepochs = 10\ntargetNonZero = 500");
        long live = 40_000;
        for (int round = 0; round < 4; round++) {
            long next = Pruning.left(live, prune, round);
            assertEquals(0.334, (double) next / live, 0.002, "each round leaves the same share");
            live = next;
        }
        assertEquals(500, live);
        Stage share = stage("kind = \"prune\"\nrounds = 2\nkeptShare = 0.25");
        assertEquals(100, Pruning.left(400, share, 0));
    }

    private static Stage stage(String text) {
        return RecipeFile.read("[[stage]]\n" + text, "a stage").stages().get(0);
    }

    /** Two epochs in one go, or with everything written and read between them: the same, in all that is kept. */
    @ParameterizedTest
    @ValueSource(strings = {"prune", "surgery"})
    void epochsGoOnFromWhatWasWritten(String kind) throws Exception {
        Stage stage = stage("kind = \"" + kind + "\"\nepochs = 4\nrounds = 2\nroundEpochs = 2\nkeptShare = 0.1"
                + "\nspliceUntil = 1\nrateStart = 0.01\nrateEnd = 0.01");
        byte[] whole;
        byte[] between = null;
        try (TrainingState state = new TrainingState(device, graph);
                Trainer trainer = trainer(state)) {
            state.arena().initialise(1);
            trainer.begin(stage);
            for (int epoch = 0; epoch < 4; epoch++) {
                trainer.epoch(stage, epoch, epoch);
                between = epoch == 1 ? written(state) : between;
            }
            whole = written(state);
            assertTrue(state.arena().liveCount() < 0.3 * state.arena().layout().weightCount());
        }
        try (TrainingState state = new TrainingState(device, graph);
                Trainer trainer = trainer(state)) {
            state.read(new DataInputStream(new ByteArrayInputStream(between)));
            trainer.epoch(stage, 2, 2);
            trainer.epoch(stage, 3, 3);
            assertArrayEquals(whole, written(state));
        }
    }

    private static byte[] written(TrainingState state) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        state.write(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    @Test
    void surgeryBeginsAtTheShareAndSplicesBackIn() {
        Stage stage = stage("kind = \"surgery\"\nepochs = 20\nkeptShare = 0.1\nspliceUntil = 1\nrateStart = 0.1"
                + "\nrateEnd = 0.1\nrateOther = 0.01");
        try (TrainingState state = new TrainingState(device, graph);
                Trainer trainer = trainer(state)) {
            Arena arena = state.arena();
            arena.initialise(1);
            float[] start = weights(arena);
            trainer.begin(stage);
            // Thresholds: 10 % of all weights lie above their layer's.
            long above = 0;
            int layer = 0;
            for (Slot slot : arena.layout().weights()) {
                for (int i = (int) slot.offset();
                        i < slot.offset() + slot.spec().size();
                        i++) {
                    above += Math.abs(start[i]) >= state.thresholds[layer] ? 1 : 0;
                }
                layer++;
            }
            assertEquals(0.1 * start.length, above, 0.001 * start.length);
            trainer.epoch(stage, 0, 0);
            int[] first = arena.readMask();
            double error = 100;
            for (int epoch = 1; epoch < 20; epoch++) {
                error = trainer.epoch(stage, epoch, epoch).errorPercent();
            }
            int[] mask = arena.readMask();
            float[] values = weights(arena);
            float[] dense = state.latent();
            int cameBack = 0;
            int movedWhileOff = 0;
            layer = 0;
            for (Slot slot : arena.layout().weights()) {
                for (int i = (int) slot.offset();
                        i < slot.offset() + slot.spec().size();
                        i++) {
                    assertEquals(live(mask, i) ? dense[i] : 0, values[i]);
                    cameBack += live(mask, i) && !live(first, i) ? 1 : 0;
                    movedWhileOff += !live(mask, i) && dense[i] != start[i] ? 1 : 0;
                }
                layer++;
            }
            assertTrue(cameBack > 0, "nothing was spliced in");
            assertTrue(movedWhileOff > 0.5 * start.length, "weights that are off do not learn: " + movedWhileOff);
            assertTrue(error < 10, "it learns nothing: " + error);
        }
    }
}
