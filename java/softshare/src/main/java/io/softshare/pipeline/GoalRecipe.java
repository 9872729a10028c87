package io.softshare.pipeline;

import static io.softshare.train.Schedule.Shape.GEOMETRIC;

import io.softshare.train.Schedule;
import io.softshare.train.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A recipe as a {@link Goal} uses it: its widening stage goes on for twice its epochs along the same schedules and stops for nothing of
 * its own, so that it passes through every density that a goal may want. A stage that prunes in rounds does so in many small ones.
 *
 * @param recipe with the longer stage
 * @param widening number of the stage in the recipe
 * @param epochsAsWritten of that stage in the recipe as it was given
 * @param targetAsWritten its {@code targetNonZero} there; 0: none
 */
record GoalRecipe(Recipe recipe, int widening, int epochsAsWritten, long targetAsWritten) {
    private static final int LONGER = 2;
    private static final int FINER = 8;
    /** Share of the live weights that a round of pruning leaves, ... */
    private static final double KEPT = 0.85;
    /** ... and how many rounds there are at most: they leave 0.04 %. */
    private static final int ROUNDS = 48;

    /**
     * From a recipe.
     *
     * @param scale of the epochs of all stages, at most 1; a stage keeps one epoch
     * @throws RecipeException if no stage widens
     */
    static GoalRecipe of(Recipe given, double scale) {
        Map<String, String> changes = new LinkedHashMap<>();
        if (scale < 1) {
            for (Stage stage : given.stages()) {
                if (stage.epochs() > 1) {
                    changes.put(stage.name() + ".epochs", String.valueOf(Math.max(1, (int) (stage.epochs() * scale))));
                }
            }
        }
        Recipe scaled = RecipeFile.with(given, changes);
        int number = widening(scaled);
        Stage stage = scaled.stages().get(number);
        String name = stage.name() + ".";
        changes.clear();
        if (stage.kind() == Stage.Kind.PRUNE) {
            changes.put(name + "rounds", String.valueOf(ROUNDS));
            changes.put(name + "epochs", String.valueOf(ROUNDS * stage.roundEpochs()));
            changes.put(name + "keptShare", String.valueOf(KEPT));
            changes.put(name + "rateEnd", String.valueOf(stage.rateStart())); // whenever it ends
            changes.put(name + "targetNonZero", "0");
            return new GoalRecipe(RecipeFile.with(scaled, changes), number, stage.epochs(), stage.targetNonZero());
        }
        changes.put(name + "epochs", String.valueOf(LONGER * stage.epochs()));
        further(changes, name + "tauEnd", stage.tauStart(), stage.tauEnd());
        further(changes, name + "sigmaZeroEnd", stage.sigmaZeroStart(), stage.sigmaZeroEnd());
        further(changes, name + "sigmaEnd", stage.sigmaStart(), stage.sigmaEnd());
        changes.put(name + "targetNonZero", "0");
        changes.put(name + "stopErrorIncrease", "0");
        return new GoalRecipe(RecipeFile.with(scaled, changes), number, stage.epochs(), stage.targetNonZero());
    }

    /** The last stage that freezes or prunes weights as it goes. */
    private static int widening(Recipe recipe) {
        List<Stage> stages = recipe.stages();
        for (int i = stages.size() - 1; i >= 0; i--) {
            Stage stage = stages.get(i);
            boolean widens = stage.kind() == Stage.Kind.PRIOR && stage.freezeAbove() < 1;
            boolean prunes = stage.kind() == Stage.Kind.PRUNE && stage.rounds() > 0;
            if ((widens || prunes) && stage.epochs() > 0) {
                if (stages.stream().filter(s -> s.name().equals(stage.name())).count() > 1) {
                    throw new RecipeException("recipe " + recipe.name() + " has several stages called " + stage.name()
                            + "; a goal steers one of them, give each a name of its own");
                }
                return i;
            }
        }
        throw new RecipeException(
                "recipe " + recipe.name() + " has no stage of kind prior with freezeAbove below 1,"
                        + " nor of kind prune with rounds, which is what a goal steers; choose another, such as --recipe generic");
    }

