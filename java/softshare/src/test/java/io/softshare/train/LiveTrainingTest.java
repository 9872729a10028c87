package io.softshare.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import io.softshare.network.ParameterLayout;
import io.softshare.network.SparseNetwork;
import io.softshare.pipeline.RecipeFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training on live weights alone, against training with the zeros; pruning and regrowing. */
class LiveTrainingTest {
    private static final Shape SHAPE = new Shape(1, 28, 28);
    private static final int BATCH = 20;
    private static final ImageSet IMAGES = images(100);

    private static final String STAGES = """
            name = "test"
            [[stage]]
            kind = "prior"
            epochs = 2
            mixtureEvery = 2
            sigmaZeroStart = 0.02
            sigmaZeroEnd = 0.03
            tauStart = 0.05
            tauEnd = 0.3
            teacherShare = 0.5
            [[stage]]
            kind = "recover"
            epochs = 2
            tauStart = 0.01
            tauEnd = 0.01
            [[stage]]
            kind = "plain"
            epochs = 1
            [[stage]]
            kind = "regrow"
            epochs = 10
            targetNonZero = %s
            [[stage]]
            kind = "soften"
            epochs = 2
            tauStart = 0.05
            tauEnd = 0.05
            [[stage]]
            kind = "hard"
            epochs = 4
            teacherShare = 0.5
            """;

    private static ImageSet images(int count) {
        byte[] pixels = new byte[count * SHAPE.size()];
        byte[] labels = new byte[count];
        int[] words = new int[4];
        for (int image = 0; image < count; image++) {
            labels[image] = (byte) (image % 10);
            for (int p = 0; p < SHAPE.size(); p++) {
                Philox.block(7, (long) image * SHAPE.size() + p, 0, Philox.PURPOSE_OTHER, words);
                boolean stroke = p / 28 / 3 == labels[image] || p % 28 / 3 == labels[image];
                pixels[image * SHAPE.size() + p] = (byte) (stroke ? 180 + (words[0] & 63) : words[0] & 63);
            }
        }
        return new ImageSet(SHAPE, pixels, labels, 10);
    }

    /** A network of which a tenth is live, a teacher, and the stages one after another. */
    private static TrainingState train(Device device, String model, double sparseBelow, String augment, boolean resumed)
            throws IOException {
        return train(device, model, sparseBelow, augment, resumed, PriorSettings.DEFAULTS);
    }

    private static TrainingState train(
            Device device, String model, double sparseBelow, String augment, boolean resumed, PriorSettings prior)
            throws IOException {
        Graph graph = Models.find(model, SHAPE, 10).orElseThrow();
        List<Stage> stages = RecipeFile.read(
                        STAGES.formatted(model.equals("lenet-5") ? 9000 : 6000), "the test's recipe")
                .stages();
        Trainer.Options options = new Trainer.Options(1, BATCH, Augmentation.parse(augment), true, prior, sparseBelow);
        TrainingState state = new TrainingState(device, graph);
        state.arena().initialise(3);
        int[] mask = new int[(int) (state.arena().layout().weightCount() + 31) / 32];
        float[] values = state.arena().values().readFloats();
        int[] words = new int[4];
        for (int i = 0; i < state.arena().layout().weightCount(); i++) {
            Philox.block(5, i, 0, Philox.PURPOSE_OTHER, words);
            if ((words[0] & 7) == 0) {
                mask[i / 32] |= 1 << i % 32;
            } else {
                values[i] = 0;
            }
        }
        state.arena().values().write(values);
        state.arena().writeMask(mask);
        Trainer trainer = new Trainer(device, graph, state, IMAGES, options);
        Arena teacher = new Arena(device, graph, false);
        teacher.initialise(8);
        trainer.teach(graph, teacher, IMAGES);
        int global = 0;
        for (Stage stage : stages) {
            trainer.begin(stage);
            for (int epoch = 0; epoch < stage.epochs(); epoch++) {
                trainer.epoch(stage, epoch, global++);
                if (resumed) {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    state.write(new DataOutputStream(bytes));
                    trainer.close();
                    state.close();
                    state = new TrainingState(device, graph);
                    state.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
                    trainer = new Trainer(device, graph, state, IMAGES, options);
                    trainer.teach(graph, teacher, IMAGES);
                }
            }
        }
        trainer.close();
        teacher.close();
        return state;
    }

