package io.softshare.search;

import io.softshare.pipeline.Recipe;
import io.softshare.search.Setting.Scale;
import io.softshare.train.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The space for a recipe when none is given, by the kinds of its stages. Ranges are fixed numbers rather than multiples of the
 * recipe's, so that two recipes of one kind are searched alike; a range is widened to hold the recipe's own value where that
 * lies outside. Epochs are left alone: more are always better, and cost time.
 */
public final class SpaceDefaults {
    private final Recipe recipe;
    private final Map<String, String> written;
    private final List<Setting> settings = new ArrayList<>();

    private SpaceDefaults(Recipe recipe) {
        this.recipe = recipe;
        this.written = Space.written(recipe);
    }

    /** The space for a recipe. */
    public static Space of(Recipe recipe) {
        return new SpaceDefaults(recipe).build();
    }

    private Space build() {
        for (Stage stage : distinct()) {
            switch (stage.kind()) {
                case PLAIN -> {
                    // The dense network is the start that all trials share.
                }
                case PRIOR -> prior(stage);
                case RECOVER -> {
                    String name = stage.name();
                    log(name + ".rateStart", 3e-4, 3e-3);
                    pair(name + ".tauStart", name + ".tauEnd", 1e-3, 0.1);
                }
                case SOFTEN -> {
                    String name = stage.name();
                    log(name + ".rateStart", 3e-4, 3e-3);
                    pair(name + ".tauStart", name + ".tauEnd", 0.01, 1);
                }
                case HARD -> hard(stage);
                case REGROW -> log(stage.name() + ".rateStart", 3e-4, 5e-3);
                case PRUNE -> {
                    log(stage.name() + ".rateStart", 1e-4, 3e-3);
                    if (stage.rounds() > 0 && stage.targetNonZero() == 0) {
                        add(stage.name() + ".keptShare", 0.3, 0.9, Scale.LOGIT, false);
                    }
                }
                case SURGERY -> {
                    log(stage.name() + ".rateStart", 0.01, 0.3);
                    if (stage.targetNonZero() == 0) {
                        log(stage.name() + ".keptShare", 0.005, 0.2);
                    }
                }
            }
        }
        sharedValues();
        teaching();
        if (settings.isEmpty()) {
            throw new SearchException("recipe " + recipe.name() + " has no stage but plain ones: nothing to search by"
                    + " default; say what varies with --space");
        }
        return Space.read(new Space(settings).write(), "the default space");
    }

    private void prior(Stage stage) {
        String name = stage.name();
        boolean learned = stage.em() == 0 && stage.ratePrecisions() > 0;
        log(name + ".rateStart", 2e-4, 3e-3);
        if (learned) { // the paper's way
            log(name + ".rateEnd", 1e-5, 1e-3);
            pair(name + ".tauStart", name + ".tauEnd", 3e-3, 0.3);
            if (stage.rateMeans() > 0) {
                log(name + ".rateMeans", 1e-5, 1e-3);
            }
            log(name + ".ratePrecisions", 3e-4, 2e-2);
            if (stage.rateProportions() > 0) {
                log(name + ".rateProportions", 3e-4, 2e-2);
            }
            logWhole("prior.components", 4, 32);
            add("prior.zeroProportion", 0.9, 0.9999, Scale.LOGIT, false);
            log("prior.sigma", 0.05, 0.6);
            if (recipe.prior().alphaZero() > 0) {
                log("prior.alphaZero", 50, 50_000);
                log("prior.betaZero", 0.02, 20);
            }
            if (recipe.prior().alpha() > 0) {
                log("prior.alpha", 2.5, 2500);
                log("prior.beta", 0.01, 10);
            }
            return;
        }
        log(name + ".tauEnd", 0.05, 2);
        if (stage.sigmaZeroEnd() > 0) {
            log(name + ".sigmaZeroEnd", 0.05, 0.25);
        }
        if (stage.targetNonZero() > 0) {
            logWhole(
                    name + ".targetNonZero",
                    Math.max(1, Math.rint(stage.targetNonZero() / 4.0)),
                    Math.rint(stage.targetNonZero() * 1.5));
        }
        if (stage.stopErrorIncrease() > 0) {
            log(name + ".stopErrorIncrease", 0.1, 3);
        }
    }

    private void hard(Stage stage) {
        String name = stage.name();
        if (stage.assignment() == Stage.Assignment.RESPONSIBILITY) {
            log(name + ".rateStart", 1e-4, 3e-3);
            if (stage.mergeBelow() > 0) {
                log(name + ".mergeBelow", 1e-4, 0.1);
            }
            return;
        }
        log(name + ".rateStart", 5e-5, 1e-3);
        if (stage.entropyWidth() > 0) {
            log(name + ".entropyWidth", 0.01, 0.08);
        }
    }

    /** The number of shared values: one, for all stages that have it. */
    private void sharedValues() {
        List<String> keys = distinct().stream()
                .filter(s -> s.kind() == Stage.Kind.SOFTEN
                        || s.kind() == Stage.Kind.HARD && s.assignment() == Stage.Assignment.NEAREST)
                .map(s -> s.name() + ".components")
                .toList();
        tied(keys, 4, 24, Scale.LOG, true);
    }

    private void teaching() {
        if (recipe.teacher().equals("none")) {
            return;
        }
        // Stages that a recipe treats alike stay alike: what they share is one setting.
        Map<List<Double>, List<String>> taught = new LinkedHashMap<>();
        for (Stage stage : distinct()) {
            if (stage.kind() != Stage.Kind.PLAIN && stage.teacherShare() > 0) {
                taught.computeIfAbsent(List.of(stage.teacherShare(), stage.temperature()), k -> new ArrayList<>())
                        .add(stage.name());
            }
        }
        for (List<String> names : taught.values()) {
            tied(names.stream().map(s -> s + ".teacherShare").toList(), 0.1, 0.98, Scale.LOGIT, false);
            tied(names.stream().map(s -> s + ".temperature").toList(), 1, 8, Scale.LOG, false);
        }
    }

    /** Stages by name; a setting of a name counts for all stages that have it. */
    private List<Stage> distinct() {
        List<Stage> found = new ArrayList<>();
        for (Stage stage : recipe.stages()) {
            if (stage.epochs() > 0 && found.stream().noneMatch(s -> s.name().equals(stage.name()))) {
                found.add(stage);
            }
        }
        return found;
    }

    private void log(String key, double from, double to) {
        add(key, from, to, Scale.LOG, false);
    }

    private void logWhole(String key, double from, double to) {
        add(key, from, to, Scale.LOG, true);
    }

    private void pair(String first, String second, double from, double to) {
        tied(List.of(first, second), from, to, Scale.LOG, false);
    }

    private void add(String key, double from, double to, Scale scale, boolean integer) {
        tied(List.of(key), from, to, scale, integer);
    }

    private void tied(List<String> keys, double from, double to, Scale scale, boolean integer) {
        if (keys.isEmpty()) {
            return;
        }
        double low = from;
        double high = to;
        for (String key : keys) {
            double value = Double.parseDouble(written.get(key));
            if (value > (scale == Scale.LINEAR ? Double.NEGATIVE_INFINITY : 0) && (scale != Scale.LOGIT || value < 1)) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        }
        settings.add(new Setting(keys.get(0), low, high, scale, integer, keys.subList(1, keys.size())));
    }
}
