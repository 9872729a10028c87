package io.softshare.train;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.data.Shuffle;
import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;
import io.softshare.device.Steps;
import io.softshare.graph.Graph;
import io.softshare.network.Arena;
import io.softshare.network.Network;
import io.softshare.network.ParameterLayout.Slot;
import io.softshare.prior.Mixture;
import io.softshare.quantize.KMeans;
import java.util.function.IntPredicate;

/** Runs the epochs of a recipe's stages over one training set. Closing frees its memory, not the state. */
public final class Trainer implements AutoCloseable {
    /** What is the same for all stages. */
    public record Options(long seed, int batch, Augmentation augmentation, boolean fused, PriorSettings prior) {}

    /** Figures of an epoch. */
    public record Epoch(double loss, double errorPercent, long live) {}

    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;

    private final Device device;
    private final Kernels kernels;
    private final TrainingState state;
    private final Arena arena;
    private final Options options;
    private final Images images;
    private final Network network;
    private final int batch;
    private final int steps;
    private final Buffer order;
    private final Buffer labels;
    private final Buffer step;
    private final Buffer scalars;
    private final Buffer table;
    private final Buffer totals;
    private final Buffer teacherBatch;
    private Buffer teacherLogits;
    private Network teacher;

    public Trainer(Device device, Graph graph, TrainingState state, ImageSet train, Options options) {
        this.device = device;
        this.kernels = device.kernels();
        this.state = state;
        this.arena = state.arena();
        this.options = options;
        this.batch = Math.min(options.batch(), train.count());
        this.steps = train.count() / batch;
        images = new Images(device, train, graph.preprocessing());
        network = new Network(device, graph, arena, batch, true);
        order = device.allocate(4L * train.count());
        labels = device.allocate(4L * batch);
        step = device.allocate(8);
        scalars = device.floats(Kernels.SCALARS);
        table = device.floats((long) steps * Kernels.SCALARS);
        totals = device.allocate(4 * 8);
        teacherBatch = device.floats((long) batch * graph.classes());
    }

    /**
     * Who teaches in stages with a teacher's share. Its logits are computed once for every training image, or, where images
     * are augmented, in every step for the augmented ones: the teacher sees what its pupil sees.
     *
     * @param arena the teacher's weights: used until this is closed where images are augmented, else only in this call
     */
    public void teach(Graph graph, Arena arena, ImageSet train) {
        if (!graph.input().equals(network.graph().input())
                || graph.classes() != network.graph().classes()) {
            throw new TrainingException("the teacher takes images of " + graph.input() + " in " + graph.classes()
                    + " classes, the network " + network.graph().input() + " in "
                    + network.graph().classes() + "; choose a teacher for the same data");
        }
        if (!graph.preprocessing().sameNumbers(network.graph().preprocessing())) {
            throw new TrainingException(
                    "the teacher's preprocessing of images differs from the network's; choose a teacher"
                            + " that was trained for the same data");
        }
        if (options.augmentation().kind() == Augmentation.Kind.NONE) {
            try (Evaluator evaluator = new Evaluator(device, graph, arena, train)) {
                teacherLogits = evaluator.logits();
            }
        } else {
            teacher = new Network(device, graph, arena, batch, false);
        }
    }

    /** Library implementations of the training network's layers. */
    public java.util.List<String> implementations() {
        return network.implementations();
    }

    /** Prepares the state for the first epoch of a stage. Not called when a stage is resumed. */
    public void begin(Stage stage) {
        arena.clearMoments();
        switch (stage.kind()) {
            case PLAIN -> {}
            case PRIOR -> {
                if (state.mixture == null) {
                    state.mixture = start().packed();
                }
                state.rowOffsets = new float[(int) state.rows()];
                state.columnOffsets = new float[(int) state.columns()];
                state.mixtureMoments = new double[2 * state.mixture.length];
                try (PriorUpdate update = new PriorUpdate(device, state, stage, options.prior(), true)) {
                    update.startOffsets();
                    update.save();
                }
            }
            case RECOVER -> {
                Mixture mixture = Mixture.of(state.mixture);
                state.mixture = (mixture.mean(0) == 0 ? mixture.withoutZero() : mixture).packed();
                state.mixtureMoments = new double[2 * state.mixture.length];
            }
            case SOFTEN -> {
                shareByKMeans(stage);
                state.mixtureMoments = new double[2 * state.mixture.length];
            }
            case HARD -> beginHard(stage);
        }
    }

