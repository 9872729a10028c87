package io.softshare.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeFileTest {
    @ParameterizedTest
    @ValueSource(strings = {"lenet-300-100", "lenet-5", "wrn-16-4", "wrn-16-4-regrow", "generic", "paper"})
    void builtInRecipesSurviveWritingAndReading(String name) {
        Recipe recipe = Recipes.builtIn(name);
        String text = RecipeFile.write(recipe);
        assertEquals(recipe, RecipeFile.read(text, "test"));
        long lines = text.lines().filter(l -> l.contains(" = ")).count();
        assertEquals(lines, text.lines().filter(l -> l.contains(" # ")).count(), "a comment a line");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "speed = 3 | unknown key speed",
                "batch = \"many\" | batch is many",
                "[prior]\\nsigmas = 1 | unknown key sigmas",
                "[[stage]]\\nepochs = 2 | kind is missing",
                "[[stage]]\\nkind = \"fast\" | kind is \"fast\", expected plain",
                "[[stage]]\\nkind = \"plain\"\\nepochs = 1.5 | epochs is 1.5",
                "[[stage]]\\nkind = \"plain\"\\nrate = 1 | unknown key rate",
                "[[stage]]\\nkind = \"regrow\" | regrows to targetNonZero 0, expected 1 or more",
                "[[stage]]\\nkind = \"regrow\"\\ntargetNonZero = 9\\nregrowUntil = 0 | regrowUntil 0.0, expected",
                "[[stage]]\\nkind = \"regrow\"\\ntargetNonZero = 9\\nregrowOccupancy = 9 | regrowOccupancy 9.0, expected 0 to 4",
                "sparseBelow = 2\\n[[stage]]\\nkind = \"plain\" | sparseBelow is 2.0, expected 0 to 1",
                "name = | line 1"
            })
    void mistakesAreNamed(String text, String expected) {
        String toml = text.replace("\\n", "\n");
        RecipeException e = assertThrows(RecipeException.class, () -> RecipeFile.read(toml, "recipe x"));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
        assertTrue(e.getMessage().startsWith("recipe x"), e.getMessage());
    }

    @Test
    void deepNestingIsRefused() {
        String deep = "batch = " + "[".repeat(100_000);
        RecipeException e = assertThrows(RecipeException.class, () -> RecipeFile.read(deep, "recipe x"));
        assertTrue(e.getMessage().contains("too deep"), e.getMessage());
    }

    @Test
    void aWrongEscapeInAKeyIsRefusedWithItsLine() {
        RecipeException e =
                assertThrows(RecipeException.class, () -> RecipeFile.read("batch = 64\n\"a\\\tb\" = 1", "recipe x"));
        assertTrue(e.getMessage().startsWith("recipe x, line 2: Invalid escape"), e.getMessage());
    }

    /** With assertions on, as here, the parser fails at it instead of saying where it is. */
    @Test
    void aWrongUnicodeEscapeInAKeyIsRefused() {
        String key = "[\"\\" + "ufnz\"z#";
        RecipeException e = assertThrows(RecipeException.class, () -> RecipeFile.read(key, "recipe x"));
        assertTrue(e.getMessage().startsWith("recipe x: no TOML"), e.getMessage());
    }
}
