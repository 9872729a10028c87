package io.softshare.pipeline;

import static io.softshare.train.Schedule.Shape.GEOMETRIC;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.train.Schedule;
import io.softshare.train.Stage;
import org.junit.jupiter.api.Test;

/** What a goal makes of a recipe. */
class GoalRecipeTest {
    private static double sigmaZero(Stage stage, int epoch) {
        return new Schedule(stage.sigmaZeroStart(), stage.sigmaZeroEnd(), GEOMETRIC)
                .at((double) epoch / stage.epochs());
    }

    private static double tau(Stage stage, int epoch) {
        return new Schedule(stage.tauStart(), stage.tauEnd(), GEOMETRIC).at((double) epoch / stage.epochs());
    }

    @Test
    void wideningGoesTheSameWayForLonger() {
        Recipe generic = Recipes.builtIn("generic");
        Stage written = generic.stages().get(1);
        GoalRecipe goal = GoalRecipe.of(generic, 1);
        Stage longer = goal.stage();
        assertEquals(2 * written.epochs(), longer.epochs());
        for (int epoch = 0; epoch <= written.epochs(); epoch += 7) {
            assertEquals(sigmaZero(written, epoch), sigmaZero(longer, epoch), 1e-12);
            assertEquals(tau(written, epoch), tau(longer, epoch), 1e-12);
        }
        assertTrue(!longer.endsAtTarget() && longer.stopErrorIncrease() == 0, "it would stop by itself");
        assertEquals(generic.stages().stream().mapToInt(Stage::epochs).sum(), goal.epochsUsual());
        assertEquals(42, goal.epochsAfter());
    }

    @Test
    void aFinerStepGoesTheSameWayBetweenTwoEpochs() {
        GoalRecipe goal = GoalRecipe.of(Recipes.builtIn("generic"), 1);
        GoalRecipe finer = goal.finer(30, 32, 5_000);
        Stage step = finer.stage();
        assertEquals(goal.widening() + 1, finer.widening());
        assertEquals(sigmaZero(goal.stage(), 30), sigmaZero(step, 0), 1e-12);
        assertEquals(sigmaZero(goal.stage(), 31), sigmaZero(step, step.epochs() / 2), 1e-12);
        assertEquals(tau(goal.stage(), 32), tau(step, step.epochs()), 1e-12);
        assertEquals(5_000, finer.recipe().stages().get(goal.widening()).targetNonZero());
        assertEquals(goal.epochsAfter(), finer.epochsAfter());
    }

    @Test
    void whatRegrowsEndsInProportion() {
        Recipe given = RecipeFile.read("""
                [[stage]]
                kind = "prior"
                epochs = 10
                targetNonZero = 8000
                [[stage]]
                kind = "regrow"
                epochs = 10
                targetNonZero = 3800
                [[stage]]
                kind = "hard"
                """, "a recipe");
        Recipe leaving = GoalRecipe.of(given, 1).leavingAt(4_000, 7);
        assertEquals(4_000, leaving.stages().get(0).targetNonZero());
        assertEquals(1_900, leaving.stages().get(1).targetNonZero());
    }

    @Test
    void roundsOfPruningAreManyAndLeftAfterRetraining() {
        GoalRecipe goal = GoalRecipe.of(Recipes.builtIn("deep-compression"), 1);
        Stage prune = goal.stage();
        assertEquals("prune", prune.name());
        assertEquals(prune.rounds() * prune.roundEpochs(), prune.epochs());
        assertTrue(goal.isSettled(8) && !goal.isSettled(9));
        assertEquals(8, goal.leavingAt(30_000, 8).stages().get(1).epochs());
    }

    @Test
    void shortenedStagesKeepAnEpoch() {
        GoalRecipe goal = GoalRecipe.of(Recipes.builtIn("generic"), 0.01);
        goal.recipe().stages().forEach(s -> assertTrue(s.epochs() >= 1, s.toString()));
        assertEquals(2, goal.stage().epochs());
    }

    @Test
    void twoStagesOfOneNameAreRefused() {
        Recipe given = RecipeFile.read("[[stage]]\nkind = \"prior\"\n[[stage]]\nkind = \"prior\"\n", "a recipe");
        String message = assertThrows(RecipeException.class, () -> GoalRecipe.of(given, 1))
                .getMessage();
        assertTrue(message.contains("several stages called prior"), message);
    }
}
