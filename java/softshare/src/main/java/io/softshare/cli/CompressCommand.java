package io.softshare.cli;

import io.softshare.container.SwsFile;
import io.softshare.data.Augmentation;
import io.softshare.data.Cache;
import io.softshare.data.DataSet;
import io.softshare.data.DataSources;
import io.softshare.device.Device;
import io.softshare.graph.models.Models;
import io.softshare.json.Json;
import io.softshare.pipeline.Compression;
import io.softshare.pipeline.Folders;
import io.softshare.pipeline.Goal;
import io.softshare.pipeline.GoalRun;
import io.softshare.pipeline.ModelSource;
import io.softshare.pipeline.Recipe;
import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.Recipes;
import io.softshare.pipeline.RunResult;
import io.softshare.pipeline.Settings;
import io.softshare.report.Report;
import io.softshare.train.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The whole way: data to a .sws file. */
@Command(
        name = "compress",
        mixinStandardHelpOptions = true,
        description = "Trains (or reads) a network, retrains it under the mixture prior and writes a .sws file.")
class CompressCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            paramLabel = "NAME|FILE.onnx",
            description = "lenet-300-100, lenet-5, wrn-16-4, or a trained network: its weights are the start.")
    String model;

    @Option(names = "--weights", paramLabel = "FILE", description = "Start from these weights (.safetensors).")
    Path weights;

    @Option(
            names = "--teacher",
            paramLabel = "MODEL|FILE|self|none",
            description =
                    "Who teaches: a model trained in the run, a .sws or .safetensors, the dense network itself, or"
                            + " nobody (default: the recipe's).")
    private String teacher;

    @Option(names = "--data", paramLabel = "mnist|cifar10|DIR", description = "Training and test images.")
    String data;

    @Option(names = "--augment", paramLabel = "none|shift|flip-crop", defaultValue = "none")
    private String augment;

    @Option(
            names = "--validation",
            paramLabel = "part|none",
            defaultValue = "part",
            description = "none: train on all images.")
    String validation;

    @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "How (default: the model's own, else generic).")
    String recipe;

    @Option(names = "--batch", paramLabel = "N", description = "Images in a step.")
    private Integer batch;

    @Option(names = "--components", paramLabel = "J", description = "Components of the prior beside the zero one.")
    private Integer components;

    @Option(names = "--shared-values", paramLabel = "K", description = "Shared values that weights end on, zero aside.")
    private Integer sharedValues;

    @Option(
            names = "--target-non-zero",
            paramLabel = "N",
            description =
                    "Weights to leave in the end: where a recipe regrows, there, and widening stops at as many in proportion as"
                            + " the recipe says; else where widening (or pruning) stops.")
    private Long targetNonZero;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Any setting of the recipe (--print-recipe shows them): batch=64, prior.components=8,"
                    + " STAGE.tauEnd=0.2. Repeatable.")
    Map<String, String> changes = new LinkedHashMap<>();

    @Option(names = "--print-recipe", description = "Write the recipe in force and stop.")
    boolean printRecipe;

    @Mixin
    private MethodOptions method;

    @Option(
            names = "--canonical-order",
            description = "Hidden units may be stored in another order than they were trained in: a smaller file.")
    private boolean canonicalOrder;

    @Option(names = "--kernels", paramLabel = "fused|unfused", defaultValue = "fused")
    private String kernels;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1")
    long seed;

    @Option(names = "--out", paramLabel = "FILE", description = "The file to write.")
    Path out;

    @Option(
            names = "--run",
            paramLabel = "DIR",
            description = "Keep the run's records here (default: OUT.run, removed).")
    Path run;

    @Option(
            names = "--resume",
            description = "Go on with the run in --run, or in OUT.run, with its options; all but --out and what is only"
                    + " about the file (--codec, --rate-distortion, --canonical-order) must be as they were.")
    boolean resume;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Also make the run's report, one HTML file (see `softshare report`).")
    private Path report;

    @Option(names = "--json", description = "The result as one JSON object on stdout.")
    boolean json;

    @Mixin
    private PreprocessingOptions preprocessing;

    @Mixin
    private GoalOptions goals;

    @Mixin
    DeviceOptions device;

    @Spec
    private CommandSpec commandSpec;

    /** What recipe options change, if neither {@code --recipe} nor {@code --method} names one: that of the run that goes on, or null. */
    private Recipe base;

    /** What the run is for: {@code compress} or {@code train}. */
    String goal() {
        return "compress";
    }

    /** The command's name. */
    String command() {
        return "compress";
    }

    /** Whether a run goes on, or only its recipe is asked for: its checkpoint knows the weights. */
    boolean resumes() {
        return resume || printRecipe;
    }

    @Override
    public Integer call() throws IOException {
        if (printRecipe) {
            System.out.print(RecipeFile.write(recipe()));
            return 0;
        }
        if (report != null && goal().equals("train")) {
            throw new UsageException("--report is about a compressed file, train writes none; use it with compress");
        }
        if (out == null && run == null) {
            throw outMissing();
        }
        Path folder = run != null ? run : Path.of(out + ".run");
        Settings kept = resume ? interrupted(folder) : null;
        if (resume && kept == null && model == null) {
            throw new io.softshare.pipeline.RecipeException(
                    "no checkpoint is in " + folder + "; start without --resume, with all options");
        }
        // A run that was killed before its first checkpoint begins again.
        Settings settings = kept == null ? settings(out) : resumed(kept, folder);
        Path target = Path.of(settings.get("out"));
        checkWritable("--out", target);
        if (report != null) {
            checkWritable("--report", report);
        }
        DataSet set = DataSources.open(settings.get("data"), Cache.standard(), Console::progress);
        Compression.Result result;
        GoalRun.Outcome outcome = null;
        String kind;
        try (Device opened = DeviceOptions.open(
                        settings.get("device"), (int) settings.number("threads"), settings.get("precision"));
                Console console = new Console()) {
            kind = opened.kind();
            if (Goal.of(settings) == null) {
                result = Compression.run(opened, settings, set, console, folder, kept != null);
            } else {
                outcome = GoalRun.run(opened, settings, set, console, folder, kept != null);
                result = outcome.result();
            }
        }
        Map<String, Object> values = report(result, settings, kind);
        if (outcome != null) {
            System.err.print(GoalReport.table(outcome));
            values.put("goal", GoalReport.values(outcome));
        }
        if (json) {
            System.out.println(Json.write(values));
        }
        RunResult.keep(folder, values);
        if (report != null) {
            Report.write(folder, report);
            System.err.println(report + ": the report; open it in a browser");
        }
        if (run == null) {
            Folders.delete(folder);
        }
        if (outcome != null && !outcome.met()) {
            throw GoalReport.missed(outcome, settings.get("out"));
        }
        return 0;
    }

    /** What the run in the folder goes on with; see {@link Resumption}. */
    private Settings resumed(Settings kept, Path folder) throws IOException {
        if (!goal().equals(kept.get("goal"))) {
            throw new UsageException("the run in " + folder + " was begun by " + kept.get("goal") + ", this is "
                    + goal() + "; resume it by that, or choose another folder");
        }
        model = model != null ? model : kept.get("model");
        data = data != null ? data : kept.get("data");
        goals.resume(kept);
        if (method.recipe(recipe) == null) {
            base = RecipeFile.read(kept.get("recipe"), "recipe");
        }
        Settings given = settings(out != null ? out : Path.of(kept.get("out")));
        return Resumption.of(commandSpec, kept, given, folder);
    }

    private static Settings interrupted(Path folder) throws IOException {
        Settings towardsGoal = GoalRun.interrupted(folder);
        return towardsGoal != null ? towardsGoal : Compression.interrupted(folder);
    }

    final Recipe recipe() {
        if (model == null && method.recipe(recipe) == null) {
            throw new UsageException("--model is missing; expected " + ModelSource.expected());
        }
        Recipe named = base != null ? base : Recipes.find(method.recipe(recipe), model, data == null ? "mnist" : data);
        Recipe found = changed(named);
        if (goal().equals("train")) {
            found = found.withTeacher("none")
                    .withStages(found.stages().stream()
                            .filter(s -> s.kind() == Stage.Kind.PLAIN)
                            .toList());
        }
        return teacher == null ? found : found.withTeacher(teacher);
    }

    /** The recipe with the options that change it; --set has the last word. */
    private Recipe changed(Recipe found) {
        Map<String, String> all = new LinkedHashMap<>();
        if (batch != null) {
            all.put("batch", String.valueOf(batch));
        }
        if (components != null) {
            all.put("prior.components", String.valueOf(components));
        }
        for (Stage stage : found.stages()) {
            boolean shares = stage.kind() == Stage.Kind.SOFTEN || stage.kind() == Stage.Kind.HARD;
            if (sharedValues != null && shares) {
                all.put(stage.name() + ".components", String.valueOf(sharedValues));
            }
        }
        if (targetNonZero != null) {
            all.putAll(targets(found.stages()));
        }
        all.putAll(changes);
        return RecipeFile.with(found, all);
    }

    /** What --target-non-zero makes of the stages' own numbers. */
    private Map<String, String> targets(List<Stage> stages) {
        long end = stages.stream()
                .filter(s -> s.kind() == Stage.Kind.REGROW && s.epochs() > 0)
                .mapToLong(Stage::targetNonZero)
                .reduce(0, (before, last) -> last);
        Map<String, String> changes = new LinkedHashMap<>();
        for (Stage stage : stages) {
            if (leavesFewer(stage)) {
                double more = end > 0 && stage.targetNonZero() > 0 ? (double) stage.targetNonZero() / end : 1;
                changes.put(stage.name() + ".targetNonZero", String.valueOf(Math.round(more * targetNonZero)));
            }
        }
        return changes;
    }

    private static boolean leavesFewer(Stage stage) {
        return stage.kind() == Stage.Kind.PRIOR
                || stage.kind() == Stage.Kind.SURGERY
                || stage.kind() == Stage.Kind.REGROW && stage.epochs() > 0
                || stage.kind() == Stage.Kind.PRUNE && stage.rounds() > 0;
    }

    private static UsageException outMissing() {
        return new UsageException("--out is missing; say where the .sws file goes");
    }

    /** What the options ask for; target: the file to write. */
    final Settings settings(Path target) throws IOException {
        if (model == null) {
            throw new UsageException("--model is missing; expected " + ModelSource.expected());
        }
        boolean onnx = ModelSource.isOnnx(model);
        if (!onnx && !Models.names().contains(model)) {
            throw new UsageException("no network is called " + model + "; expected " + ModelSource.expected());
        }
        if (onnx && !Files.isRegularFile(Path.of(model))) {
            throw new io.softshare.pipeline.RecipeException(model + " does not exist or is no file; check the path");
        }
        if (data == null) {
            throw new UsageException("--data is missing; expected mnist, cifar10 or a folder");
        }
        if (target == null) {
            throw outMissing();
        }
        oneOf("--kernels", kernels, "fused", "unfused");
        oneOf("--validation", validation, "part", "none");
        Augmentation.parse(augment);
        Map<String, String> values = new LinkedHashMap<>();
        values.put("goal", goal());
        values.put("model", model);
        if (onnx) {
            values.put("modelSha256", ModelSource.digest(Path.of(model)));
        }
        preprocessing.into(values);
        if (weights != null) {
            values.put("weights", weights.toString());
        }
        values.put("data", data);
        values.put("augment", augment);
        values.put("validation", String.valueOf(validation.equals("part")));
        values.put("recipe", RecipeFile.write(recipe()));
        values.put("codec", method.codec());
        values.put("rateDistortion", method.rateDistortion());
        values.put("canonicalOrder", String.valueOf(canonicalOrder));
        values.put("kernels", kernels);
        values.put("seed", String.valueOf(seed));
        values.put("device", device.device);
        values.put("threads", String.valueOf(device.threads()));
        values.put("precision", device.precision);
        goals.into(values, command(), validation.equals("part"));
        values.put("out", target.toString());
        return new Settings(values);
    }

    static void oneOf(String option, String value, String... expected) {
        if (!java.util.List.of(expected).contains(value)) {
            throw new UsageException(option + " is " + value + ", expected " + String.join(" or ", expected));
        }
    }

    /** Finds out before hours of training whether the file can be written. */
    static void checkWritable(String option, Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file)) {
            throw new io.softshare.pipeline.RecipeException(file + " is a folder; " + option + " names a file");
        }
        if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new io.softshare.pipeline.RecipeException(file + " cannot be written: " + folder
                    + " is no folder one may write to; choose another " + option);
        }
    }

    /** One line for people, and the result by name. */
    private static Map<String, Object> report(Compression.Result result, Settings settings, String device) {
        if (settings.get("goal").equals("train")) {
            return reportTraining(result, settings, device);
        }
        SwsFile file = result.file();
        Map<String, Object> values = RunResult.values(result, settings, device);
        System.err.print(ResultTable.of(file, settings.get("data"), result));
        System.err.println(String.format(
                Locale.ROOT,
                "%s: %,d bytes, %.1f times smaller; test error %.2f %% (dense %.2f %%: %s); %.2f %% of the weights; %.0f s",
                settings.get("out"),
                file.bytes(),
                file.compressionRatio(),
                result.testErrorPercent(),
                result.pretrainedErrorPercent(),
                change(result.testErrorPercent() - result.pretrainedErrorPercent()),
                (double) values.get("nonZeroPercent"),
                result.seconds()));
        return values;
    }

    private static Map<String, Object> reportTraining(Compression.Result result, Settings settings, String device) {
        System.err.println(String.format(
                Locale.ROOT,
                "%s: test error %.2f %%; %.0f s",
                settings.get("out"),
                result.testErrorPercent(),
                result.seconds()));
        return RunResult.ofTraining(result, settings, device);
    }

    private static String change(double points) {
        return points > 0.005
                ? String.format(Locale.ROOT, "the error rose by %.2f points", points)
                : String.format(Locale.ROOT, "no rise, %.2f points", points);
    }
}
