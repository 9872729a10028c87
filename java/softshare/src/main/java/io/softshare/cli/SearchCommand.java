package io.softshare.cli;

import io.softshare.container.SwsReader;
import io.softshare.data.Cache;
import io.softshare.data.DataSet;
import io.softshare.data.DataSources;
import io.softshare.device.Device;
import io.softshare.json.Json;
import io.softshare.pipeline.DecodedFile;
import io.softshare.pipeline.Recipe;
import io.softshare.pipeline.Settings;
import io.softshare.search.Definition;
import io.softshare.search.Front;
import io.softshare.search.Search;
import io.softshare.search.SearchException;
import io.softshare.search.Space;
import io.softshare.search.SpaceDefaults;
import io.softshare.search.Store;
import io.softshare.search.Trial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** Settings of a recipe by search. It takes compress's options: they say what a trial is. */
@Command(
        name = "search",
        mixinStandardHelpOptions = true,
        description =
                "Searches settings of the recipe that make the smallest .sws within a limit of validation error. Takes what"
                        + " compress takes; --out, if given, becomes a copy of the best file.")
final class SearchCommand extends CompressCommand {
    /** Options that are no part of what is searched: another process may give others. */
    private static final Set<String> FREE = Set.of("--run", "--resume", "--trials", "--json", "--out", "--stacktrace");
    /** Options that compress does not know. */
    private static final Set<String> OWN = Set.of("--space", "--max-error", "--strategy", "--early-stop");

    @Option(
            names = "--max-error",
            paramLabel = "PERCENT",
            description = "Limit of the validation error of the decoded file.")
    private Double maxError;

    @Option(
            names = "--trials",
            paramLabel = "N",
            defaultValue = "60",
            description = "Trials in all, those already in --run counted (default: ${DEFAULT-VALUE}).")
    private int trials;

    @Option(
            names = "--space",
            paramLabel = "FILE",
            description = "What varies, and where (default: by the recipe's stages; see --print-space).")
    private Path space;

    @Option(names = "--print-space", description = "Write the search space in force and stop.")
    private boolean printSpace;

    @Option(
            names = "--strategy",
            paramLabel = "bayes|random",
            defaultValue = "bayes",
            description = "Bayesian optimisation, or uniform points.")
    private String strategy;

    @Option(
            names = "--early-stop",
            paramLabel = "on|off",
            defaultValue = "on",
            description = "Give up trials that cannot keep to the limit by the learning curves of finished ones.")
    private String earlyStop;

