package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;
import java.util.Arrays;

/** {@link PriorUpdate} of a group's weights under its mixture. */
final class GroupUpdate implements AutoCloseable {
    private final Kernels kernels;
    private final Weights weights;
    private final PriorOperation prior;
    private final boolean structured;
    private final boolean fused;
    private final boolean learnSigma;
    private final Buffer mixture;
    private final Buffer moments;
    private final Buffer hyper;
    private final Buffer statistics;
    private final Buffer rowCounts;
    private final Buffer columnCounts;
    private final PriorOperation.Offsets offsets;
    private final Buffer responsibilities;
    private final Buffer priorGradient;
    private final MixtureGroup group;

    GroupUpdate(
            Device device, TrainingState state, GroupWeights part, Stage stage, PriorSettings settings, boolean fused) {
        this.kernels = device.kernels();
        this.group = part.group();
        this.weights = part.weights();
        this.fused = fused;
        this.structured = PriorUpdate.isStructured(stage);
        this.learnSigma = stage.ratePrecisions() > 0 || (stage.em() > 0 && stage.sigmaStart() == 0);
        int k = group.components();
        boolean zero = stage.kind() == Stage.Kind.PRIOR;
        prior = kernels.prior(weights.layout(), k, zero);
        mixture = state.doubles(group.mixture);
        moments = state.doubles(group.mixtureMoments);
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
                ? new PriorOperation.Offsets(
                        state.floats(part(state.rowOffsets, group.firstRow, group.rows)),
                        state.floats(part(state.columnOffsets, group.firstColumn, group.columns)))
                : PriorOperation.Offsets.NONE;
        responsibilities = fused ? null : device.floats(Math.multiplyExact(prior.weights(), (long) k));
        priorGradient = fused ? null : device.floats(prior.weights());
    }

    MixtureGroup group() {
        return group;
    }

    private static float[] part(float[] values, int first, int count) {
        return Arrays.copyOfRange(values, first, first + count);
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
        weights.adam(kernels, weights.values(), scalars);
    }

    /** Row and column offsets from the present weights and mixture, before the first step. */
    void startOffsets() {
        if (structured) {
            prior.evaluate(weights.values(), weights.live(), mixture, PriorOperation.Offsets.NONE, null, sums());
            prior.offsets(mixture, rowCounts, columnCounts, offsets);
        }
    }

    /** Freezes what the zero component claims, in this mask of theirs. @return how many weights were frozen just now */
    long freeze(double threshold, Buffer live) {
        return prior.freeze(weights.values(), live, mixture, offsets, (float) threshold);
    }

    /** Most responsible component of each weight, into a buffer of a byte a weight. */
    void assign(Buffer assignment) {
        prior.assign(weights.values(), weights.live(), mixture, offsets, assignment);
    }

    /** Brings mixture and moments back to the group, offsets to the state. */
    void save(TrainingState state) {
        group.mixture = mixture.readDoubles(group.mixture.length);
        group.mixtureMoments = moments.readDoubles(group.mixtureMoments.length);
        if (structured) {
            System.arraycopy(offsets.rows().readFloats(), 0, state.rowOffsets, group.firstRow, group.rows);
            System.arraycopy(offsets.columns().readFloats(), 0, state.columnOffsets, group.firstColumn, group.columns);
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
