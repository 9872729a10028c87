package io.softshare.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.Codecs;
import io.softshare.codec.FixedPointTensor;
import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.Buffer;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.device.Philox;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import io.softshare.network.Arena;
import io.softshare.train.Evaluator;
import io.softshare.train.PriorSettings;
import io.softshare.train.Stage;
import io.softshare.train.Trainer;
import io.softshare.train.TrainingState;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What rounding of biases and batch-norm's values may cost. In the tests of batch-norm, logits are proportional to the last
 * batch-norm's scales (its shifts and the classifier's biases are 0), so rounding changes no image's class, only how sure the
 * network is of it.
 */
class FinishingTest {
    private static final Shape SHAPE = new Shape(3, 8, 8);
    private static final Graph GRAPH = Models.find("wrn-16-4", SHAPE, 10).orElseThrow();

    @Test
    void aRoundingThatOnlyTheLossFeelsIsNotTaken() {
        // 1 with 3 bits after the first, 1.0625 with 4: six per cent less sure with 3.
        assertEquals("batch-norm values with 4 bits after the first", rounding(1.06f));
    }

    @Test
    void aRoundingThatChangesNothingIsTaken() {
        assertEquals("batch-norm values with 3 bits after the first", rounding(1));
    }

    /** A unit without incoming weights is a constant: the biases that take it in are rounded again, if images can judge it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void biasesThatTookInConstantsAreRoundedAgain(boolean judged) {
        Graph graph = Models.find("lenet-300-100", SHAPE, 10).orElseThrow();
        ImageSet images = images();
        Trainer.Options options = new Trainer.Options(1, 4, Augmentation.NONE, true, PriorSettings.DEFAULTS);
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(device, graph);
                Trainer trainer = new Trainer(device, graph, state, images, options)) {
            state.arena().initialise(3);
            TensorSpec first = graph.tensors().get(0);
            float[] weights = state.arena().read().get(first.name());
            Arrays.fill(weights, 0, first.columns(), 0);
            state.arena().write(Map.of(first.name(), weights));
            state.arena().mask();
            int[] mask = state.arena().readMask();
            for (int i = 0; i < first.columns(); i++) {
                mask[i / 32] &= ~(1 << i % 32);
            }
            state.arena().writeMask(mask);
            Stage hard = Stage.defaults(Stage.Kind.HARD);
            trainer.begin(hard);
            trainer.epoch(hard, 0, 0); // weights are shared values now
            float[] biases = new float[first.rows()];
            biases[0] = 16;
            state.arena().write(Map.of("fc1.bias", biases));
            Finishing.Result result = Finishing.run(
                    device,
                    graph,
                    state,
                    4,
                    judged ? ownAnswers(device, graph, state, images) : images.subset(new int[0]),
                    0,
                    false,
                    Codecs.byName("context").orElseThrow(),
                    Finishing.Allowance.NONE,
                    new Quiet());
            assertEquals(0, result.model().tensor("fc1.bias").nonZero(), "the constant is where it was");
            FixedPointTensor took = (FixedPointTensor) result.model().tensor("fc2.bias");
            assertTrue(took.nonZero() > 0, "no bias took the constant in");
            assertEquals(judged, took.fractionBits() <= 4, took.toString());
            assertEquals(
                    judged,
                    result.steps()
                            .contains("biases that took in constants in steps of 1/" + (1 << took.fractionBits())),
                    result.steps().toString());
        }
    }

    private static String rounding(float scale) {
        ImageSet images = images();
        Trainer.Options options = new Trainer.Options(1, 4, Augmentation.NONE, true, PriorSettings.DEFAULTS);
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(device, GRAPH);
                Trainer trainer = new Trainer(device, GRAPH, state, images, options)) {
            state.arena().initialise(3);
            Stage hard = Stage.defaults(Stage.Kind.HARD);
            trainer.begin(hard);
            trainer.epoch(hard, 0, 0); // weights are shared values now
            for (TensorSpec tensor : GRAPH.tensors()) {
                float[] values = new float[tensor.size()]; // shifts, means and biases: 0
                switch (tensor.role()) {
                    case WEIGHT -> {
                        continue;
                    }
                    case SCALE -> Arrays.fill(values, tensor.name().equals("bn.weight") ? scale : 1);
                    case RUNNING_VARIANCE -> Arrays.fill(values, 1);
                    case BIAS, SHIFT, RUNNING_MEAN -> {}
                }
                state.arena().write(Map.of(tensor.name(), values));
            }
            Finishing.Result result = Finishing.run(
                    device,
                    GRAPH,
                    state,
                    4,
                    ownAnswers(device, GRAPH, state, images),
                    0,
                    false,
                    Codecs.byName("context").orElseThrow(),
                    Finishing.Allowance.NONE,
                    new Quiet());
            List<String> said = result.steps().stream()
                    .filter(s -> s.startsWith("batch-norm"))
                    .toList();
            assertEquals(1, said.size(), result.steps().toString());
            return said.get(0);
        }
    }

    /** The images under the classes that the network gives them: no error. */
    private static ImageSet ownAnswers(Device device, Graph graph, TrainingState state, ImageSet images) {
        try (Arena arena = new Arena(device, graph, false)) {
            Export.load(Export.model(graph, Export.weights(state), state.arena().read(), 4, 23), arena);
            try (Evaluator evaluator = new Evaluator(device, graph, arena, images)) {
                byte[] labels = new byte[images.count()];
                try (Buffer logits = evaluator.logits()) {
                    float[] all = logits.readFloats();
                    for (int i = 0; i < 10 * labels.length; i++) {
                        if (all[i] > all[i / 10 * 10 + labels[i / 10]]) {
                            labels[i / 10] = (byte) (i % 10);
                        }
                    }
                }
                return new ImageSet(SHAPE, images.pixels(), labels, 10);
            }
        }
    }

    private static ImageSet images() {
        byte[] pixels = new byte[32 * SHAPE.size()];
        int[] words = new int[4];
        for (int i = 0; i < pixels.length; i++) {
            Philox.block(5, i, 0, Philox.PURPOSE_OTHER, words);
            pixels[i] = (byte) words[0];
        }
        return new ImageSet(SHAPE, pixels, new byte[32], 10);
    }

    private static final class Quiet implements RunListener {
        @Override
        public void message(String line) {}

        @Override
        public void epoch(Figures figures) {}
    }
}
