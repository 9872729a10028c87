package io.softshare.train;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.data.Shuffle;
import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.LayerOperations;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;
import io.softshare.device.Steps;
import io.softshare.graph.Graph;
import io.softshare.network.Arena;
import io.softshare.network.Network;
import io.softshare.network.ParameterLayout.Slot;
import io.softshare.network.SparseNetwork;
import java.util.function.IntPredicate;

/** Runs the epochs of a recipe's stages over one training set. Closing frees its memory, not the state. */
public final class Trainer implements AutoCloseable {
    /**
     * What is the same for all stages.
     *
     * @param prior the mixture's start and hyperpriors, unless {@link #prior(PriorSettings)} changes them
     * @param fused the prior's step in one pass and the device's fused layers, or each step apart
     * @param sparseBelow share of live weights below which a chain of layers is trained on them alone, where the device and the graph
     *     allow it and fused is set; 0: never
     */
    public record Options(
            long seed, int batch, Augmentation augmentation, boolean fused, PriorSettings prior, double sparseBelow) {
        /** Zeros included. */
        public Options(long seed, int batch, Augmentation augmentation, boolean fused, PriorSettings prior) {
            this(seed, batch, augmentation, fused, prior, 0);
        }
    }

    /** Figures of an epoch. */
    public record Epoch(double loss, double errorPercent, long live) {}

    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;

    private final Device device;
    private final Kernels kernels;
    private final LayerOperations operations;
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
    private final SparseNetwork sparse; // null: never used
    private PriorSettings prior;
    private Teaching teaching;
    private double recordingSeconds;

    public Trainer(Device device, Graph graph, TrainingState state, ImageSet train, Options options) {
        this(device, device.layers(options.fused()), graph, state, train, options);
    }

    /** With layers made by other operations than the options say. */
    Trainer(
            Device device,
            LayerOperations operations,
            Graph graph,
            TrainingState state,
            ImageSet train,
            Options options) {
        this.device = device;
        this.operations = operations;
        this.kernels = device.kernels();
        this.state = state;
        this.arena = state.arena();
        this.options = options;
        this.prior = options.prior();
        this.batch = Math.min(options.batch(), train.count());
        this.steps = train.count() / batch;
        images = new Images(device, train, graph.preprocessing());
        network = new Network(device, operations, graph, arena, batch, true);
        order = device.allocate(4L * train.count());
        labels = device.allocate(4L * batch);
        step = device.allocate(8);
        scalars = device.floats(Kernels.SCALARS);
        table = device.floats((long) steps * Kernels.SCALARS);
        totals = device.allocate(4 * 8);
        sparse = options.sparseBelow() > 0 && options.fused() && SparseNetwork.supports(device, graph)
                ? new SparseNetwork(device, graph, arena, batch)
                : null;
    }

    /**
     * Who teaches in stages with a teacher's share: the teacher sees what its pupil sees, augmented or not.
     *
     * @param arena the teacher's weights: perhaps used until this is closed
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
        if (teaching != null) {
            teaching.close();
        }
        teaching = new Teaching(device, operations, graph, arena, train, batch, options.augmentation());
    }

    /** The mixture's start and hyperpriors from now on, instead of the options'. */
    public void prior(PriorSettings other) {
        prior = other;
    }

    /** Seconds spent so far on recording steps; 0 where the device records none. */
    public double recordingSeconds() {
        return recordingSeconds;
    }

    /** Library implementations of the training network's layers. */
    public java.util.List<String> implementations() {
        return network.implementations();
    }

    /** Prepares the state for the first epoch of a stage. Not called when a stage is resumed. */
    public void begin(Stage stage) {
        new StageStart(device, state, prior).begin(stage);
    }

