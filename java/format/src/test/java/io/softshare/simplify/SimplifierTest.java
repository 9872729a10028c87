package io.softshare.simplify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.Operation;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import java.util.List;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SimplifierTest {
    private static final float[] CODEBOOK = {0, 0.5f, -0.25f, 0.3f};
    private static final long SEEDS = 400;

    @Test
    void randomNetworksComputeTheSame() {
        Simplified total = null;
        long weights = 0;
        int dropped = 0;
        int folded = 0;
        int kept = 0;
        for (long seed = 0; seed < SEEDS; seed++) {
            CompressedModel model = RandomNetworks.network(seed);
            for (double tolerance : new double[] {0, Simplifier.TOLERANCE, 0x1p-6}) {
                total = Simplifier.simplify(model, tolerance);
                sameLogits(model, total.model(), total.logitError(), "seed " + seed + ", tolerance " + tolerance);
                assertTrue(total.biasError() <= Math.max(tolerance, 1e-5), "seed " + seed + ": " + total.biasError());
            }
            weights += total.removedWeights();
            dropped += total.droppedUnits();
            folded += total.foldedConstants();
            kept += total.keptConstants();
        }
        String seen = weights + " weights, " + dropped + " units, " + folded + " folded, " + kept + " kept";
        assertTrue(weights > 10 * SEEDS && dropped > 2 * SEEDS && folded > SEEDS / 2 && kept > SEEDS / 10, seen);
    }

    /** Fixed networks: where a bias's rounding lies just at the tolerance, a constant may be folded only the second time. */
    @Property(tries = 200, seed = "2017")
    void randomNetworksComputeTheSame(@ForAll long seed) {
        CompressedModel model = RandomNetworks.network(seed);
        Simplified simplified = Simplifier.simplify(model);
        sameLogits(model, simplified.model(), simplified.logitError(), "seed " + seed);
        Simplified again = Simplifier.simplify(simplified.model());
        assertEquals(simplified.model(), again.model(), "seed " + seed + ": once is enough");
        assertEquals(0, again.droppedUnits() + again.foldedConstants() + again.removedWeights(), "seed " + seed);
    }

    static void sameLogits(CompressedModel before, CompressedModel after, double bound, String where) {
        for (int image = 0; image < 2; image++) {
            double[] pixels = RandomNetworks.image(before, image);
            double[] expected = RandomNetworks.logits(before, pixels);
            double[] found = RandomNetworks.logits(after, pixels);
            for (int i = 0; i < expected.length; i++) {
                double rounding = 1e-9 * (1 + Math.abs(expected[i]));
                assertEquals(expected[i], found[i], bound + rounding, where + ", logit " + i);
            }
        }
    }

    /** input 2 → conv 3 → relu → conv 2 → global average → fc 2, with the second convolution padding or not. */
    private static CompressedModel chain(int pad, int steps, int... secondColumn) {
        Graph graph = new Graph(
                "chain",
                new Shape(2, 4, 4),
                Preprocessing.unit(2),
                List.of(
                        new Node("a", new Operation.Convolution(2, 3, 1, 1, 1, 1, 0, 0, true), List.of("input")),
                        new Node("r", new Operation.Relu(), List.of("a")),
                        new Node("b", new Operation.Convolution(3, 2, 3, 1, 1, 1, pad, 0, true), List.of("r")),
                        new Node("g", new Operation.GlobalAveragePool(), List.of("b")),
                        new Node("c", new Operation.Linear(2, 2, true), List.of("g"))));
        Function<TensorSpec, CompressedTensor> tensor = spec -> switch (spec.name()) {
            case "a.weight" -> new QuantizedTensor(spec, new int[] {1, 2, 0, 0, 1, 1}, CODEBOOK);
            case "a.bias" -> new FixedPointTensor(spec, new int[] {1, steps, 0}, 5);
            case "b.weight" -> {
                int[] indices = {1, 1, 1, 0, 0, 0, 1, 2, 1, 2, 1, 1, 0, 0, 0, 2, 1, 1};
                System.arraycopy(secondColumn, 0, indices, 3, 3);
                yield new QuantizedTensor(spec, indices, CODEBOOK);
            }
            case "c.weight" -> new QuantizedTensor(spec, new int[] {1, 2, 2, 1}, CODEBOOK);
            default -> new FixedPointTensor(spec, new int[spec.size()], 5);
        };
        return new CompressedModel(graph, graph.tensors().stream().map(tensor).toList());
    }

    private static int[] steps(Simplified simplified, String name) {
        return ((FixedPointTensor) simplified.model().tensor(name)).steps();
    }

    @Test
    void constantMovesIntoTheNextBias() {
        Simplified simplified = Simplifier.simplify(chain(0, 8, 1, 1, 2));
        assertEquals(1, simplified.foldedConstants());
        assertEquals(1, simplified.droppedUnits());
        assertEquals(3, simplified.removedWeights());
        assertEquals(0, simplified.logitError());
        // 8/32 · (0.5 + 0.5 − 0.25) = 6/32
        assertEquals(6, steps(simplified, "b.bias")[0]);
        assertEquals(0, steps(simplified, "a.bias")[1]);
    }

    @Test
    void paddingKeepsAConstant() {
        CompressedModel model = chain(1, 8, 1, 1, 2);
        Simplified simplified = Simplifier.simplify(model);
        assertEquals(model, simplified.model());
        assertEquals(1, simplified.keptConstants());
    }

    @Test
    void zeroConstantIsNothingEvenWherePaddingIs() {
        Simplified simplified = Simplifier.simplify(chain(1, -8, 1, 1, 2));
        assertEquals(3, simplified.removedWeights());
        assertEquals(1, simplified.droppedUnits());
        assertEquals(0, steps(simplified, "a.bias")[1]);
        assertEquals(0, simplified.foldedConstants());
    }

    @Test
    void unreadUnitIsNothing() {
        Simplified simplified = Simplifier.simplify(chain(1, 8, 0, 0, 0));
        assertEquals(0, steps(simplified, "a.bias")[1]);
        assertEquals(1, simplified.droppedUnits());
    }

    @Test
    void finerStepsWhereTheToleranceAsksForThem() {
        CompressedModel model = chain(0, 1, 3, 0, 0); // 1/32 · 0.3 is no multiple of 1/32
        FixedPointTensor rough =
                (FixedPointTensor) Simplifier.simplify(model, 0x1p-6).model().tensor("b.bias");
        assertEquals(5, rough.fractionBits());
        Simplified simplified = Simplifier.simplify(model);
        FixedPointTensor fine = (FixedPointTensor) simplified.model().tensor("b.bias");
        assertTrue(fine.fractionBits() > 5 && fine.fractionBits() <= 10, "fraction bits: " + fine.fractionBits());
        assertTrue(simplified.biasError() > 0 && simplified.biasError() <= Simplifier.TOLERANCE);
        Simplified exact = Simplifier.simplify(model, 0);
        assertEquals(0, exact.logitError());
    }

    @Test
    void whatIsUnchangedIsTheSameTensor() {
        CompressedModel model = chain(0, 8, 1, 1, 2);
        assertSame(model.tensor("c.weight"), Simplifier.simplify(model).model().tensor("c.weight"));
    }

    /** A batch-norm with scale 0 gives its shift, whatever comes in: what comes in is nothing then. */
    @Test
    void scaleOfZeroIsAConstant() {
        Graph graph = new Graph(
                "norm",
                new Shape(1, 4, 4),
                Preprocessing.unit(1),
                List.of(
                        new Node("a", new Operation.Convolution(1, 2, 1, 1, 1, 1, 0, 0, true), List.of("input")),
                        new Node("n", new Operation.BatchNorm(2, 1e-5f), List.of("a")),
                        new Node("g", new Operation.GlobalAveragePool(), List.of("n")),
                        new Node("c", new Operation.Linear(2, 2, true), List.of("g"))));
        Function<TensorSpec, CompressedTensor> tensor = spec -> switch (spec.name()) {
            case "a.weight" -> new QuantizedTensor(spec, new int[] {1, 1}, CODEBOOK);
            case "c.weight" -> new QuantizedTensor(spec, new int[] {1, 2, 2, 1}, CODEBOOK);
            case "n.weight" -> new FixedPointTensor(spec, new int[] {0, 1}, 0);
            case "n.bias" -> new FixedPointTensor(spec, new int[] {2, 0}, 0);
            case "n.running_mean" -> new FixedPointTensor(spec, new int[] {3, 1}, 0);
            case "n.running_var" -> new FixedPointTensor(spec, new int[] {5, 2}, 0);
            default -> new FixedPointTensor(spec, new int[] {4, 4}, 5);
        };
        CompressedModel model =
                new CompressedModel(graph, graph.tensors().stream().map(tensor).toList());
        Simplified simplified = Simplifier.simplify(model, 0);
        sameLogits(model, simplified.model(), 0, "scale 0");
        assertEquals(List.of(0, 1), ints(((QuantizedTensor) simplified.model().tensor("a.weight")).indices()));
        assertEquals(List.of(0, 0), ints(steps(simplified, "n.bias")));
        assertEquals(List.of(1, 2), ints(steps(simplified, "n.running_var")));
        assertEquals(List.of(36, -12), ints(steps(simplified, "c.bias"))); // 4 + 32 · 2 · 0.5, 4 − 32 · 2 · 0.25
    }

    /** The convolution that pads needs the constant; the layers that make it need not. */
    @Test
    void constantThatStaysIsStoredInTheNorm() {
        Graph graph = new Graph(
                "norm",
                new Shape(1, 4, 4),
                Preprocessing.unit(1),
                List.of(
                        new Node("a", new Operation.Convolution(1, 2, 1, 1, 1, 1, 0, 0, true), List.of("input")),
                        new Node("n", new Operation.BatchNorm(2, 1e-5f), List.of("a")),
                        new Node("b", new Operation.Convolution(2, 2, 3, 3, 1, 1, 1, 1, true), List.of("n")),
                        new Node("g", new Operation.GlobalAveragePool(), List.of("b"))));
        Function<TensorSpec, CompressedTensor> tensor = spec -> switch (spec.name()) {
            case "a.weight" -> new QuantizedTensor(spec, new int[] {1, 0}, CODEBOOK);
            case "b.weight" -> {
                int[] indices = new int[36];
                java.util.Arrays.setAll(indices, i -> i % 4);
                yield new QuantizedTensor(spec, indices, CODEBOOK);
            }
            case "n.weight" -> new FloatTensor(spec, new float[] {1.1f, 0.7f});
            case "n.bias" -> new FloatTensor(spec, new float[] {0.1f, 0.2f});
            case "n.running_mean" -> new FloatTensor(spec, new float[] {0.3f, -0.4f});
            case "n.running_var" -> new FloatTensor(spec, new float[] {1.5f, 0.6f});
            default -> new FixedPointTensor(spec, new int[] {4, 4}, 5);
        };
        CompressedModel model =
                new CompressedModel(graph, graph.tensors().stream().map(tensor).toList());
        Simplified simplified = Simplifier.simplify(model);
        sameLogits(model, simplified.model(), simplified.logitError(), "stored");
        assertEquals(0, steps(simplified, "a.bias")[1]);
        float[] shift = simplified.model().tensor("n.bias").values();
        assertEquals(0.1f, shift[0]);
        assertEquals(0.2 + 0.7 * (0.125 + 0.4) / Math.sqrt(0.6), shift[1], 1e-5);
        assertEquals(0, simplified.model().tensor("n.weight").values()[1]);
        assertEquals(0, simplified.model().tensor("n.running_mean").values()[1]);
        assertEquals(1, simplified.model().tensor("n.running_var").values()[1]);
        assertEquals(1, simplified.droppedUnits());
    }

    private static List<Integer> ints(int[] values) {
        return java.util.Arrays.stream(values).boxed().toList();
    }
}
