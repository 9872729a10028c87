package io.softshare.train;

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
    private float[][] freeze(double sigmaZero, long target, long[] live) {
        Stage stage = RecipeFile.read(
                        "name = \"r\"\n[prior]\nsigmaZero = " + sigmaZero
                                + "\n[[stage]]\nname = \"widen\"\nkind = \"prior\"\nepochs = 1\nstructured = false\n"
                                + "tauStart = 1\ntauEnd = 1\ntargetNonZero = " + target,
                        "r")
                .stages()
                .get(0);
        PriorSettings prior = new PriorSettings(16, 0.999, 0.6, sigmaZero, 0.2, 0, 0, 0, 0, 0, 0, 1e-4);
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
            live[0] = arena.liveCount();
            return new float[][] {before, arena.values().readFloats(0, count)};
        }
    }

    private static float[] largest(float[] values, int wanted) {
        float[] sizes = values.clone();
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = Math.abs(sizes[i]);
        }
        Arrays.sort(sizes);
        return Arrays.copyOfRange(sizes, sizes.length - wanted, sizes.length);
    }

    private static float[] notZero(float[] values) {
        float[] found = new float[values.length];
        int n = 0;
        for (float v : values) {
            if (v != 0) {
                found[n++] = Math.abs(v);
            }
        }
        found = Arrays.copyOf(found, n);
        Arrays.sort(found);
        return found;
    }

    @Test
    void aStepFarPastTheTargetKeepsTheLargestAndMeetsIt() {
        long[] live = new long[1];
        long[] all = new long[1];
        freeze(3, 0, all);
        assertTrue(all[0] < 100, "the component should claim nearly all: " + all[0] + " are left");
        float[][] weights = freeze(3, 1234, live);
        assertEquals(1234, live[0]);
        assertEquals(0, Arrays.compare(largest(weights[0], 1234), notZero(weights[1])), "not the largest, or changed");
    }

    @Test
    void aStepLittlePastTheTargetIsLeftAsItIs() {
        long[] live = new long[1];
        freeze(0.02, 0, live);
        long own = live[0];
        assertTrue(own > 1000 && own < 30_000, "a width that claims some: " + own);
        freeze(0.02, Math.round(own * 1.05), live);
        assertEquals(own, live[0]);
        freeze(0.02, own * 2, live);
        assertEquals(own * 2, live[0]);
    }
}
