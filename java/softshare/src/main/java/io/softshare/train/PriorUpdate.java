package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;

/**
 * The prior's part of a step: task gradient + τ/N·∂L_C/∂w, Adam, and the mixture's own update where it is due. Fused in one
 * pass over the arena, or unfused with the responsibility matrix in memory; both from and to the same state.
 */
final class PriorUpdate implements AutoCloseable {
    private final Kernels kernels;
    private final Weights weights;
    private final PriorOperation prior;
    private final boolean structured;
    private final boolean fused;
    private final boolean learnSigma;
    final Buffer mixture;
    final Buffer moments;
    private final Buffer hyper;
    private final Buffer statistics;
    private final Buffer rowCounts;
    private final Buffer columnCounts;
    private final PriorOperation.Offsets offsets;
    private final Buffer responsibilities;
    private final Buffer priorGradient;
    private final TrainingState state;

    /** On all weights of the state's arena. */
    PriorUpdate(Device device, TrainingState state, Stage stage, PriorSettings settings, boolean fused) {
        this(device, state, Weights.of(state.arena()), stage, settings, fused);
    }

    /** weights: packed ones only where there is no zero component, which may be structured and freezes in the arena. */
    PriorUpdate(
            Device device, TrainingState state, Weights weights, Stage stage, PriorSettings settings, boolean fused) {
        this.kernels = device.kernels();
        this.state = state;
        this.weights = weights;
        this.fused = fused;
        this.structured = isStructured(stage);
        this.learnSigma = stage.ratePrecisions() > 0 || (stage.em() > 0 && stage.sigmaStart() == 0);
        int k = state.mixture.length / 3;
        boolean zero = stage.kind() == Stage.Kind.PRIOR;
        prior = kernels.prior(weights.layout(), k, zero);
        mixture = state.doubles(state.mixture);
        moments = state.doubles(state.mixtureMoments);
        hyper = state.doubles(new double[] {
            settings.alphaZero(),
            settings.betaZero(),
            settings.alpha(),
            settings.beta(),
            settings.betaA(),
            settings.betaB(),
            settings.sigmaFloor()
        });
        statistics = device.allocate(8L * (3 * k + 1));
        rowCounts = device.floats(prior.rows());
        columnCounts = device.floats(prior.columns());
        offsets = structured
                ? new PriorOperation.Offsets(state.floats(state.rowOffsets), state.floats(state.columnOffsets))
                : PriorOperation.Offsets.NONE;
        responsibilities = fused ? null : device.floats(Math.multiplyExact(prior.weights(), (long) k));
        priorGradient = fused ? null : device.floats(prior.weights());
    }

    /** Whether a stage's zero component is structured by rows and columns. */
    static boolean isStructured(Stage stage) {
        return stage.structured() && stage.kind() == Stage.Kind.PRIOR;
    }

    private PriorOperation.Sums sums() {
        return new PriorOperation.Sums(statistics, structured ? rowCounts : null, structured ? columnCounts : null);
    }

    /** One step; update: the mixture's own parameters move too. */
    void step(Buffer scalars, boolean update) {
        PriorOperation.Sums sums = update ? sums() : PriorOperation.Sums.NONE;
        if (fused) {
            prior.step(
                    weights.values(),
                    weights.gradient(),
                    weights.moment1(),
                    weights.moment2(),
                    weights.live(),
                    mixture,
                    offsets,
                    scalars,
                    PriorOperation.Adam.DEFAULT,
                    sums);
        } else {
            unfused(scalars, update, sums);
        }
        if (update) {
            prior.updateMixture(mixture, moments, statistics, scalars, hyper, learnSigma);
            if (structured) {
                prior.offsets(mixture, rowCounts, columnCounts, offsets);
            }
        }
    }

    private void unfused(Buffer scalars, boolean update, PriorOperation.Sums sums) {
        prior.responsibilities(
                weights.values(), weights.live(), mixture, offsets, responsibilities, update ? statistics : null);
        if (update) {
            prior.statistics(weights.values(), weights.live(), mixture, responsibilities, sums);
        }
        prior.gradient(weights.values(), weights.live(), mixture, responsibilities, priorGradient);
        kernels.addScaled(prior.weights(), scalars, Scalar.TAU, priorGradient, weights.gradient());
        kernels.adam(
                prior.weights(),
                weights.values(),
                weights.gradient(),
                weights.moment1(),
                weights.moment2(),
                weights.live(),
                scalars,
                Scalar.RATE_WEIGHTS,
                PriorOperation.Adam.DEFAULT);
    }

    /** Row and column offsets from the present weights and mixture, before the first step. */
    void startOffsets() {
        if (structured) {
            prior.evaluate(weights.values(), weights.live(), mixture, PriorOperation.Offsets.NONE, null, sums());
            prior.offsets(mixture, rowCounts, columnCounts, offsets);
        }
    }

    /** Freezes what the zero component claims. @return how many weights were frozen just now */
    long freeze(double threshold) {
        return prior.freeze(weights.values(), state.arena().mask(), mixture, offsets, (float) threshold);
    }

    /** Most responsible component of each weight. */
    byte[] assign() {
        try (Buffer assignment = state.bytes(new byte[(int) prior.weights()])) {
            prior.assign(weights.values(), weights.live(), mixture, offsets, assignment);
            return assignment.readBytes((int) prior.weights());
        }
    }

    /** Brings mixture, moments and offsets back to the state. */
    void save() {
        state.mixture = mixture.readDoubles(state.mixture.length);
        state.mixtureMoments = moments.readDoubles(state.mixtureMoments.length);
        if (structured) {
            state.rowOffsets = offsets.rows().readFloats();
            state.columnOffsets = offsets.columns().readFloats();
        }
    }

    @Override
    public void close() {
        prior.close();
        for (Buffer buffer : new Buffer[] {
            mixture,
            moments,
            hyper,
            statistics,
            rowCounts,
            columnCounts,
            offsets.rows(),
            offsets.columns(),
            responsibilities,
            priorGradient
        }) {
            if (buffer != null) {
                buffer.close();
            }
        }
    }
}
