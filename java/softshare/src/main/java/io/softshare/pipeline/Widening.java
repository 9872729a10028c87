package io.softshare.pipeline;

import io.softshare.container.AtomicFile;
import io.softshare.data.DataSet;
import io.softshare.device.Device;
import io.softshare.json.Json;
import io.softshare.train.Stage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * The run that passes through all densities, once: teacher, dense network, widening. It goes on only as far as somebody wants to
 * look, and keeps what later stages would go on from at densities a few per cent apart. Its folder says where it is, so
 * that a new object on the same folder sees the same.
 */
final class Widening {
    /** Kept states differ by at least this factor in live weights. */
    private static final double SPACING = 0.93;

    private static final String STATE = "state-";
    private static final String FINER = "finer-";
    /** A step of widening is too large if it goes beyond the wanted number of live weights by this factor, ... */
    private static final double FAR = 1.3;
    /** ... unless it began at less than this one from it. */
    private static final double NEAR = 1.15;
    /** How often a step is made smaller. */
    private static final int DEEPEST = 2;

    private final Device device;
    private final Settings settings;
    private final DataSet data;
    private final RunListener listener;
    private final Path folder;
    private final GoalRecipe recipe;

    /**
     * The network after an epoch of the stage.
     *
     * @param epoch from 1
     * @param errorPercent on the validation images, before any recovery
     * @param kept whether its state lies in the folder
     */
    record Passing(int epoch, long live, double errorPercent, boolean kept) {}

    /** A kept state, and the run that left it. */
    record Place(Widening widening, Passing passing) {
        long live() {
            return passing.live();
        }
    }

    /** settings: a run's, without recipe and file. */
    Widening(Device device, Settings settings, DataSet data, RunListener listener, Path folder, GoalRecipe recipe) {
        this.device = device;
        this.data = data;
        this.listener = listener;
        this.folder = folder;
        this.recipe = recipe;
        this.settings = settings.with(Map.of(
                "recipe", RecipeFile.write(recipe.recipe()),
                "out", folder.resolve("none.sws").toString()));
    }

    /** What was passed so far, in order. */
    List<Passing> passed() throws IOException {
        List<Passing> passed = new ArrayList<>();
        Path metrics = folder.resolve(RunFiles.METRICS);
        if (!Files.exists(metrics)) {
            return passed;
        }
        double last = Double.POSITIVE_INFINITY;
        for (String line : Files.readAllLines(metrics)) {
            Map<?, ?> values = (Map<?, ?>) Json.parse(line);
            if (!values.get("part").equals("network")
                    || !values.get("stage").equals(recipe.stage().name())) {
                continue;
            }
            int epoch = ((Number) values.get("epoch")).intValue();
            long live = ((Number) values.get("liveWeights")).longValue();
            boolean kept = keeps(epoch, live, last);
            if (kept && !Files.exists(file(epoch))) {
                break; // a kill came between the line and the state: the epoch will be done again
            }
            last = kept ? live : last;
            double error = ((Number) values.get("validationErrorPercent")).doubleValue();
            passed.add(new Passing(epoch, live, error, kept));
        }
        return passed;
    }

    /** A network with fewer live weights than classes is none. */
    private boolean keeps(int epoch, long live, double last) {
        return recipe.isSettled(epoch)
                && live <= SPACING * last
                && live >= data.train().classes();
    }

    private boolean isOver(List<Passing> passed) {
        if (passed.isEmpty()) {
            return false;
        }
        Passing last = passed.get(passed.size() - 1);
        return last.epoch() >= recipe.stage().epochs()
                || last.live() < data.train().classes();
    }

    /**
     * Goes on until an epoch is found, or time is up, or there is no more.
     *
     * @param timeUp asked after every epoch that left a state; argument: seconds that an epoch took
     * @return what was passed up to the epoch that was found, in order; all, where none was
     */
    List<Passing> until(Predicate<Passing> found, Predicate<Double> timeUp) throws IOException {
        List<Passing> passed = passed();
        for (int i = 0; i < passed.size(); i++) {
            if (found.test(passed.get(i))) {
                return passed.subList(0, i + 1);
            }
        }
        if (isOver(passed)) {
            return passed;
        }
        go(passed, found, timeUp);
        return passed();
    }

    /** Trains up to the first epoch of the stage, and until a checkpoint knows where that began. */
    void begin() throws IOException {
        Path checkpoint = folder.resolve(Compression.CHECKPOINT);
        if (!Files.exists(checkpoint) || Checkpoint.read(checkpoint).start().isEmpty()) {
            go(passed(), Passing::kept, each -> true);
        }
        if (kept(passed()).isEmpty()) {
            throw new RecipeException("stage " + recipe.stage().name()
                    + " left fewer weights than there are classes at once; lower its tauStart or sigmaZeroStart");
        }
    }

    /**
     * The first state with no more live weights than that or, where widening does not get there, the sparsest. Where it lets go of
     * far too many at once, it is done again from before that, in small steps.
     */
    Place at(long live, Predicate<Double> timeUp) throws IOException {
        return at(live, timeUp, 0);
    }

    private Place at(long live, Predicate<Double> timeUp, int depth) throws IOException {
        List<Passing> kept = kept(until(p -> p.kept() && p.live() <= live, timeUp));
        Passing before = null;
        Passing found = null;
        for (Passing passing : kept) {
            if (passing.live() > live) {
                before = passing;
            } else if (found == null) {
                found = passing;
            }
        }
        boolean between = recipe.canBeFiner() && before != null && depth < DEEPEST && live * NEAR < before.live();
        if (between && after(before).live() * FAR < live) {
            Place finer = finer(before).at(live, timeUp, depth + 1);
            return finer == null ? new Place(this, before) : finer;
        }
        if (found != null) {
            return new Place(this, found);
        }
        return kept.isEmpty() ? null : new Place(this, kept.get(kept.size() - 1));
    }