    /** Along the same geometric way for longer. */
    private static void further(Map<String, String> changes, String key, double start, double end) {
        if (start > 0 && end > 0) {
            changes.put(key, String.valueOf(start * Math.pow(end / start, LONGER)));
        }
    }

    Stage stage() {
        return recipe.stages().get(widening);
    }

    /** Epochs that follow the widening. */
    int epochsAfter() {
        return recipe.stages().stream()
                .skip(widening + 1L)
                .mapToInt(Stage::epochs)
                .sum();
    }

    /** Epochs that a run would have without a goal. */
    int epochsUsual() {
        return recipe.stages().stream().mapToInt(Stage::epochs).sum() - stage().epochs() + epochsAsWritten;
    }

    /**
     * With one more stage: it takes {@value #FINER} epochs where the widening took those from one to another, which let go of too many
     * weights at once.
     *
     * @param live weights that the widening is left at
     */
    GoalRecipe finer(int fromEpoch, int toEpoch, long live) {
        Stage stage = stage();
        double from = (double) fromEpoch / stage.epochs();
        double to = (double) toEpoch / stage.epochs();
        String name = stage.name() + ".";
        Map<String, String> changes = new LinkedHashMap<>();
        changes.put(name + "name", stage.name() + "-finer");
        changes.put(name + "epochs", String.valueOf(FINER));
        changes.put(name + "tauRamp", "0.0");
        piece(changes, name + "tau", new Schedule(stage.tauStart(), stage.tauEnd(), GEOMETRIC), from, to);
        piece(
                changes,
                name + "sigmaZero",
                new Schedule(stage.sigmaZeroStart(), stage.sigmaZeroEnd(), GEOMETRIC),
                from,
                to);
        piece(changes, name + "sigma", new Schedule(stage.sigmaStart(), stage.sigmaEnd(), GEOMETRIC), from, to);
        piece(changes, name + "rate", new Schedule(stage.rateStart(), stage.rateEnd(), stage.rateShape()), from, to);
        Recipe alone = recipe.withStages(List.of(stage));
        List<Stage> stages = new ArrayList<>(leavingAt(live, fromEpoch).stages());
        stages.add(widening + 1, RecipeFile.with(alone, changes).stages().get(0));
        return new GoalRecipe(recipe.withStages(stages), widening + 1, FINER, targetAsWritten);
    }

    private static void piece(Map<String, String> changes, String key, Schedule way, double from, double to) {
        changes.put(key + "Start", String.valueOf(way.at(from)));
        changes.put(key + "End", String.valueOf(way.at(to)));
    }

    /** Whether a state after an epoch of the stage is one to go on from: after a round of pruning, one that was retrained. */
    boolean isSettled(int epoch) {
        return stage().kind() != Stage.Kind.PRUNE || epoch % stage().roundEpochs() == 0;
    }

    /** Whether the stage can be done again in smaller steps. */
    boolean canBeFiner() {
        return stage().kind() == Stage.Kind.PRIOR;
    }

    /**
     * The recipe of a run that leaves the widening at so many live weights, after an epoch. Stages that regrow afterwards end at as many in proportion as
     * the recipe says; where it says no number for the widening, at the number it says, if that is fewer.
     */
    Recipe leavingAt(long live, int epoch) {
        Map<String, String> changes = new LinkedHashMap<>();
        if (stage().kind() == Stage.Kind.PRUNE) {
            changes.put(stage().name() + ".epochs", String.valueOf(epoch));
        } else {
            changes.put(stage().name() + ".targetNonZero", String.valueOf(live));
        }
        for (Stage after : recipe.stages().subList(widening + 1, recipe.stages().size())) {
            if (after.kind() == Stage.Kind.REGROW) {
                long end = targetAsWritten > 0
                        ? Math.round((double) after.targetNonZero() / targetAsWritten * live)
                        : Math.min(live, after.targetNonZero());
                changes.put(after.name() + ".targetNonZero", String.valueOf(Math.max(1, end)));
            }
        }
        return RecipeFile.with(recipe, changes);
    }
}