    @CommandLine.Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (printRecipe) {
            return super.call();
        }
        if (printSpace) {
            System.out.print(space(recipe()).write());
            return 0;
        }
        if (run == null) {
            throw new UsageException("--run is missing; say which folder keeps the trials");
        }
        if (trials < 1 || trials > 100_000) {
            throw new UsageException("--trials is " + trials + ", expected 1 to 100000");
        }
        if (out != null) {
            checkWritable("--out", out);
        }
        if (!resume && Store.exists(run)) {
            throw new SearchException(
                    run + " holds a search already; go on with it by --resume, or choose another --run");
        }
        long began = System.nanoTime();
        try (Store store = resume ? Store.open(run) : create()) {
            Definition definition = Definition.read(store.definition());
            if (resume) {
                refuseChanges(definition);
            }
            Settings settings = definition.base();
            DataSet set = DataSources.open(settings.get("data"), Cache.standard(), Console::progress);
            try (Device opened = DeviceOptions.open(
                    settings.get("device"), (int) settings.number("threads"), settings.get("precision"))) {
                SearchConsole console = new SearchConsole(definition.maxErrorPercent(), trials);
                Search.run(definition, store, run, opened, set, trials, console);
                return report(definition, store.trials(), opened, set, (System.nanoTime() - began) / 1e9);
            }
        }
    }

    @Override
    String command() {
        return "search";
    }

    private Space space(Recipe recipe) throws IOException {
        if (space == null) {
            // What --set fixes is fixed.
            return new Space(SpaceDefaults.of(recipe).settings().stream()
                    .filter(s ->
                            !changes.containsKey(s.key()) && s.also().stream().noneMatch(changes::containsKey))
                    .toList());
        }
        Space found = Space.read(Files.readString(space), space.toString());
        for (String key : found.keys()) {
            if (changes.containsKey(key)) {
                throw new UsageException(key + " is in " + space + " and in --set; leave one");
            }
        }
        return found;
    }

    private Store create() throws IOException {
        if (maxError == null) {
            throw new UsageException(
                    "--max-error is missing; say how many per cent of the validation images may be wrong");
        }
        if (!(maxError > 0 && maxError < 100)) {
            throw new UsageException("--max-error is " + maxError + ", expected more than 0 and less than 100");
        }
        oneOf("--strategy", strategy, "bayes", "random");
        oneOf("--early-stop", earlyStop, "on", "off");
        if (validation.equals("none")) {
            throw new UsageException("--validation is none, but trials are judged by validation images; leave it out");
        }
        Map<String, String> base =
                new LinkedHashMap<>(settings(Path.of("trial.sws")).values());
        base.remove("out");
        Definition definition = new Definition(
                new Settings(base),
                space(recipe()),
                maxError,
                Definition.Kind.valueOf(strategy.toUpperCase(Locale.ROOT)),
                earlyStop.equals("on"),
                Json.write(arguments()));
        Files.createDirectories(run);
        return Store.create(run, definition.write());
    }

    /** What the command line said, an option and its values each; seed and threads always, since files depend on them. */
    private Map<String, Object> arguments() {
        Map<String, Object> found = given();
        found.putIfAbsent("--seed", List.of(String.valueOf(seed)));
        found.putIfAbsent("--threads", List.of(String.valueOf(device.threads())));
        return found;
    }

    private Map<String, Object> given() {
        Map<String, Object> found = new LinkedHashMap<>();
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (!FREE.contains(option.longestName())) {
                boolean flag = option.arity().max() == 0;
                found.put(option.longestName(), flag ? List.of() : List.copyOf(option.originalStringValues()));
            }
        }
        return found;
    }

    private void refuseChanges(Definition definition) {
        Map<?, ?> began = (Map<?, ?>) Json.parse(definition.arguments());
        given().forEach((name, values) -> {
            if (!values.equals(began.get(name))) {
                throw new UsageException(
                        name + " is " + String.join(" ", strings(values)) + ", but the search in " + run
                                + " began "
                                + (began.containsKey(name)
                                        ? "with " + String.join(" ", strings(began.get(name)))
                                        : "without it")
                                + "; --resume takes all options from there");
            }
        });
    }

    private static List<String> strings(Object values) {
        return ((List<?>) values).stream().map(String.class::cast).toList();
    }

    private int report(Definition definition, List<Trial> all, Device opened, DataSet set, double seconds)
            throws IOException {
        Trial best = Front.best(all, definition.maxErrorPercent());
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model", definition.base().get("model"));
        values.put("data", definition.base().get("data"));
        values.put("maxErrorPercent", definition.maxErrorPercent());
        values.put("strategy", definition.strategy().name().toLowerCase(Locale.ROOT));
        values.put("seed", definition.seed());
        for (Trial.State state : Trial.State.values()) {
            if (state.ended()) {
                long count = all.stream().filter(t -> t.state() == state).count();
                values.put(state.name().toLowerCase(Locale.ROOT), count);
            }
        }
        List<Trial> front = Front.of(all);
        values.put("front", front.stream().map(SearchCommand::described).toList());
        values.put("best", best == null ? null : described(best));
        table(front, definition.maxErrorPercent());
        String command = best == null ? null : command(definition, best);
        if (best != null) {
            Path file = Search.file(run, best);
            // Looked at once, for the trial that was chosen without it.
            double test = DecodedFile.errorPercent(opened, SwsReader.read(file), set.test());
            values.put("testErrorPercent", Math.round(test * 1e4) / 1e4);
            System.err.println(String.format(
                    Locale.ROOT,
                    "best: trial %d, %,d bytes, validation error %.2f %%, test error %.2f %%: %s",
                    best.number(),
                    best.bytes(),
                    best.errorPercent(),
                    test,
                    file));
            if (out != null) {
                Files.copy(file, out, StandardCopyOption.REPLACE_EXISTING);
            }
            if (Search.keepTrials(run, all, best)) {
                System.err.println("its report: softshare report "
                        + quoted(Search.records(run, best).toString()) + " --out report.html");
            }
            System.err.println("the same again:");
            System.err.println(command);
        }
        values.put("command", command);
        values.put("seconds", Math.round(seconds * 10) / 10.0);
        if (json) {
            System.out.println(Json.write(values));
        }
        if (best == null) {
            Trial nearest = front.isEmpty() ? null : front.get(front.size() - 1);
            throw new SearchException(String.format(
                    Locale.ROOT,
                    "none of %d trials kept to %s %% validation error%s; allow more, or more trials with --resume --trials",
                    all.size(),
                    definition.maxErrorPercent(),
                    nearest == null
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    ", the nearest is %.2f %% (%s)",
                                    nearest.errorPercent(),
                                    Search.file(run, nearest))));
        }
        return 0;
    }

    private static Map<String, Object> described(Trial trial) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("trial", (long) trial.number());
        values.put("validationErrorPercent", Math.round(trial.errorPercent() * 1e4) / 1e4);
        values.put("fileBytes", trial.bytes());
        values.put("settings", trial.settings());
        return values;
    }

    private static void table(List<Trial> front, double maxErrorPercent) {
        System.err.println(String.format("%-7s %12s %12s", "trial", "validation", "bytes"));
        for (Trial trial : front) {
            System.err.println(String.format(
                    Locale.ROOT,
                    "%-7d %10.2f %% %,12d%s",
                    trial.number(),
                    trial.errorPercent(),
                    trial.bytes(),
                    trial.errorPercent() <= maxErrorPercent ? "" : "   over the limit"));
        }
    }

    private String command(Definition definition, Trial best) {
        List<String> words = new ArrayList<>(List.of("softshare", "compress"));
        ((Map<?, ?>) Json.parse(definition.arguments())).forEach((name, values) -> {
            if (OWN.contains(name)) {
                return;
            }
            words.addAll(strings(values).isEmpty() ? List.of((String) name) : List.of());
            for (String value : strings(values)) {
                words.add((String) name);
                words.add(value);
            }
        });
        best.settings().forEach((key, value) -> {
            words.add("--set");
            words.add(key + "=" + value);
        });
        words.add("--out");
        words.add(out == null ? "best.sws" : out.toString());
        StringBuilder line = new StringBuilder();
        for (String word : words) {
            line.append(line.length() == 0 ? "" : " ").append(quoted(word));
        }
        return line.toString();
    }

    /** A word as a shell takes it. */
    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=,+@%-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