    @ParameterizedTest
    @ValueSource(strings = {"lenet-5", "lenet-300-100"})
    void zerosMakeNoDifference(String model) throws IOException {
        try (Device device = CpuDevice.open(2);
                TrainingState expected = train(device, model, 0, "none", false);
                TrainingState found = train(device, model, 1, "none", false)) {
            assertTrue(
                    SparseNetwork.supports(device, Models.find(model, SHAPE, 10).orElseThrow()));
            long live = expected.arena().liveCount();
            assertTrue(live > 500 && live < 12000, "live: " + live);
            int different = 0;
            byte[] dense = expected.assignment();
            byte[] sparse = found.assignment();
            for (int i = 0; i < dense.length; i++) {
                different += dense[i] == sparse[i] ? 0 : 1;
            }
            // Rounding decides whom a tie prunes and, in the end, to which of two equally near values a weight goes.
            assertTrue(different < live / 20, different + " of " + live + " weights went to another shared value");
            double square = 0;
            double difference = 0;
            float[] a = expected.latent();
            float[] b = found.latent();
            for (int i = 0; i < a.length; i++) {
                square += (double) a[i] * a[i];
                difference += Math.pow((double) a[i] - b[i], 2);
            }
            System.out.printf(
                    "%s: %d of %d assigned elsewhere, weights differ by %.1e of their RMS%n",
                    model, different, live, Math.sqrt(difference / square));
            assertTrue(difference < 1e-2 * square, "weights differ by " + Math.sqrt(difference / square));
        }
    }

    @Test
    void aRunCutAfterEachEpochEndsWithTheSameBytes() throws IOException {
        try (Device device = CpuDevice.open(2);
                TrainingState whole = train(device, "lenet-300-100", 1, "shift", false);
                TrainingState cut = train(device, "lenet-300-100", 1, "shift", true)) {
            assertArrayEquals(
                    whole.arena().values().readFloats(), cut.arena().values().readFloats());
            assertArrayEquals(whole.arena().readMask(), cut.arena().readMask());
            assertArrayEquals(whole.codebooks().get(0), cut.codebooks().get(0));
        }
    }

    /** The mask of a layer begins within a word of the arena's, its live weights anywhere among the packed ones. */
    @Test
    void eachLayerHasItsOwnMixtureAndValues() throws IOException {
        PriorSettings perLayer = new PriorSettings(16, 0.999, 0.6, 0.02, 0.2, 0, 0, 0, 0, 0, 0, 1e-4, true);
        try (Device device = CpuDevice.open(2);
                TrainingState whole = train(device, "lenet-300-100", 1, "shift", false, perLayer);
                TrainingState cut = train(device, "lenet-300-100", 1, "shift", true, perLayer);
                TrainingState shared = train(device, "lenet-300-100", 1, "shift", false)) {
            assertArrayEquals(
                    whole.arena().values().readFloats(), cut.arena().values().readFloats());
            assertArrayEquals(whole.arena().readMask(), cut.arena().readMask());
            assertEquals(1, shared.codebooks().size());
            List<ParameterLayout.Slot> layers = whole.arena().layout().weights();
            assertEquals(layers.size(), whole.mixtures().size());
            assertEquals(layers.size(), whole.codebooks().size());
            float[] values = whole.arena().values().readFloats();
            float[] moved = shared.arena().values().readFloats();
            int elsewhere = 0;
            for (int l = 0; l < layers.size(); l++) {
                float[] codebook = whole.codebooks().get(l);
                assertArrayEquals(codebook, cut.codebooks().get(l));
                Set<Float> own = new HashSet<>();
                for (float value : codebook) {
                    own.add(value);
                }
                for (int i = (int) layers.get(l).offset(); i < layers.get(l).end(); i++) {
                    assertTrue(own.contains(values[i]), "layer " + l + " has " + values[i]);
                    elsewhere += values[i] == moved[i] ? 0 : 1;
                }
            }
            assertTrue(elsewhere > 500, "only " + elsewhere + " weights differ from those under one mixture");
        }
    }