    /** The sparsest state with more live weights than that, or null. */
    Place above(long live) throws IOException {
        Passing above = null;
        for (Passing passing : kept(passed())) {
            above = passing.live() > live ? passing : above;
        }
        if (above == null) {
            return null;
        }
        Place finer = Files.isDirectory(finerFolder(above)) ? finer(above).above(live) : null;
        return finer == null ? new Place(this, above) : finer;
    }

    private Path finerFolder(Passing from) {
        return folder.resolve(String.format(Locale.ROOT, "%s%04d", FINER, from.epoch()));
    }

    /** The next state that was kept or, where none was, the end. */
    private Passing after(Passing before) throws IOException {
        List<Passing> passed = passed();
        return passed.stream()
                .filter(p -> p.epoch() > before.epoch() && p.kept())
                .findFirst()
                .orElse(passed.get(passed.size() - 1));
    }

    private Widening finer(Passing from) throws IOException {
        Path target = finerFolder(from);
        Passing to = after(from);
        Widening finer = new Widening(
                device, settings, data, listener, target, recipe.finer(from.epoch(), to.epoch(), from.live()));
        if (!Files.exists(target.resolve(Compression.CHECKPOINT))) {
            layOut(from, finer.settings, target);
        }
        return finer;
    }

    /** Those whose states lie in the folder. */
    static List<Passing> kept(List<Passing> passed) {
        return passed.stream().filter(Passing::kept).toList();
    }

    private void go(List<Passing> passed, Predicate<Passing> found, Predicate<Double> timeUp) throws IOException {
        double last = kept(passed).stream().mapToDouble(Passing::live).min().orElse(Double.POSITIVE_INFINITY);
        boolean resume = Files.exists(folder.resolve(Compression.CHECKPOINT));
        try {
            Compression.run(device, settings, data, listener, folder, resume, new Passes(found, timeUp, last));
        } catch (Control.Paused e) {
            return;
        }
        throw new IllegalStateException("widening ended in a file");
    }

    /** Looks on at the run. */
    private final class Passes implements Control {
        private final Predicate<Passing> found;
        private final Predicate<Double> timeUp;
        private final long began = System.nanoTime();
        private double last;
        private int epochs;

        Passes(Predicate<Passing> found, Predicate<Double> timeUp, double last) {
            this.found = found;
            this.timeUp = timeUp;
            this.last = last;
        }

        @Override
        public boolean measures(Stage stage) {
            return stage.equals(recipe.stage());
        }

        @Override
        public boolean endsAfter(Stage stage, int epoch, long live, double errorPercent, Control.Ahead ahead)
                throws IOException {
            if (!stage.equals(recipe.stage())) {
                return false;
            }
            boolean kept = keeps(epoch, live, last);
            if (kept) {
                write(file(epoch), ahead.checkpoint());
                last = live;
            }
            epochs++;
            Passing now = new Passing(epoch, live, errorPercent, kept);
            return found.test(now)
                    || isOver(List.of(now))
                    || kept && timeUp.test((System.nanoTime() - began) / 1e9 / epochs);
        }
    }

    private Path file(int epoch) {
        return folder.resolve(String.format(Locale.ROOT, "%s%04d.gz", STATE, epoch));
    }

    private static void write(Path file, Checkpoint checkpoint) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(checkpoint.bytes());
        }
        AtomicFile.write(file, bytes.toByteArray());
    }

    /** Where the stages of compression began: needs a first epoch of the widening, at least. */
    Checkpoint start() throws IOException {
        return Checkpoint.read(folder.resolve(Compression.CHECKPOINT));
    }

    GoalRecipe recipe() {
        return recipe;
    }

    private Path startFile() {
        return folder.resolve(RunFiles.START);
    }

    /** Lays out a folder where a run with the given settings goes on from a kept state, its record of epochs included. */
    void layOut(Passing from, Settings of, Path target) throws IOException {
        Checkpoint start = start();
        Checkpoint state;
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file(from.epoch())))) {
            state = Checkpoint.read(in.readAllBytes(), file(from.epoch()));
        }
        Files.createDirectories(target);
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(RunFiles.METRICS))) {
            lines.add(line);
            Map<?, ?> values = (Map<?, ?>) Json.parse(line);
            if (values.get("part").equals("network")
                    && values.get("stage").equals(recipe.stage().name())
                    && ((Number) values.get("epoch")).intValue() == from.epoch()) {
                break;
            }
        }
        Files.write(target.resolve(RunFiles.METRICS), lines);
        Files.copy(startFile(), target.resolve(RunFiles.START), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(target.resolve(RunFiles.RECIPE), of.get("recipe"));
        state.with(of, start.teacher(), start.start()).write(target.resolve(Compression.CHECKPOINT));
    }

    /** Frees the room that states take; nothing goes on from here any more. */
    void dropStates() throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.list(folder)) {
            all = files.toList();
        }
        for (Path file : all) {
            String name = file.getFileName().toString();
            if (name.startsWith(STATE)) {
                Files.delete(file);
            } else if (name.startsWith(FINER)) {
                Folders.delete(file);
            }
        }
    }
}