    /**
     * One epoch of a stage.
     *
     * @param epoch of this stage, from 0
     * @param global epoch of the whole run, from 0: what shuffling and augmentation are drawn by
     * @throws TrainingException if the loss stops being finite
     */
    public Epoch epoch(Stage stage, int epoch, int global) {
        int[] permutation = Shuffle.permutation(images.count(), options.seed(), global);
        order.write(permutation);
        if (teaching != null) {
            teaching.epoch(permutation, options.seed(), global);
        }
        table.write(table(stage, epoch));
        step.write(0L);
        totals.write(0.0, 0.0, 0.0, -1.0);
        if (stage.kind() == Stage.Kind.PRUNE) {
            Pruning.before(stage, epoch, arena);
        }
        try (LiveWeights live =
                stage.kind() != Stage.Kind.SURGERY && fewAreLive() ? new LiveWeights(device, arena) : null) {
            if (live != null) {
                sparse.live(live.count(), live.index());
            }
            // A zero component may be structured, and freezes: it works on the arena, though the passes are on live
            // weights.
            boolean packed = live != null && stage.kind() != Stage.Kind.PRIOR;
            Weights weights = packed ? live.packed() : Weights.of(arena);
            switch (stage.kind()) {
                case SURGERY -> surgery(stage, epoch, global);
                case PLAIN, PRUNE ->
                    run(stage, global, live, s -> true, null, s -> weights.adam(kernels, weights.values(), scalars));
                case PRIOR, RECOVER, REGROW, SOFTEN -> prior(stage, epoch, global, live);
                case HARD -> hard(stage, epoch, global, live);
            }
            if (packed) {
                live.restore();
            }
        }
        double[] sums = totals.readDoubles(4);
        if (sums[3] >= 0) {
            throw new TrainingException("the loss is not finite at step " + (long) (sums[3] + 1) + " of epoch "
                    + (epoch + 1) + " of stage " + stage.name() + "; lower its rateStart"
                    + (stage.tauStart() > 0 ? " or tauStart, or raise its sigmas" : "") + " in the recipe");
        }
        if (stage.kind() == Stage.Kind.REGROW) {
            regrow(stage, (epoch + 1.0) / stage.epochs(), global);
        }
        return new Epoch(sums[0] / sums[2], 100 * sums[1] / sums[2], arena.liveCount());
    }

    /** Whether the coming epoch runs on live weights alone. */
    private boolean fewAreLive() {
        if (sparse == null || arena.live() == null) {
            return false;
        }
        long live = arena.liveCount();
        return live > 0 && live < options.sparseBelow() * arena.layout().weightCount();
    }

    private void prior(Stage stage, int epoch, int global, LiveWeights live) {
        int every = stage.mixtureEvery();
        LiveWeights packed = stage.kind() == Stage.Kind.PRIOR ? null : live;
        try (PriorUpdate update = new PriorUpdate(device, state, packed, stage, prior, options.fused())) {
            run(
                    stage,
                    global,
                    live,
                    s -> updates(stage, epoch, s, every),
                    null,
                    s -> update.step(scalars, updates(stage, epoch, s, every)));
            if (stage.freezeAbove() < 1) {
                Freezing.freeze(update, arena, stage);
            }
            update.save();
        }
    }

    /** Prunes and regrows after an epoch; done: share of the stage that lies behind. */
    private void regrow(Stage stage, double done, int global) {
        if (done >= stage.regrowUntil()) {
            return;
        }
        float[] gradient = taskGradient(stage, global, Math.max(1, Regrowth.IMAGES / batch));
        new Regrowth(state, stage.regrowShare(), stage.regrowUntil(), stage.regrowOccupancy())
                .change(stage.targetNonZero(), done, gradient);
    }

    /** Sum of the loss's gradient in every weight, frozen ones too, over the first batches of the epoch. */
    private float[] taskGradient(Stage stage, int global, int batches) {
        long count = arena.layout().weightCount();
        step.write(0L);
        try (Buffer sum = device.floats(count)) {
            for (int s = 0; s < Math.min(steps, batches); s++) {
                gather(global, targets(stage), network.input());
                dense(targets(stage));
                kernels.add(count, sum, arena.gradient(), sum);
            }
            return sum.readFloats();
        }
    }

    private void surgery(Stage stage, int epoch, int global) {
        long first = (long) epoch * steps;
        long settled = Math.round(stage.spliceUntil() * stage.epochs() * steps);
        try (SurgeryUpdate update = new SurgeryUpdate(device, state, options.seed())) {
            run(
                    stage,
                    global,
                    null,
                    s -> true,
                    s -> update.mask(first + s, first + s >= settled),
                    s -> update.step(scalars));
            update.save();
        }
    }

    private boolean updates(Stage stage, int epoch, int s, int every) {
        return every > 0 && ((long) epoch * steps + s) % every == 0;
    }