    /** Mixtures that begin alike and stay as they are do what one of them does to all. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void equalMixturesOfLayersAreOne(boolean structured) {
        Graph graph = Models.find("lenet-5", SHAPE, 10).orElseThrow();
        Stage stage = RecipeFile.read(
                        "name = \"r\"\n[[stage]]\nkind = \"prior\"\nepochs = 2\nmixtureEvery = 0\nsigmaZeroStart = 0\n"
                                + "tauStart = 1\ntauEnd = 1\nrateStart = 1e-3\nstructured = " + structured,
                        "r")
                .stages()
                .get(0);
        List<float[]> values = new ArrayList<>();
        List<int[]> masks = new ArrayList<>();
        for (boolean perLayer : new boolean[] {false, true}) {
            PriorSettings prior = new PriorSettings(16, 0.999, 0.6, 0.03, 0.2, 0, 0, 0, 0, 0, 0, 1e-4, perLayer);
            Trainer.Options options = new Trainer.Options(1, BATCH, Augmentation.NONE, true, prior);
            try (Device device = CpuDevice.open(1);
                    TrainingState state = new TrainingState(device, graph);
                    Trainer trainer = new Trainer(device, graph, state, IMAGES, options)) {
                state.arena().initialise(3);
                trainer.begin(stage);
                trainer.epoch(stage, 0, 0);
                trainer.epoch(stage, 1, 1);
                values.add(state.arena().values().readFloats());
                masks.add(state.arena().readMask());
                assertEquals(perLayer ? 4 : 1, state.mixtures().size());
                long frozen =
                        state.arena().layout().weightCount() - state.arena().liveCount();
                assertTrue(frozen > 1000, "only " + frozen + " were frozen");
            }
        }
        assertArrayEquals(masks.get(0), masks.get(1));
        assertArrayEquals(values.get(0), values.get(1));
    }

    @Test
    void whatIsNoChainIsTrainedWhole() {
        try (Device device = CpuDevice.open(1)) {
            assertFalse(SparseNetwork.supports(
                    device, Models.find("wrn-16-4", new Shape(3, 32, 32), 10).orElseThrow()));
        }
    }

    @Test
    void numbersFollowTheSchedule() {
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(
                        device, Models.find("lenet-5", SHAPE, 10).orElseThrow())) {
            state.liveAtStart = 4000;
            Regrowth regrowth = new Regrowth(state, 0.15, 0.7, 0.25);
            assertEquals(4000, regrowth.live(1000, 0));
            assertEquals(1375, regrowth.live(1000, 0.3));
            assertEquals(1000, regrowth.live(1000, 0.6));
            assertEquals(1000, regrowth.live(1000, 0.65));
            assertEquals(600, regrowth.regrown(4000, 0));
            assertEquals(75, regrowth.regrown(1000, 0.35));
            assertEquals(0, regrowth.regrown(1000, 0.7));
        }
    }

    @Test
    void whatDoesNothingGoesFirstAndGreatGradientsComeBack() {
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(
                        device, Models.find("lenet-300-100", SHAPE, 10).orElseThrow())) {
            Arena arena = state.arena();
            int count = (int) arena.layout().weightCount();
            int[] mask = new int[(count + 31) / 32];
            float[] values = new float[count];
            float[] gradient = new float[count];
            java.util.Arrays.fill(gradient, 0.5f);
            // Row 2 of the first layer: columns 3 to 12 live, of sizes 1 to 10; the greatest has no gradient.
            for (int c = 0; c < 10; c++) {
                int at = 2 * 784 + 3 + c;
                mask[at / 32] |= 1 << at % 32;
                values[at] = c + 1;
            }
            gradient[2 * 784 + 12] = 0;
            gradient[5 * 784 + 4] = 100; // its row is empty: no candidate
            arena.values().write(0, values, 0, count);
            arena.mask();
            arena.writeMask(mask);
            state.liveAtStart = 10;
            new Regrowth(state, 0.5, 0.7, 0.25).change(6, 0.6, gradient);
            float[] after = arena.values().readFloats(0, count);
            // Six are to be left, none regrown so late (0.5 · 6 · (1 + cos(6π/7)) / 2 = 0.15).
            assertEquals(6, arena.liveCount());
            for (int c = 0; c < 10; c++) {
                assertEquals(c >= 3 && c < 9 ? c + 1 : 0, after[2 * 784 + 3 + c], "column " + (3 + c));
            }
            // Another live weight, in row 7 and column 20: now there are cells between rows and columns in use.
            mask = arena.readMask();
            mask[(7 * 784 + 20) / 32] |= 1 << (7 * 784 + 20) % 32;
            arena.writeMask(mask);
            arena.values().write(7 * 784 + 20, new float[] {20}, 0, 1);
            state.liveAtStart = 7;
            java.util.Arrays.fill(gradient, 0.5f);
            gradient[7 * 784 + 7] = 7;
            gradient[5 * 784 + 7] = 100;
            new Regrowth(state, 0.4, 0.7, 0.25).change(7, 0.01, gradient);
            int[] now = arena.readMask();
            assertEquals(7, arena.liveCount());
            assertTrue(
                    (now[(7 * 784 + 7) / 32] >>> (7 * 784 + 7) % 32 & 1) != 0, "the greatest gradient is live again");
            assertEquals(0, now[(5 * 784 + 7) / 32] >>> (5 * 784 + 7) % 32 & 1, "an empty row stays empty");
        }
    }

    /** Two zeros might grow: one of a busy row and column, and one with twice its gradient where there is little else. */
    @ParameterizedTest
    @CsvSource({"0, false", "0.1, false", "1, true"})
    void occupancyWeighsGradientsAgainstBits(double occupancy, boolean busy) {
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(
                        device, Models.find("lenet-300-100", SHAPE, 10).orElseThrow())) {
            Arena arena = state.arena();
            int count = (int) arena.layout().weightCount();
            int[] mask = new int[(count + 31) / 32];
            float[] values = new float[count];
            float[] gradient = new float[count];
            // Rows 0 to 4 and columns 0 to 4 are in use but for (0, 0), which so expects 4·4/25 weights; so is (9, 9),
            // and (9, 4)
            // expects 1·5/25.
            for (int row = 0; row < 5; row++) {
                for (int column = row == 0 ? 1 : 0; column < 5; column++) {
                    live(mask, values, gradient, row * 784 + column);
                }
            }
            live(mask, values, gradient, 9 * 784 + 9);
            gradient[0] = 1;
            gradient[9 * 784 + 4] = 2;
            arena.values().write(0, values, 0, count);
            arena.mask();
            arena.writeMask(mask);
            state.liveAtStart = 25;
            Regrowth regrowth = new Regrowth(state, 0.04, 0.7, occupancy);
            assertEquals(1, regrowth.regrown(regrowth.live(25, 0), 0));
            regrowth.change(25, 0, gradient);
            int[] now = arena.readMask();
            assertEquals(busy, Masks.isLive(now, 0));
            assertEquals(!busy, Masks.isLive(now, 9 * 784 + 4));
        }
    }

    private static void live(int[] mask, float[] values, float[] gradient, int at) {
        mask[at / 32] |= 1 << at % 32;
        values[at] = 1;
        gradient[at] = 0.1f;
    }
}
