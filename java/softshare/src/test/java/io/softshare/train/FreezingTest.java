package io.softshare.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.models.Models;
import io.softshare.network.Arena;
import io.softshare.pipeline.RecipeFile;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** How far freezing after an epoch goes. */
class FreezingTest {
    private final Graph graph =
            Models.find("lenet-300-100", new Shape(1, 6, 6), 3).orElseThrow();

    /** Weights before and after freezing under a zero component of this width, at the stage's first epoch. */
    private float[][] freeze(double sigmaZero, long target) {
        Stage stage = RecipeFile.read(
                        "name = \"r\"\n[prior]\nsigmaZero = " + sigmaZero
                                + "\n[[stage]]\nname = \"widen\"\nkind = \"prior\"\nepochs = 1\nstructured = false\n"
                                + "tauStart = 1\ntauEnd = 1\ntargetNonZero = " + target,
                        "r")
                .stages()
                .get(0);
        PriorSettings prior = new PriorSettings(16, 0.999, 0.6, sigmaZero, 0.2, 0, 0, 0, 0, 0, 0, 1e-4, false);
        try (Device device = CpuDevice.open(1);
                TrainingState state = new TrainingState(device, graph)) {
            Arena arena = state.arena();
            arena.initialise(3);
            new StageStart(device, state, prior).begin(stage);
            int count = (int) arena.layout().weightCount();
            float[] before = arena.values().readFloats(0, count);
            try (PriorUpdate update = new PriorUpdate(device, state, stage, prior, true)) {
                Freezing.freeze(update, arena, stage);
            }
            float[] after = arena.values().readFloats(0, count);
            assertEquals(arena.liveCount(), notZero(after).length, "live weights and those that are not zero");
            return new float[][] {before, after};
        }
    }

    /** Sizes of the weights that are not zero, in order. */
    private static float[] notZero(float[] values) {
        float[] sizes = new float[values.length];
        int n = 0;
        for (float v : values) {
            if (v != 0) {
                sizes[n++] = Math.abs(v);
            }
        }
        sizes = Arrays.copyOf(sizes, n);
        Arrays.sort(sizes);
        return sizes;
    }

    private int left(double sigmaZero, long target) {
        return notZero(freeze(sigmaZero, target)[1]).length;
    }

    @Test
    void aStepFarPastTheTargetKeepsTheLargestAndMeetsIt() {
        int claimedAll = left(3, 0);
        assertTrue(claimedAll < 100, "the component should claim nearly all: " + claimedAll + " are left");
        float[][] weights = freeze(3, 1234);
        float[] sizes = notZero(weights[0]);
        assertArrayEquals(Arrays.copyOfRange(sizes, sizes.length - 1234, sizes.length), notZero(weights[1]));
    }

    @Test
    void aStepLittlePastTheTargetIsLeftAsItIs() {
        int own = left(0.02, 0);
        assertTrue(own > 1000 && own < 30_000, "a width that claims some: " + own);
        assertEquals(own, left(0.02, Math.round(own * 1.05)));
        assertEquals(own * 2, left(0.02, own * 2L));
    }
}
