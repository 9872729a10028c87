package io.softshare.pipeline;

import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.container.AtomicFile;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.container.SwsWriter;
import io.softshare.data.Augmentation;
import io.softshare.data.DataSet;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.network.Arena;
import io.softshare.safetensors.StateDict;
import io.softshare.simplify.Equalised;
import io.softshare.simplify.Equaliser;
import io.softshare.train.Evaluator;
import io.softshare.train.Stage;
import io.softshare.train.Trainer;
import io.softshare.train.TrainingState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One run: teacher, dense network, the recipe's stages, the file. It can be cut off at any moment: a checkpoint is written at
 * the ends of stages and every {@value #CHECKPOINT_SECONDS} seconds, and what follows from it is the same, bit for bit.
 */
public final class Compression {
    /** A run's checkpoint, in its folder. */
    public static final String CHECKPOINT = "checkpoint.bin";

    private static final int CHECKPOINT_SECONDS = 10;

    /** System property: seconds between checkpoints instead of the usual, 0 for one after every epoch. */
    public static final String CHECKPOINT_PROPERTY = "softshare.checkpoint.seconds";

    private final Device device;
    private final Settings settings;
    private final RunListener listener;
    private final Path run;
    private final Control control;
    private final Recipe recipe;
    private Recipe fitted; // to the dense network's weights, once they are known
    private final DataSet.Split data;
    private final Graph graph;
    private Map<String, float[]> given; // weights that the network starts from, or null; read where they are needed
    private final long began = System.nanoTime();
    private long lastCheckpoint = began;
    private double secondsBefore;

    // Where the run is: see Checkpoint.
    private int part;
    private int stage;
    private int epoch;
    private int globalEpoch;
    private double pretrainedErrorPercent = Double.NaN;
    private Map<String, float[]> teacher = Map.of();
    private Map<String, float[]> start = Map.of();
    private byte[] resumed;
    private Teacher teaches;
    private Progress progress;
    private double teacherCost = 1; // multiply-adds of the teacher, the network's being 1

    /** Setting of {@code rateDistortion}: as much as the validation error allows. */
    public static final String AUTO = "auto";

    /**
     * What came out; no file after training alone.
     *
     * @param finishing what was done to the trained network before it was written, a phrase each
     * @param reordered whether hidden units lie in another order than in training
     */
    public record Result(
            SwsFile file,
            double pretrainedErrorPercent,
            double testErrorPercent,
            double seconds,
            List<String> finishing,
            boolean reordered) {}

    private Compression(Device device, Settings settings, DataSet set, RunListener listener, Path run, Control control)
            throws IOException {
        this.device = device;
        this.settings = settings;
        this.listener = listener;
        this.run = run;
        this.control = control;
        this.recipe = RecipeFile.read(settings.get("recipe"), "recipe");
        this.fitted = recipe;
        this.data = set.split(settings.flag("validation"));
        ModelSource source = ModelSource.of(settings, set);
        this.graph = source.graph();
        this.given = settings.get("weights") == null ? source.tensors() : null;
        source.notes().forEach(listener::message);
    }

    /** Settings of the run that a folder's checkpoint belongs to, or null if it has none. */
    public static Settings interrupted(Path run) throws IOException {
        Path file = run.resolve(CHECKPOINT);
        return Files.exists(file) ? Checkpoint.read(file).settings() : null;
    }

    /**
     * Whether a folder's checkpoint lies where teacher and dense network are done and nothing else is: a run that differs only in later
     * stages may go on from a copy of it, and ends with the bytes that it would have had by itself.
     */
    public static boolean isDense(Path run) throws IOException {
        Path file = run.resolve(CHECKPOINT);
        return Files.exists(file) && Checkpoint.read(file).isDense();
    }

    /** Starts a run, or goes on with the one in the folder. Writes the file named by the setting {@code out}. */
    public static Result run(
            Device device, Settings settings, DataSet set, RunListener listener, Path run, boolean resume)
            throws IOException {
        return run(device, settings, set, listener, run, resume, Control.NONE);
    }

    static Result run(
            Device device,
            Settings settings,
            DataSet set,
            RunListener listener,
            Path run,
            boolean resume,
            Control control)
            throws IOException {
        Compression compression = new Compression(device, settings, set, listener, run, control);
        compression.prepare(resume);
        Files.createDirectories(run);
        if (resume) {
            compression.restore(Checkpoint.read(run.resolve(CHECKPOINT)));
        } else {
            for (String old : List.of(RunFiles.METRICS, RunFiles.END, RunFiles.MODEL, RunFiles.RESULT, RunFiles.GOAL)) {
                Files.deleteIfExists(run.resolve(old));
            }
        }
        Files.writeString(run.resolve(RunFiles.RECIPE), settings.get("recipe"));
        settings.keep(run);
        return compression.whole();
    }

    /** What can be refused is refused here: before hours of training, and before the folder loses what a former run left in it. */
    private void prepare(boolean resume) throws IOException {
        if (!training()) {
            biasBits();
        }
        teaches = Teacher.of(recipe.teacher(), graph);
        if (!resume) {
            readWeights();
        }
    }

    private void readWeights() throws IOException {
        String weights = settings.get("weights");
        if (weights != null && given == null) {
            given = StateDict.read(Path.of(weights)).forGraph(graph);
        }
    }

    private void restore(Checkpoint checkpoint) {
        if (!checkpoint.device().equals(device.describe())) {
            throw new RecipeException("the run began on " + checkpoint.device() + ", this is " + device.describe()
                    + "; resume it there, or start anew");
        }
        part = checkpoint.part();
        stage = checkpoint.stage();
        epoch = checkpoint.epoch();
        globalEpoch = checkpoint.globalEpoch();
        secondsBefore = checkpoint.seconds();
        pretrainedErrorPercent = checkpoint.pretrainedErrorPercent();
        teacher = checkpoint.teacher();
        start = checkpoint.start();
        resumed = checkpoint.state();
    }

    private double seconds() {
        return secondsBefore + (System.nanoTime() - began) / 1e9;
    }

    private Result whole() throws IOException {
        Stage teacherStage = teaches.isTrained()
                ? Recipes.find(null, recipe.teacher(), "mnist").stages().get(0)
                : null;
        int teacherEpochs = teaches.isTrained() ? teacherStage.epochs() : 0;
        progress = new Progress(part == 0 ? globalEpoch : globalEpoch + teacherEpochs, ownEpochs() + teacherEpochs);
        if (part == 1) {
            progress.without(epochsBefore() - globalEpoch); // of stages that ended early
        }
        Metrics.keep(run, progress.done());
        if (part == 0) {
            if (teaches.isTrained()) {
                teacherCost = Progress.multiplyAdds(teaches.graph()) / Progress.multiplyAdds(graph);
                trainTeacher(teaches.graph(), teacherStage);
            } else if (teaches.graph() != null) {
                teacher = teaches.tensors();
            }
            part = 1;
            progress.begin();
            stage = 0;
            epoch = 0;
            globalEpoch = 0;
            resumed = null;
        }
        try (TrainingState state = new TrainingState(device, graph);
                Trainer trainer = new Trainer(device, graph, state, data.train(), options());
                Evaluator test = new Evaluator(device, graph, state.arena(), data.test());
                Evaluator validation = data.validation().count() == 0
                        ? null
                        : new Evaluator(device, graph, state.arena(), data.validation());
                Arena teaching = recipe.teacher().equals(Teacher.NONE)
                        ? null
                        : new Arena(device, teaches.graph() == null ? graph : teaches.graph(), false)) {
            startState(state);
            boolean taught = false;
            for (; stage < recipe.stages().size(); stage++) {
                Stage now = recipe.stages().get(stage);
                if (now.kind() != Stage.Kind.PLAIN && start.isEmpty()) {
                    if (recipe.equalise()) {
                        equalise(state.arena());
                    }
                    start = state.arena().read();
                    StateDict.of(graph, start).write(run.resolve(RunFiles.START));
                    pretrainedErrorPercent = test.score().errorPercent();
                    listener.message(String.format(
                            java.util.Locale.ROOT, "dense network: %.2f %% test error", pretrainedErrorPercent));
                    if (recipe.weightScale() > 0) {
                        listener.message(WeightScale.describe(recipe, graph, start));
                    }
                    tellIfSeen(validation);
                }
                if (!taught && now.kind() != Stage.Kind.PLAIN) {
                    fitted = WeightScale.fitted(recipe, graph, start); // start is in the checkpoint of a resumed run
                    trainer.prior(fitted.prior());
                    if (teaching != null) {
                        teaching.write(teaches.graph() == null ? start : teacher);
                        trainer.teach(teaches.graph() == null ? graph : teaches.graph(), teaching, data.train());
                    }
                    taught = true;
                }
                runStage(now, fitted.stages().get(stage), state, trainer, validation);
            }
            if (training()) {
                StateDict.of(graph, state.arena().read()).write(Path.of(settings.get("out")));
                double error = test.score().errorPercent();
                return new Result(null, error, error, seconds(), List.of(), false);
            }
            trainer.estimateStatistics();
            return finish(state, biasBits());
        }
    }

    /** Images that a given network was trained on say little about it: a rise from an error that is too low is no rise yet. */
    private void tellIfSeen(Evaluator validation) {
        if (validation == null || settings.get("weights") == null && given == null) {
            return;
        }
        double error = validation.score().errorPercent();
        if (pretrainedErrorPercent > 2 * error + 1) {
            listener.message(String.format(
                    java.util.Locale.ROOT,
                    "the given network has %.2f %% error on the validation images, %.2f %% on the test images: it was probably trained on"
                            + " the former, where its error will rise more than elsewhere; allow for that in a goal or stopErrorIncrease",
                    error,
                    pretrainedErrorPercent));
        }
    }

    private void equalise(Arena arena) {
        Equalised equalised = Equaliser.equalise(graph, arena.read());
        arena.write(equalised.tensors());
        listener.message(equalised.describe());
    }

    private int epochsBefore() {
        return epoch
                + recipe.stages().stream().limit(stage).mapToInt(Stage::epochs).sum();
    }

    private int ownEpochs() {
        return recipe.stages().stream().mapToInt(Stage::epochs).sum();
    }

    private boolean training() {
        return settings.get("goal").equals("train");
    }

    private int biasBits() {
        Stage last = recipe.stages().get(recipe.stages().size() - 1);
        if (last.kind() != Stage.Kind.HARD) {
            throw new RecipeException(
                    "the last stage is of kind " + last.kind() + ", expected hard; add such a [[stage]]");
        }
        return last.biasBits();
    }

    private Trainer.Options options() {
        return new Trainer.Options(
                settings.number("seed"),
                recipe.batch(),
                Augmentation.parse(settings.get("augment")),
                settings.get("kernels").equals("fused"),
                recipe.prior(),
                recipe.sparseBelow());
    }

    private void startState(TrainingState state) throws IOException {
        if (resumed != null) {
            state.read(new DataInputStream(new ByteArrayInputStream(resumed)));
            resumed = null;
            return;
        }
        state.arena().initialise(settings.number("seed"));
        readWeights();
        if (given == null) {
            return;
        }
        state.arena().write(given);
        if (!training()) {
            while (stage < recipe.stages().size() && recipe.stages().get(stage).kind() == Stage.Kind.PLAIN) {
                progress.without(recipe.stages().get(stage).epochs());
                stage++;
            }
        }
    }

    private void trainTeacher(Graph teacherGraph, Stage teacherStage) throws IOException {
        listener.message("training the teacher, " + teacherGraph.name());
        try (TrainingState state = new TrainingState(device, teacherGraph);
                Trainer trainer = new Trainer(device, teacherGraph, state, data.train(), options())) {
            if (resumed != null) {
                state.read(new DataInputStream(new ByteArrayInputStream(resumed)));
            } else {
                state.arena().initialise(settings.number("seed") + 1);
            }
            runStage(teacherStage, teacherStage, state, trainer, null);
            teacher = state.arena().read();
        }
    }

    /**
     * The epochs of a stage that are not done yet.
     *
     * @param now as the recipe has it
     * @param trained the same, fitted to the network's weights
     */
    private void runStage(Stage now, Stage trained, TrainingState state, Trainer trainer, Evaluator validation)
            throws IOException {
        if (epoch == 0 && now.epochs() > 0) {
            trainer.begin(trained);
        }
        while (epoch < now.epochs()) {
            Trainer.Epoch figures = trainer.epoch(trained, epoch, globalEpoch);
            epoch++;
            globalEpoch++;
            progress.epoch();
            boolean measure = validation != null
                    && (now.stopErrorIncrease() > 0
                            || control.measures(now)
                            || epoch == now.epochs()
                            || epoch % 5 == 0);
            double error = measure ? validation.score().errorPercent() : Double.NaN;
            tell(now, figures, error, state);
            if (part == 1 && control.endsAfter(now, epoch, figures.live(), error, () -> ahead(state))) {
                checkpoint(state, true);
                throw new Control.Paused();
            }
            boolean enough = now.endsAtTarget() && figures.live() <= now.targetNonZero();
            if (now.stopErrorIncrease() > 0 && validation != null) {
                state.noteStartError(startValidationError());
                enough |= error > state.startErrorPercent() + now.stopErrorIncrease();
            }
            if (enough) {
                progress.without(now.epochs() - epoch);
                break;
            }
            if (epoch < now.epochs()) {
                checkpoint(state, false);
            }
        }
        epoch = 0;
        stage++;
        checkpoint(state, part == 1);
        stage--;
    }

    private double startValidationError() {
        try (Arena arena = new Arena(device, graph, false)) {
            arena.write(start);
            try (Evaluator evaluator = new Evaluator(device, graph, arena, data.validation())) {
                return evaluator.score().errorPercent();
            }
        }
    }

    private void tell(Stage now, Trainer.Epoch figures, double validationError, TrainingState state)
            throws IOException {
        RunListener.Figures all = new RunListener.Figures(
                now.name(),
                epoch,
                now.epochs(),
                figures.loss(),
                figures.errorPercent(),
                validationError,
                figures.live(),
                state.mixtures(),
                progress.done(),
                progress.total(),
                seconds(),
                progress.secondsLeft(part == 0 ? ownEpochs() : 0, 1 / teacherCost));
        listener.epoch(all);
        Metrics.append(run, part == 0, all);
    }

    private void checkpoint(TrainingState state, boolean always) throws IOException {
        long now = System.nanoTime();
        if (!always
                && now - lastCheckpoint
                        < Integer.getInteger(CHECKPOINT_PROPERTY, CHECKPOINT_SECONDS) * 1_000_000_000L) {
            return;
        }
        at(stage, epoch, state).write(run.resolve(CHECKPOINT));
        lastCheckpoint = System.nanoTime();
    }

    private Checkpoint at(int nextStage, int nextEpoch, TrainingState state) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        state.write(new DataOutputStream(bytes));
        return new Checkpoint(
                settings,
                device.describe(),
                part,
                nextStage,
                nextEpoch,
                globalEpoch,
                seconds(),
                pretrainedErrorPercent,
                teacher,
                start,
                bytes.toByteArray());
    }

    /** At the beginning of the next stage, as {@link Control.Ahead} describes it. */
    private Checkpoint ahead(TrainingState state) throws IOException {
        Arena arena = state.arena();
        float[] moment1 = arena.moment1().readFloats();
        float[] moment2 = arena.moment2().readFloats();
        arena.clearMoments();
        Checkpoint ahead = at(stage + 1, 0, state).with(settings, Map.of(), Map.of());
        arena.moment1().write(moment1);
        arena.moment2().write(moment2);
        return ahead;
    }

    private Result finish(TrainingState state, int biasBits) throws IOException {
        Path out = Path.of(settings.get("out"));
        Codec codec = Codecs.byName(settings.get("codec")).orElseThrow();
        Finishing.Result finished = Finishing.run(
                device,
                graph,
                state,
                biasBits,
                data.validation(),
                lambda(settings.get("rateDistortion")),
                settings.flag("canonicalOrder"),
                codec,
                control.allowance(),
                listener);
        SwsWriter.write(out, finished.model(), codec);
        AtomicFile.write(run.resolve(RunFiles.MODEL), Files.readAllBytes(out));
        if (finished.reordered()) {
            Map<String, float[]> trained = new LinkedHashMap<>();
            finished.unmoved().tensors().forEach(t -> trained.put(t.spec().name(), t.values()));
            StateDict.of(graph, trained).write(run.resolve(RunFiles.END));
        } else {
            Files.deleteIfExists(run.resolve(RunFiles.END)); // of a run written before, in another order
        }
        SwsFile file = SwsReader.read(out, DecodedFile.limits(graph));
        double error = DecodedFile.errorPercent(device, file, data.test());
        return new Result(file, pretrainedErrorPercent, error, seconds(), finished.steps(), finished.reordered());
    }

    /** The rate–distortion setting as {@link Finishing#run} takes it: NaN for auto, which is also what nothing means. */
    private static double lambda(String setting) {
        return setting == null || setting.equals(AUTO) ? Double.NaN : Double.parseDouble(setting);
    }
}
