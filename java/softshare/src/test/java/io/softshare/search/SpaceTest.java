package io.softshare.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.pipeline.Recipe;
import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.Recipes;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpaceTest {
    @ParameterizedTest
    @ValueSource(strings = {"lenet-300-100", "lenet-300-100-self", "lenet-5", "lenet-5-augmented", "generic", "paper"})
    void everyBuiltInRecipeHasASpaceThatHoldsIt(String name) {
        Recipe recipe = Recipes.find(name, "lenet-5", "mnist");
        Space space = SpaceDefaults.of(recipe);
        space.check(recipe);
        Map<String, String> own = space.own(recipe);
        assertNotNull(own, name);
        assertEquals(RecipeFile.write(recipe), RecipeFile.write(RecipeFile.with(recipe, own)));
        assertEquals(space.write(), Space.read(space.write(), "again").write());
        assertTrue(space.dimensions() >= 6 && space.dimensions() <= 20, name + " has " + space.dimensions());
        Set<String> expected = name.equals("paper")
                ? Set.of(
                        "prior.zeroProportion",
                        "prior.alphaZero",
                        "prior.components",
                        "retrain.tauEnd",
                        "retrain.rateStart")
                : Set.of(
                        "widen.tauEnd",
                        "widen.sigmaZeroEnd",
                        "hard.components",
                        "hard.entropyWidth",
                        "widen.temperature");
        assertTrue(space.keys().containsAll(expected), space.keys().toString());
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 50; i++) {
            double[] point = random.doubles(space.dimensions()).toArray();
            double[] snapped = space.snap(point);
            assertArrayEquals(snapped, space.snap(snapped), 1e-12);
            assertEquals(space.at(point), space.at(snapped));
            for (int d = 0; d < point.length; d++) {
                boolean whole = space.settings().get(d).integer();
                assertTrue(snapped[d] >= -1e-3 && snapped[d] <= 1.001);
                assertTrue(
                        whole || Math.abs(snapped[d] - point[d]) < 1e-3,
                        space.settings().get(d).key());
            }
        }
    }

    @Test
    void everyWholeNumberHasItsShare() {
        Setting setting = new Setting("k", 1, 4, Setting.Scale.LINEAR, true, List.of());
        int[] counts = new int[5];
        for (int i = 0; i < 1000; i++) {
            counts[Integer.parseInt(setting.text((i + 0.5) / 1000))]++;
        }
        assertArrayEquals(new int[] {0, 250, 250, 250, 250}, counts);
        assertEquals("0.0005", new Setting("r", 1e-4, 1, Setting.Scale.LOG, false, List.of()).text(0.174743));
    }

    @Test
    void aRecipeOutsideTheSpaceIsNoPointOfIt() {
        Recipe recipe = Recipes.find("lenet-300-100", "lenet-300-100", "mnist");
        assertNull(Space.read("[widen]\ntauEnd = { from = 1, to = 2 }", "s").own(recipe));
        assertNull(Space.read("[widen]\ntauEnd = { from = 0.1, to = 2 }\ntauStart = { same = \"widen.tauEnd\" }", "s")
                .own(recipe));
        assertEquals(
                Map.of("widen.tauEnd", "0.3"),
                Space.read("[widen]\ntauEnd = { from = 0.1, to = 2 }", "s").own(recipe));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x = | line 1",
                "[widen];tauEnd = 3 | expected { from",
                "[widen];tauEnd = { from = 2, to = 1 } | smaller and a larger",
                "[widen];tauEnd = { from = 0, to = 1, scale = \"log\" } | more than 0 on a log",
                "[widen];tauEnd = { from = 0.1, to = 1, scale = \"cubic\" } | linear, log or logit",
                "[widen];tauEnd = { from = 0.1, to = 1, step = 2 } | unknown step",
                "[widen];tauEnd = { from = 0.1 } | to = null, expected a number",
                "[widen];tauEnd = { same = \"widen.tauStart\" } | has no range",
                "[widen];tauEnd = { from = 0.1, to = 1, integer = \"yes\" } | true or false",
                "[widen];tauEnd = { from = 0.1, to = 1, integer = true } | is an integer",
                " | has 0 settings",
                "[narrow];tauEnd = { from = 0.1, to = 1 } | no setting narrow.tauEnd",
                "[widen];kind = { from = 0.1, to = 1 } | only numbers",
                "[widen];targetNonZero = { from = 0.1, to = 1 } | expected a long"
            })
    void mistakesAreNamed(String text, String expected) {
        Recipe recipe = Recipes.find("lenet-300-100", "lenet-300-100", "mnist");
        SearchException e = assertThrows(
                SearchException.class,
                () -> Space.read(text == null ? "" : text.replace(';', '\n'), "space.toml")
                        .checkFor(recipe));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"a\\\tb\" = 1", "[widen", "widen = [[[[[[[["})
    void whatIsNoTomlIsRefusedWithItsLine(String text) {
        SearchException e = assertThrows(SearchException.class, () -> Space.read(text, "space x"));
        assertTrue(e.getMessage().startsWith("space x, line 1: "), e.getMessage());
    }

    @Test
    void deepNestingIsRefused() {
        String deep = "widen = " + "[".repeat(100_000);
        SearchException e = assertThrows(SearchException.class, () -> Space.read(deep, "space x"));
        assertTrue(e.getMessage().contains("too deep"), e.getMessage());
    }
}