    private void hard(Stage stage, int epoch, int global, LiveWeights live) {
        double total = (double) stage.epochs() * steps;
        long first = (long) epoch * steps;
        boolean freshlyFrozen = !moving(stage, first, total) && (epoch == 0 || moving(stage, first - steps, total));
        if (stage.rateDistortion() > 0 && freshlyFrozen) {
            HardUpdate.rateDistortion(state, stage.rateDistortion());
        }
        try (HardUpdate update = new HardUpdate(device, state, stage, live)) {
            run(
                    stage,
                    global,
                    live,
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

    /**
     * All steps of an epoch.
     *
     * @param live what the passes run on, or null: the whole network
     * @param form steps with the same one call the same kernels, so that a device may replay them
     */
    private void run(Stage stage, int global, LiveWeights live, IntPredicate form, Step before, Step optimise) {
        Kernels.Targets targets = targets(stage);
        // Surgery's masks are made on the host, in the midst of a step.
        try (Steps repeated = stage.kind() == Stage.Kind.SURGERY ? Steps.DIRECT : device.steps()) {
            for (int s = 0; s < steps; s++) {
                int now = s;
                repeated.run(form.test(now), () -> step(stage, now, global, live, targets, before, optimise));
            }
            recordingSeconds += repeated.recordingSeconds();
        }
    }

    private Kernels.Targets targets(Stage stage) {
        boolean taught = teaching != null && stage.teacherShare() > 0;
        return new Kernels.Targets(
                labels, taught ? teaching.target() : null, taught ? (float) stage.teacherShare() : 0, (float)
                        stage.temperature());
    }

    private void step(
            Stage stage, int s, int global, LiveWeights live, Kernels.Targets targets, Step before, Step optimise) {
        gather(global, targets, live == null ? network.input() : sparse.input());
        if (before != null) {
            before.at(s);
        }
        if (live == null) {
            dense(targets);
        } else {
            sparse(live, stage.kind() == Stage.Kind.PRIOR, targets);
        }
        optimise.at(s);
        if (stage.kind() != Stage.Kind.HARD) {
            others();
        }
    }

    /** The next batch of the epoch, with its labels and the teacher's logits. */
    private void gather(int global, Kernels.Targets targets, Buffer input) {
        kernels.stepBegin(table, steps, step, scalars);
        images.gather(order, step, batch, options.augmentation(), options.seed(), global, input, labels);
        if (targets.teacher() != null) {
            teaching.logits(order, step, input);
        }
    }

    /** Both passes of the whole network. */
    private void dense(Kernels.Targets targets) {
        network.forward();
        loss(network.logits(), targets, network.logitsGradient());
        network.backward();
    }

    /** Both passes on live weights; inArena: they move there, and their gradients are wanted there. */
    private void sparse(LiveWeights live, boolean inArena, Kernels.Targets targets) {
        Weights packed = live.packed();
        if (inArena) {
            live.read();
        }
        sparse.forward(packed.values());
        loss(sparse.logits(), targets, sparse.logitsGradient());
        sparse.backward(packed.values(), packed.gradient());
        if (inArena) {
            live.writeGradient();
        }
    }

    private void loss(Buffer logits, Kernels.Targets targets, Buffer gradient) {
        kernels.loss(batch, batch, network.graph().classes(), logits, targets, step, gradient, totals);
    }

    /** Adam on biases and batch-norm's parameters. */
    private void others() {
        long from = arena.layout().weightCount();
        long count = arena.layout().parameterCount() - from;
        if (count > 0) {
            kernels.adam(
                    count,
                    arena.values().floatView(from, count),
                    arena.gradient().floatView(from, count),
                    arena.moment1().floatView(from, count),
                    arena.moment2().floatView(from, count),
                    null,
                    scalars,
                    Scalar.RATE_OTHER,
                    PriorOperation.Adam.DEFAULT);
        }
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
            if (stage.kind() == Stage.Kind.SURGERY) {
                set(rows, row, SurgeryUpdate.DESCENT, -rate);
                set(rows, row, SurgeryUpdate.DECAY, -rate * stage.weightDecay());
            }
        }
        return rows;
    }

    private static void set(float[] rows, int row, Scalar scalar, double value) {
        rows[row + scalar.ordinal()] = (float) value;
    }

    /**
     * Estimates batch-norms' running statistics anew for the weights as they are now: their mean over the batches of one pass
     * over the training images, augmented as in training. What the weights were trained with counts: without augmentation a WRN-16-4
     * got 1.4 points worse on test images that nobody augments either. Does nothing for a network without batch-norm.
     */
    public void estimateStatistics() {
        if (!network.hasStatistics()) {
            return;
        }
        order.write(Shuffle.permutation(images.count(), options.seed(), 0));
        step.write(0L);
        for (int s = 0; s < steps; s++) {
            kernels.stepBegin(table, steps, step, scalars);
            images.gather(order, step, batch, options.augmentation(), options.seed(), 0, network.input(), labels);
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
        if (sparse != null) {
            sparse.close();
        }
        if (teaching != null) {
            teaching.close();
        }
        images.close();
        for (Buffer buffer : new Buffer[] {order, labels, step, scalars, table, totals}) {
            buffer.close();
        }
    }
}
