package io.softshare.pipeline;

import io.softshare.container.AtomicFile;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.data.DataSet;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.json.Json;
import io.softshare.network.Arena;
import io.softshare.train.Evaluator;
import io.softshare.train.TrainingException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Compresses towards a {@link Goal}. One run trains the network and widens the zero component, further and further; at densities that
 * {@link NextDensity} picks by what came before, the stages that follow (recovery to hard) go on from a copy of its state
 * and end in a file. What is left of the goal goes into the last reductions: rate–distortion and coarser numbers may cost up to the limit
 * of error, or go on until the file is small enough. The best file by the validation images is kept.
 *
 * <p>Everything is decided by what lies in the run's folder, so that a run that was killed ends with the same bytes. A time
 * budget is the exception: where it cuts depends on the clock.
 */
public final class GoalRun {
    private static final String WIDENING = "widening";
    private static final String TRIES = "tries";
    private static final String OUT = "out.sws";

    /** So many states in a row whose error is above the limit are no chance. */
    private static final int RISEN = 3;

    /** A file that is larger than it may be by less than this factor is made to fit at once. */
    private static final double NEARLY = 1.15;

    /** Of the budget, what a run of all stages may be planned to take: the rest is for being wrong about it. */
    private static final double PLANNED = 0.8;

    private final Device device;
    private final Settings settings;
    private final DataSet set;
    private final RunListener listener;
    private final Path run;
    private final Goal goal;
    private final long began = System.nanoTime();
    private double secondsBefore;
    private double scale = 1;
    private boolean ended;
    private final List<Attempt> attempts = new ArrayList<>();
    private GoalRecipe recipe;
    private Widening widening;
    private Goal.Bounds bounds;
    private double startErrorPercent;
    private boolean late;

    /**
     * What came out.
     *
     * @param result of the attempt whose file was kept
     * @param startErrorPercent the dense network's error on the validation images
     * @param cut whether the time budget ended it
     */
    public record Outcome(
            Compression.Result result,
            Goal goal,
            boolean met,
            double startErrorPercent,
            Attempt chosen,
            List<Attempt> attempts,
            boolean cut) {}

    private GoalRun(Device device, Settings settings, DataSet set, RunListener listener, Path run) {
        this.device = device;
        this.settings = settings;
        this.set = set;
        this.listener = listener;
        this.run = run;
        goal = Goal.of(settings);
    }

    /** Settings of the run with a goal that a folder holds, or null. */
    public static Settings interrupted(Path run) throws IOException {
        Path file = run.resolve(RunFiles.GOAL);
        if (!Files.exists(file)) {
            return null;
        }
        Map<String, String> values = new LinkedHashMap<>();
        ((Map<?, ?>) ((Map<?, ?>) Json.parse(Files.readString(file))).get("settings"))
                .forEach((key, value) -> values.put((String) key, (String) value));
        return new Settings(values);
    }

    /** Starts a run, or goes on with the one in the folder. Writes the file named by the setting {@code out}, whether it meets the goal or not. */
    public static Outcome run(
            Device device, Settings settings, DataSet set, RunListener listener, Path run, boolean resume)
            throws IOException {
        GoalRun goalRun = new GoalRun(device, settings, set, listener, run);
        Files.createDirectories(run);
        if (resume) {
            goalRun.restore();
        } else {
            for (String old : List.of(Compression.CHECKPOINT, RunFiles.END, RunFiles.RESULT, RunFiles.TRIALS)) {
                Files.deleteIfExists(run.resolve(old));
            }
            Folders.delete(run.resolve(WIDENING));
            Folders.delete(run.resolve(TRIES));
            goalRun.save();
        }
        return goalRun.whole();
    }

    private void restore() throws IOException {
        Map<?, ?> kept = (Map<?, ?>) Json.parse(Files.readString(run.resolve(RunFiles.GOAL)));
        secondsBefore = ((Number) kept.get("seconds")).doubleValue();
        scale = ((Number) kept.get("epochScale")).doubleValue();
        ended = (Boolean) kept.get("ended");
        late = (Boolean) kept.get("cutByTime");
        ((List<?>) kept.get("tries")).forEach(values -> attempts.add(Attempt.of((Map<?, ?>) values)));
    }

