package io.softshare.train;

import io.softshare.device.Device;
import io.softshare.prior.Mixture;
import io.softshare.quantize.KMeans;
import java.util.Arrays;

/** What the state becomes where a stage begins: its mixtures, offsets, shared values, moments. */
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
        state.group(settings.perLayer());
        boolean meansAreShared = state.meansAreShared;
        state.meansAreShared = stage.kind() == Stage.Kind.SOFTEN;
        switch (stage.kind()) {
            case PLAIN, PRUNE -> {}
            case SURGERY -> SurgeryUpdate.begin(state, stage);
            case PRIOR -> {
                if (!state.hasMixture()) {
                    start();
                }
                state.rowOffsets = new float[(int) state.rows()];
                state.columnOffsets = new float[(int) state.columns()];
                clearMoments();
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
                clearMoments();
            }
            case HARD -> beginHard(stage, meansAreShared);
        }
    }

    private void withoutZero() {
        if (!state.hasMixture()) {
            start();
        }
        for (MixtureGroup group : state.groups()) {
            Mixture mixture = Mixture.of(group.mixture);
            // A layer without a live weight has k-means' one centre, at 0, and keeps it.
            group.mixture = (mixture.mean(0) == 0 && mixture.size() > 1 ? mixture.withoutZero() : mixture).packed();
        }
        clearMoments();
    }

    private void clearMoments() {
        for (MixtureGroup group : state.groups()) {
            group.mixtureMoments = new double[2 * group.mixture.length];
        }
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
            for (MixtureGroup group : state.groups()) {
                group.mixture =
                        Mixture.of(group.mixture).merge(stage.mergeBelow()).packed();
            }
        }
        clearMoments();
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

    /** Makes the mixtures: each over the range of its weights, unless the recipe has one for all. */
    private void start() {
        PriorSettings p = settings;
        for (MixtureGroup group : state.groups()) {
            double range = p.meanRange();
            if (range == 0) {
                for (float w : weights(group)) {
                    range = Math.max(range, Math.abs(w));
                }
            }
            group.mixture = Mixture.initial(p.components(), p.zeroProportion(), p.sigmaZero(), range, p.sigma())
                    .packed();
        }
    }

    private float[] weights(MixtureGroup group) {
        return state.arena().values().readFloats(group.first, (int) group.count);
    }

    private void shareByKMeans(Stage stage) {
        for (MixtureGroup group : state.groups()) {
            float[] weights = weights(group);
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
            group.mixture = new Mixture(result.shares(), result.centres(), deviations).packed();
        }
    }
}
