package io.softshare.cli;

import io.softshare.pipeline.Goal;
import io.softshare.pipeline.Settings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * Options beside {@code --resume}: a run keeps what it began with, so that it ends with the bytes it would have had. What is given
 * again must be the same, and another value is refused, not passed over. Only what has no part in the training may change: where the file
 * goes and, unless a goal judged earlier attempts by it, how it is written.
 */
final class Resumption {
    private static final Set<String> PATHS = Set.of("model", "weights", "data");
    private static final Set<String> OF_THE_FILE = Set.of("--codec", "--rate-distortion", "--canonical-order");

    /** Options that together make the recipe. */
    private static final List<String> OF_THE_RECIPE = List.of(
            "--recipe",
            "--method",
            "--teacher",
            "--batch",
            "--components",
            "--shared-values",
            "--target-non-zero",
            "--set");

    private Resumption() {}

    /**
     * What the run goes on with.
     *
     * @param kept what it began with
     * @param given what the command line asks for, its gaps filled from kept
     * @param folder the run's, for messages
     * @throws UsageException naming the first option that differs and may not
     */
    static Settings of(CommandSpec spec, Settings kept, Settings given, Path folder) {
        ParseResult parsed = spec.commandLine().getParseResult();
        boolean towardsGoal = Goal.of(kept) != null;
        Set<String> keys = new LinkedHashSet<>(kept.values().keySet());
        keys.addAll(given.values().keySet());
        Map<String, String> changed = new LinkedHashMap<>();
        for (String key : keys) {
            String name = Settings.option(key);
            boolean asked = parsed.hasMatchedOption(name) && !OF_THE_RECIPE.contains(name);
            if (!asked || same(key, given.get(key), kept.get(key))) {
                continue;
            }
            if (!name.equals("--out") && (towardsGoal || !OF_THE_FILE.contains(name))) {
                throw new UsageException(name + " is "
                        + String.join(" ", parsed.matchedOption(name).originalStringValues()) + ", but the run in "
                        + folder + " began "
                        + (kept.get(key) == null ? "without it" : "with " + asOption(key, kept.get(key)))
                        + "; leave it out, or start anew");
            }
            changed.put(key, given.get(key));
        }
        boolean ofRecipe = OF_THE_RECIPE.stream().anyMatch(parsed::hasMatchedOption);
        if (ofRecipe && !given.get("recipe").equals(kept.get("recipe"))) {
            throw new UsageException("the recipe is another than that of the run in " + folder + ", "
                    + difference(given.get("recipe"), kept.get("recipe")) + "; leave its options out, or start anew");
        }
        return kept.with(changed);
    }

    /** A setting as its option says it. */
    private static String asOption(String key, String value) {
        return key.equals("validation") ? value.equals("true") ? "part" : "none" : value;
    }

    private static boolean same(String key, String given, String kept) {
        if (given == null || kept == null) {
            return given == kept;
        }
        return given.equals(kept) || PATHS.contains(key) && absolute(given).equals(absolute(kept));
    }

    private static Path absolute(String path) {
        return Path.of(path).toAbsolutePath().normalize();
    }

    /** The first line that only one of two recipes has. */
    private static String difference(String given, String kept) {
        List<String> now = given.lines().toList();
        List<String> then = kept.lines().toList();
        int line = 0;
        while (line < now.size() && line < then.size() && now.get(line).equals(then.get(line))) {
            line++;
        }
        return line(now, line) + " instead of " + line(then, line);
    }

    /** Without its comment. */
    private static String line(List<String> recipe, int line) {
        return line < recipe.size() ? recipe.get(line).replaceFirst("\\s+# .*", "") : "its end";
    }
}