    private void save() throws IOException {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("settings", settings.values());
        values.put("seconds", seconds());
        values.put("epochScale", scale);
        values.put("ended", ended);
        values.put("cutByTime", late);
        values.put("tries", attempts.stream().map(Attempt::json).toList());
        AtomicFile.write(run.resolve(RunFiles.GOAL), (Json.write(values) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private double seconds() {
        return secondsBefore + (System.nanoTime() - began) / 1e9;
    }

    /** NaN: no budget. */
    private double secondsLeft() {
        return 60 * goal.timeBudgetMinutes() - seconds();
    }

    private Outcome whole() throws IOException {
        if (set.split(true).validation().count() == 0) {
            throw new RecipeException(
                    "no class has two training images, so none can be set aside for validation; give more data");
        }
        Graph graph = ModelSource.of(settings, set).graph();
        Recipe given = RecipeFile.read(settings.get("recipe"), "recipe");
        steer(given);
        Checkpoint start;
        try {
            start = towards(graph);
        } catch (TooLong e) {
            // With weights of its own, a network passes its second epoch only in the search.
            shorten(given, e.scale);
            start = towards(graph);
        }
        widening.dropStates();
        return keep(start);
    }

    /** All attempts that are not made yet; returns where the stages of compression began. */
    private Checkpoint towards(Graph graph) throws IOException {
        if (!ended) {
            widening.begin();
        }
        Checkpoint start = widening.start();
        startErrorPercent = error(graph, start.start());
        bounds = goal.bounds(startErrorPercent, 4 * graph.parameterCount());
        if (!ended) {
            listener.message(String.format(
                    Locale.ROOT,
                    "the goal: %s (validation error of the dense network %.2f %%)",
                    goal,
                    startErrorPercent));
            search();
            ended = true;
            save();
        }
        return start;
    }

    private void steer(Recipe given) {
        recipe = GoalRecipe.of(given, scale);
        RunListener first = new Announced("");
        widening = new Widening(device, settings, set, first, run.resolve(WIDENING), recipe);
    }

    private void shorten(Recipe given, double to) throws IOException {
        listener.message(String.format(
                Locale.ROOT,
                "for the time there is, every stage gets %.0f %% of its epochs; beginning again",
                100 * to));
        scale = to;
        Folders.delete(run.resolve(WIDENING));
        Folders.delete(run.resolve(TRIES));
        save();
        steer(given);
    }

    private double error(Graph graph, Map<String, float[]> tensors) {
        try (Arena arena = new Arena(device, graph, false)) {
            arena.write(tensors);
            try (Evaluator evaluator =
                    new Evaluator(device, graph, arena, set.split(true).validation())) {
                return evaluator.score().errorPercent();
            }
        }
    }

    private void search() throws IOException {
        try {
            for (Next next = next(); next != null && !tooLate(); next = next()) {
                Attempt attempt = attempt(attempts.size() + 1, next);
                attempts.add(attempt);
                save();
                Files.deleteIfExists(folder(attempt.number()).resolve(Compression.CHECKPOINT));
                tell(attempt);
            }
        } catch (OutOfTime e) {
            late = true;
        }
        if (late) {
            listener.message("the time is up");
        }
    }

    /** Whether another attempt would end after the time is up; the first one is made in any case. */
    private boolean tooLate() {
        double longest = attempts.stream().mapToDouble(Attempt::seconds).max().orElse(Double.NEGATIVE_INFINITY);
        late = secondsLeft() < longest; // false for NaN
        return late;
    }

    /** Where an attempt goes on from; squeezed: its file has to become small enough without more training. */
    private record Next(Widening.Place place, boolean squeezed) {}

    /** The next attempt, or null if there is none worth its time. */
    private Next next() throws IOException {
        if (attempts.isEmpty()) {
            Widening.Place first =
                    goal.isError() ? firstForError() : widening.at(NextDensity.firstForBytes(bounds), timeUp());
            return new Next(first, false);
        }
        long wanted = goal.isError() ? NextDensity.forError(attempts, bounds) : NextDensity.forBytes(attempts, bounds);
        if (wanted == NextDensity.NONE) {
            return null;
        }
        Next found = new Next(widening.at(wanted, timeUp()), false);
        if (!tried(found)) {
            return found;
        }
        return goal.isRatio() ? acrossGap() : null;
    }

    private boolean tried(Next next) {
        return attempts.stream().anyMatch(a -> a.liveWeights() == next.place.live() && a.squeezed() == next.squeezed);
    }

    /**
     * No state lies where the size would be right: the next denser one, and if that comes out too large, the same made smaller by
     * rate–distortion.
     */
    private Next acrossGap() throws IOException {
        Attempt met = attempts.stream()
                .filter(a -> bounds.met(a) && !a.squeezed())
                .max(Comparator.comparingLong(Attempt::liveWeights))
                .orElse(null);
        if (met != null && met.fileBytes() > bounds.maxBytes() / 2) {
            return null;
        }
        Widening.Place denser = widening.above(met == null ? 0 : met.liveWeights());
        if (denser == null) {
            return null;
        }
        for (boolean squeezed : new boolean[] {false, true}) {
            Next next = new Next(denser, squeezed);
            if (!tried(next)) {
                return next;
            }
        }
        return null;
    }

    /** The sparsest state before the error rises beyond the limit for good: recovery will take some of the rise back. */
    private Widening.Place firstForError() throws IOException {
        int[] above = {0};
        Predicate<Widening.Passing> risen = p -> {
            if (p.kept()) {
                above[0] = p.errorPercent() > bounds.maxErrorPercent() ? above[0] + 1 : 0;
            }
            return above[0] == RISEN;
        };
        List<Widening.Passing> kept = Widening.kept(widening.until(risen, timeUp()));
        List<Widening.Passing> good = kept.stream()
                .filter(p -> p.errorPercent() <= bounds.maxErrorPercent())
                .toList();
        return new Widening.Place(widening, good.isEmpty() ? kept.get(0) : good.get(good.size() - 1));
    }

    /** Whether widening must end to leave time for an attempt. */
    private Predicate<Double> timeUp() {
        return secondsAnEpoch -> secondsLeft() < 1.1 * recipe.epochsAfter() * secondsAnEpoch;
    }

    private Path folder(int number) {
        return run.resolve(TRIES).resolve(String.format(Locale.ROOT, "%02d", number));
    }

    private Attempt attempt(int number, Next next) throws IOException {
        Widening.Place from = next.place;
        Path folder = folder(number);
        Path out = folder.resolve(OUT);
        Settings own = settings.with(Map.of(
                "recipe",
                RecipeFile.write(from.widening()
                        .recipe()
                        .leavingAt(from.live(), from.passing().epoch())),
                "out",
                out.toString()));
        long first = System.nanoTime();
        if (!Files.exists(folder.resolve(Compression.CHECKPOINT))) {
            from.widening().layOut(from.passing(), own, folder);
        }
        listener.message(String.format(
                Locale.ROOT,
                "try %d: from %,d live weights, epoch %d of %s",
                number,
                from.live(),
                from.passing().epoch(),
                from.widening().recipe().stage().name()));
        Control control = new Control() {
            @Override
            public Finishing.Allowance allowance() {
                return new Finishing.Allowance(
                        bounds.maxErrorPercent(), bounds.maxBytes(), next.squeezed ? Double.POSITIVE_INFINITY : NEARLY);
            }
        };
        try {
            Compression.Result result =
                    Compression.run(device, own, set, new Announced("try " + number + ", "), folder, true, control);
            return new Attempt(
                    number,
                    from.live(),
                    next.squeezed,
                    DecodedFile.errorPercent(
                            device, result.file(), set.split(true).validation()),
                    result.file().bytes(),
                    (System.nanoTime() - first) / 1e9,
                    result.finishing(),
                    result.reordered());
        } catch (TrainingException e) {
            listener.message("try " + number + " came to nothing: " + e.getMessage());
            return new Attempt(
                    number, from.live(), next.squeezed, 100, 0, (System.nanoTime() - first) / 1e9, List.of(), false);
        }
    }

    private void tell(Attempt attempt) {
        if (!attempt.failed()) {
            listener.message(String.format(
                    Locale.ROOT,
                    "try %d: %,d bytes, validation error %.2f %% (%+.2f points): %s the goal",
                    attempt.number(),
                    attempt.fileBytes(),
                    attempt.validationErrorPercent(),
                    attempt.validationErrorPercent() - startErrorPercent,
                    bounds.met(attempt) ? "meets" : "misses"));
        }
    }

    /** Brings the best attempt's file and record to their places. */
    private Outcome keep(Checkpoint start) throws IOException {
        Attempt best = bounds.best(attempts);
        if (best == null) {
            throw new TrainingException(
                    "no try came to a file; start anew with other settings (--print-recipe, --set)");
        }
        Path folder = folder(best.number());
        Path out = Path.of(settings.get("out"));
        AtomicFile.write(out, Files.readAllBytes(folder.resolve(OUT)));
        for (String name : List.of(RunFiles.RECIPE, RunFiles.METRICS, RunFiles.START, RunFiles.MODEL, RunFiles.END)) {
            if (Files.exists(folder.resolve(name))) {
                Files.copy(folder.resolve(name), run.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        settings.keep(run);
        TriedFiles.write(
                run,
                attempts.stream()
                        .filter(a -> !a.failed())
                        .map(a -> new TriedFiles.TriedFile(a.number(), a.validationErrorPercent(), a.fileBytes()))
                        .toList(),
                best.number());
        SwsFile file = SwsReader.read(
                out, DecodedFile.limits(ModelSource.of(settings, set).graph()));
        Compression.Result result = new Compression.Result(
                file,
                start.pretrainedErrorPercent(),
                DecodedFile.errorPercent(device, file, set.test()),
                seconds(),
                best.finishing(),
                best.reordered());
        return new Outcome(result, goal, bounds.met(best), startErrorPercent, best, List.copyOf(attempts), late);
    }

    /** All stages together would take too long for the budget. */
    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1L;
        final double scale;

        TooLong(double scale) {
            super("too long", null, false, false);
            this.scale = scale;
        }
    }

    /** The budget is used up, and there is a file. */
    private static final class OutOfTime extends RuntimeException {
        private static final long serialVersionUID = 1L;

        OutOfTime() {
            super("out of time", null, false, false);
        }
    }

    /** Passes on what a run says, with the attempt's name in front, and watches the clock. */
    private final class Announced implements RunListener {
        private final String prefix;
        private int epochs;

        Announced(String prefix) {
            this.prefix = prefix;
        }

        @Override
        public void message(String line) {
            listener.message(prefix.isEmpty() ? line : prefix.replace(", ", ": ") + line);
        }

        @Override
        public void epoch(Figures f) {
            listener.epoch(f.named(prefix + f.stage()));
            epochs++;
            if (!attempts.isEmpty() && secondsLeft() < 0) {
                throw new OutOfTime();
            }
            if (scale == 1 && f.done() == 2) {
                plan(f);
            }
        }

        /** After two epochs (the first tells little) of the whole run. */
        private void plan(Figures f) {
            int unused = recipe.stage().epochs() - recipe.epochsAsWritten();
            double share = 1 - (double) unused / Math.max(1, f.total() - f.done());
            double needed = f.secondsLeft() * Math.max(0, share);
            double planned = PLANNED * secondsLeft();
            if (planned < needed) {
                throw new TooLong(Math.max(0.01, planned / needed));
            }
        }
    }
}
