package io.softshare.train;

import io.softshare.device.Device;
import io.softshare.prior.Mixture;
import io.softshare.quantize.KMeans;
import java.util.Arrays;

/** What the state becomes where a stage begins: the mixture, offsets, shared values, moments. */
final class StageStart {
    private final Device device;
    private final TrainingState state;
    private final PriorSettings settings;

    StageStart(Device device, TrainingState state, PriorSettings settings) {
        this.device = device;
        this.state = state;
        this.settings = settings;
    }

    /** Prepares the state for the first epoch of a stage. Not called when a stage is resumed. */
    void begin(Stage stage) {
        state.arena().clearMoments();
        boolean meansAreShared = state.meansAreShared;
        state.meansAreShared = stage.kind() == Stage.Kind.SOFTEN;
        switch (stage.kind()) {
            case PLAIN, PRUNE -> {}
            case SURGERY -> SurgeryUpdate.begin(state, stage);
            case PRIOR -> {
                if (state.mixture == null) {
                    state.mixture = start().packed();
                }
                state.rowOffsets = new float[(int) state.rows()];
                state.columnOffsets = new float[(int) state.columns()];
                state.mixtureMoments = new double[2 * state.mixture.length];
                try (PriorUpdate update = new PriorUpdate(device, state, stage, settings, true)) {
                    update.startOffsets();
                    update.save();
                }
            }
            case RECOVER -> withoutZero();
            case REGROW -> {
                withoutZero();
                state.liveAtStart = state.arena().liveCount();
            }
            case SOFTEN -> {
                shareByKMeans(stage);
                state.mixtureMoments = new double[2 * state.mixture.length];
            }
            case HARD -> beginHard(stage, meansAreShared);
        }
    }

    private void withoutZero() {
        Mixture mixture = state.mixture == null ? start() : Mixture.of(state.mixture);
        state.mixture = (mixture.mean(0) == 0 ? mixture.withoutZero() : mixture).packed();
        state.mixtureMoments = new double[2 * state.mixture.length];
    }

    private void beginHard(Stage stage, boolean meansAreShared) {
        boolean byResponsibility = stage.assignment() == Stage.Assignment.RESPONSIBILITY;
        if (!byResponsibility) {
            if (!meansAreShared) {
                shareByKMeans(stage);
            }
            HardUpdate.begin(state, stage, null, false);
            return;
        }
        if (stage.mergeBelow() > 0) {
            state.mixture = Mixture.of(state.mixture).merge(stage.mergeBelow()).packed();
        }
        state.mixtureMoments = new double[2 * state.mixture.length];
        Stage assigning = Stage.defaults(Stage.Kind.PRIOR);
        boolean structured = state.rowOffsets.length > 0 && !allZero(state.rowOffsets);
        try (PriorUpdate update =
                new PriorUpdate(device, state, structured ? assigning : unstructured(), settings, true)) {
            HardUpdate.begin(state, stage, update.assign(), true);
        }
    }

    private static Stage unstructured() {
        return Stage.defaults(Stage.Kind.RECOVER).asPrior();
    }

    private static boolean allZero(float[] values) {
        for (float value : values) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private Mixture start() {
        PriorSettings p = settings;
        double range = p.meanRange();
        if (range == 0) {
            for (float w : weights()) {
                range = Math.max(range, Math.abs(w));
            }
        }
        return Mixture.initial(p.components(), p.zeroProportion(), p.sigmaZero(), range, p.sigma());
    }

    private float[] weights() {
        return state.arena().values().readFloats(0, (int) state.arena().layout().weightCount());
    }

    private void shareByKMeans(Stage stage) {
        float[] weights = weights();
        int live = 0;
        float[] kept = new float[weights.length];
        for (float w : weights) {
            if (w != 0) {
                kept[live++] = w;
            }
        }
        KMeans.Result result = KMeans.fit(Arrays.copyOf(kept, live), stage.components(), stage.spreadStart());
        double[] deviations = new double[result.centres().length];
        Arrays.fill(deviations, stage.sigmaStart() > 0 ? stage.sigmaStart() : 0.05);
        state.mixture = new Mixture(result.shares(), result.centres(), deviations).packed();
    }
}
