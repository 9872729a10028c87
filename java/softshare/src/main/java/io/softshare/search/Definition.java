package io.softshare.search;

import io.softshare.pipeline.Recipe;
import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.Settings;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a search looks for, fixed when it begins.
 *
 * @param base a run's settings without its file; the recipe among them is the one that trials change
 * @param maxErrorPercent limit of the validation error
 * @param earlyStop whether hopeless trials are given up
 * @param arguments the command that began the search, for the one that repeats its best; any text
 */
public record Definition(
        Settings base, Space space, double maxErrorPercent, Kind strategy, boolean earlyStop, String arguments) {
    private static final String SETTING = "setting.";

    /** How trials are chosen. */
    public enum Kind {
        BAYES,
        RANDOM
    }

    public Definition {
        if (!(maxErrorPercent > 0 && maxErrorPercent < 100)) {
            throw new SearchException("the limit of the validation error is " + maxErrorPercent
                    + ", expected more than 0 and less than 100 per cent");
        }
        space.checkFor(recipe(base));
    }

    public Recipe recipe() {
        return recipe(base);
    }

    private static Recipe recipe(Settings base) {
        return RecipeFile.read(base.get("recipe"), "recipe");
    }

    public long seed() {
        return base.number("seed");
    }

    Strategy proposals() {
        return strategy == Kind.BAYES ? new Bayesian(space, seed(), maxErrorPercent) : new RandomSearch(space, seed());
    }

    /** The settings of a run with a trial's settings. */
    Settings run(Map<String, String> changes, String out) {
        Map<String, String> values = new LinkedHashMap<>(base.values());
        values.put("recipe", RecipeFile.write(RecipeFile.with(recipe(), changes)));
        values.put("out", out);
        return new Settings(values);
    }

    /** Whether all trials have the same teacher and dense network, so that these are trained once. */
    boolean sharesStart() {
        Set<String> plain = recipe().stages().stream()
                .filter(s -> s.kind() == io.softshare.train.Stage.Kind.PLAIN)
                .map(io.softshare.train.Stage::name)
                .collect(Collectors.toSet());
        return !plain.isEmpty() && !space.touches(plain);
    }

    /** As texts, for a store. */
    public Map<String, String> write() {
        Map<String, String> values = new LinkedHashMap<>();
        base.values().forEach((key, value) -> values.put(SETTING + key, value));
        values.put("space", space.write());
        values.put("maxErrorPercent", String.valueOf(maxErrorPercent));
        values.put("strategy", strategy.name());
        values.put("earlyStop", String.valueOf(earlyStop));
        values.put("arguments", arguments);
        return values;
    }

    /** From what {@link #write} gave. */
    public static Definition read(Map<String, String> values) {
        Map<String, String> base = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (key.startsWith(SETTING)) {
                base.put(key.substring(SETTING.length()), value);
            }
        });
        return new Definition(
                new Settings(base),
                Space.read(values.get("space"), "the search's space"),
                Double.parseDouble(values.get("maxErrorPercent")),
                Kind.valueOf(values.get("strategy")),
                Boolean.parseBoolean(values.get("earlyStop")),
                values.get("arguments"));
    }
}