    private void beginHard(Stage stage) {
        boolean byResponsibility = stage.assignment() == Stage.Assignment.RESPONSIBILITY;
        if (!byResponsibility) {
            if (Mixture.of(state.mixture).mean(0) == 0) {
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
                new PriorUpdate(device, state, structured ? assigning : unstructured(), options.prior(), true)) {
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
        PriorSettings p = options.prior();
        double range = p.meanRange();
        if (range == 0) {
            for (float w : weights()) {
                range = Math.max(range, Math.abs(w));
            }
        }
        return Mixture.initial(p.components(), p.zeroProportion(), p.sigmaZero(), range, p.sigma());
    }

    private float[] weights() {
        return arena.values().readFloats(0, (int) arena.layout().weightCount());
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
        KMeans.Result result = KMeans.fit(java.util.Arrays.copyOf(kept, live), stage.components());
        double[] deviations = new double[result.centres().length];
        java.util.Arrays.fill(deviations, stage.sigmaStart() > 0 ? stage.sigmaStart() : 0.05);
        state.mixture = new Mixture(result.shares(), result.centres(), deviations).packed();
    }

    /**
     * One epoch of a stage.
     *
     * @param epoch of this stage, from 0
     * @param global epoch of the whole run, from 0: what shuffling and augmentation are drawn by
     * @throws TrainingException if the loss stops being finite
     */
    public Epoch epoch(Stage stage, int epoch, int global) {
        order.write(Shuffle.permutation(images.count(), options.seed(), global));
        table.write(table(stage, epoch));
        step.write(0L);
        totals.write(0.0, 0.0, 0.0, -1.0);
        switch (stage.kind()) {
            case PLAIN ->
                run(stage, global, s -> true, null, s -> adam(0, arena.layout().weightCount(), Scalar.RATE_WEIGHTS));
            case PRIOR, RECOVER, SOFTEN -> {
                try (PriorUpdate update = new PriorUpdate(device, state, stage, options.prior(), options.fused())) {
                    int every = stage.mixtureEvery();
                    run(
                            stage,
                            global,
                            s -> updates(stage, epoch, s, every),
                            null,
                            s -> update.step(scalars, updates(stage, epoch, s, every)));
                    if (stage.freezeAbove() < 1) {
                        update.freeze(stage.freezeAbove());
                    }
                    update.save();
                }
            }
            case HARD -> hard(stage, epoch, global);
        }
        double[] sums = totals.readDoubles(4);
        if (sums[3] >= 0) {
            throw new TrainingException("the loss is not finite at step " + (long) (sums[3] + 1) + " of epoch "
                    + (epoch + 1) + " of stage " + stage.name() + "; lower its rateStart"
                    + (stage.tauStart() > 0 ? " or tauStart, or raise its sigmas" : "") + " in the recipe");
        }
        return new Epoch(sums[0] / sums[2], 100 * sums[1] / sums[2], arena.liveCount());
    }

    private boolean updates(Stage stage, int epoch, int s, int every) {
        return every > 0 && ((long) epoch * steps + s) % every == 0;
    }

    private void hard(Stage stage, int epoch, int global) {
        double total = (double) stage.epochs() * steps;
        long first = (long) epoch * steps;
        boolean freshlyFrozen = !moving(stage, first, total) && (epoch == 0 || moving(stage, first - steps, total));
        if (stage.rateDistortion() > 0 && freshlyFrozen) {
            HardUpdate.rateDistortion(state, stage.rateDistortion());
        }
        try (HardUpdate update = new HardUpdate(device, state, stage)) {
            run(
                    stage,
                    global,
                    s -> moving(stage, first + s, total),
                    s -> update.quantise(moving(stage, first + s, total)),
                    s -> update.step(
                            scalars,
                            moving(stage, first + s, total),
                            first + s + 1,
                            stage.rate().at((first + s) / total)));
            update.save();
        }
    }

    /** Whether weights may still change their shared value at a step of the stage. */
    private static boolean moving(Stage stage, long step, double total) {
        return stage.assignment() == Stage.Assignment.NEAREST && step / total < stage.freezeAssignmentsAt();
    }

    private interface Step {
        void at(int step);
    }

    /** All steps of an epoch; form: steps with the same one call the same kernels, so that a device may replay them. */
    private void run(Stage stage, int global, IntPredicate form, Step before, Step optimise) {
        boolean taught = (teacherLogits != null || teacher != null) && stage.teacherShare() > 0;
        Kernels.Targets targets = new Kernels.Targets(
                labels,
                taught ? teacher != null ? teacher.logits() : teacherBatch : null,
                taught ? (float) stage.teacherShare() : 0,
                (float) stage.temperature());
        try (Steps repeated = device.steps()) {
            for (int s = 0; s < steps; s++) {
                int now = s;
                repeated.run(form.test(now), () -> step(stage, now, global, targets, before, optimise));
            }
        }
    }

    private void step(Stage stage, int s, int global, Kernels.Targets targets, Step before, Step optimise) {
        int classes = network.graph().classes();
        kernels.stepBegin(table, steps, step, scalars);
        images.gather(order, step, batch, options.augmentation(), options.seed(), global, network.input(), labels);
        if (targets.teacher() != null && teacher != null) {
            teacher.input().copyFrom(network.input());
            teacher.forward();
        } else if (targets.teacher() != null) {
            kernels.gatherRows(teacherLogits, classes, order, step, batch, teacherBatch);
        }
        if (before != null) {
            before.at(s);
        }
        network.forward();
        kernels.loss(batch, batch, classes, network.logits(), targets, step, network.logitsGradient(), totals);
        network.backward();
        optimise.at(s);
        if (stage.kind() != Stage.Kind.HARD) {
            adam(
                    arena.layout().weightCount(),
                    arena.layout().parameterCount() - arena.layout().weightCount(),
                    Scalar.RATE_OTHER);
        }
    }

    private void adam(long from, long count, Scalar rate) {
        if (count == 0) {
            return;
        }
        kernels.adam(
                count,
                arena.values().floatView(from, count),
                arena.gradient().floatView(from, count),
                arena.moment1().floatView(from, count),
                arena.moment2().floatView(from, count),
                from == 0 ? arena.live() : null,
                scalars,
                rate,
                PriorOperation.Adam.DEFAULT);
    }

    private float[] table(Stage stage, int epoch) {
        float[] rows = new float[steps * Kernels.SCALARS];
        double total = (double) stage.epochs() * steps;
        for (int s = 0; s < steps; s++) {
            long done = (long) epoch * steps + s;
            double u = done / total;
            double ramp = stage.tauRamp() > 0 ? Math.min(1, u / stage.tauRamp()) : 1;
            int row = s * Kernels.SCALARS;
            set(rows, row, Scalar.TAU, ramp * stage.tau().at(u) / images.count());
            double rate = stage.rate().at(u);
            set(rows, row, Scalar.RATE_WEIGHTS, rate);
            set(rows, row, Scalar.RATE_OTHER, rate * stage.rateOther());
            set(rows, row, Scalar.RATE_CODEBOOK, rate);
            set(rows, row, Scalar.CORRECTION_1, 1 / (1 - Math.pow(BETA1, done + 1)));
            set(rows, row, Scalar.CORRECTION_2, 1 / (1 - Math.pow(BETA2, done + 1)));
            set(rows, row, Scalar.RATE_MEANS, stage.rateMeans());
            set(rows, row, Scalar.RATE_PRECISIONS, stage.ratePrecisions());
            set(rows, row, Scalar.RATE_PROPORTIONS, stage.rateProportions());
            set(rows, row, Scalar.EM, stage.em());
            double sigma = stage.sigma().at(u);
            boolean zero = stage.kind() == Stage.Kind.PRIOR;
            set(rows, row, Scalar.SIGMA_ZERO, zero ? stage.sigmaZero().at(u) : sigma);
            set(rows, row, Scalar.SIGMA, sigma);
        }
        return rows;
    }

    private static void set(float[] rows, int row, Scalar scalar, double value) {
        rows[row + scalar.ordinal()] = (float) value;
    }

    /**
     * Estimates batch-norms' running statistics anew for the weights as they are now: their mean over the batches of one pass
     * over the training images, not augmented. Does nothing for a network without batch-norm.
     */
    public void estimateStatistics() {
        if (!network.hasStatistics()) {
            return;
        }
        order.write(Shuffle.permutation(images.count(), options.seed(), 0));
        step.write(0L);
        for (int s = 0; s < steps; s++) {
            kernels.stepBegin(table, steps, step, scalars);
            images.gather(order, step, batch, Augmentation.NONE, options.seed(), 0, network.input(), labels);
            network.estimateStatistics(s);
        }
    }

    /** Non-zero weights of a tensor as they are now. */
    public static int nonZero(Arena arena, Slot slot) {
        int count = 0;
        for (float w : arena.values().readFloats(slot.offset(), slot.spec().size())) {
            count += w != 0 ? 1 : 0;
        }
        return count;
    }

    @Override
    public void close() {
        network.close();
        if (teacher != null) {
            teacher.close();
        }
        images.close();
        for (Buffer buffer : new Buffer[] {order, labels, step, scalars, table, totals, teacherBatch, teacherLogits}) {
            if (buffer != null) {
                buffer.close();
            }
        }
    }
}
