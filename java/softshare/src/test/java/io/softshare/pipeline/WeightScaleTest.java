package io.softshare.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import io.softshare.train.Stage;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a recipe becomes for weights of another size. */
class WeightScaleTest {
    private static final Graph GRAPH =
            Models.find("lenet-300-100", new Shape(1, 28, 28), 10).orElseThrow();

    /** Every weight of the graph's n-th weight tensor is ±sizes[n]. */
    private static Map<String, float[]> tensors(float... sizes) {
        Map<String, float[]> tensors = new HashMap<>();
        int number = 0;
        for (TensorSpec spec : GRAPH.tensors()) {
            float[] values = new float[spec.size()];
            Arrays.fill(values, 100);
            if (spec.role() == TensorRole.WEIGHT) {
                float size = sizes[number++];
                for (int i = 0; i < values.length; i++) {
                    values[i] = i % 2 == 0 ? size : -size;
                }
            }
            tensors.put(spec.name(), values);
        }
        return tensors;
    }

    @Test
    void everyWeightCountsByItsTensorsSize() {
        assertEquals(0.25, WeightScale.of(GRAPH, tensors(0.25f, 0.25f, 0.25f)), 1e-12);
        double expected =
                Math.exp((235_200 * Math.log(0.5) + 30_000 * Math.log(0.125) + 1_000 * Math.log(2)) / 266_200);
        assertEquals(expected, WeightScale.of(GRAPH, tensors(0.5f, 0.125f, 2)), 1e-12);
        assertEquals(0, WeightScale.of(GRAPH, tensors(0.5f, 0, 2)));
    }

    @Test
    void lengthsAreMultipliedAndNothingElse() {
        Recipe paper = Recipes.builtIn("paper");
        Recipe quarter = WeightScale.multiplied(paper, 0.25);
        assertEquals(paper.stages().get(0), quarter.stages().get(0), "the dense network's own stage");
        Stage was = paper.stages().get(1);
        Stage is = quarter.stages().get(1);
        assertEquals(was.rateStart() / 4, is.rateStart());
        assertEquals(was.rateEnd() / 4, is.rateEnd());
        assertEquals(was.rateMeans() / 4, is.rateMeans());
        assertEquals(was.ratePrecisions(), is.ratePrecisions());
        assertEquals(was.tauEnd(), is.tauEnd());
        assertEquals(paper.prior().sigmaZero() / 4, quarter.prior().sigmaZero());
        // The mode of a Gamma over precisions, alpha / beta about, belongs to a sigma of sqrt(beta / alpha).
        assertEquals(paper.prior().beta() / 16, quarter.prior().beta());
        assertEquals(paper.prior().betaZero() / 16, quarter.prior().betaZero());
        assertEquals(paper.prior().alphaZero(), quarter.prior().alphaZero());
        assertNotEquals(paper, quarter);
        Recipe generic = Recipes.builtIn("generic");
        Recipe half = WeightScale.multiplied(generic, 0.5);
        Stage widen = generic.stages().get(1);
        assertEquals(widen.sigmaZeroStart() / 2, half.stages().get(1).sigmaZeroStart());
        assertEquals(widen.sigmaZeroEnd() / 2, half.stages().get(1).sigmaZeroEnd());
        assertEquals(widen.sigmaStart() / 2, half.stages().get(1).sigmaStart());
        assertEquals(widen.sigmaEnd() / 2, half.stages().get(1).sigmaEnd());
        assertEquals(
                generic.stages().get(4).entropyWidth() / 2, half.stages().get(4).entropyWidth());
        assertEquals(generic.prior().sigma() / 2, half.prior().sigma());
        assertEquals(generic.prior().meanRange() / 2, half.prior().meanRange());
        assertEquals(paper, WeightScale.multiplied(quarter, 4));
        for (String name : Recipes.NAMES) {
            assertEquals(Recipes.builtIn(name), WeightScale.multiplied(Recipes.builtIn(name), 1), name);
        }
    }
}
