package io.softshare.pipeline;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The shortest built-in recipe and one that sets little. */
class RecipeSeedsTest {
    @Test
    void recipes() throws Exception {
        String little = "name = \"x\"\nbatch = 4\nteacher = 'none'\n[prior]\n[[stage]]\nkind = \"plain\"\nepochs = 2\n";
        List<Seeds.Seed> seeds = List.of(
                new Seeds.Seed("little", little.getBytes(StandardCharsets.UTF_8)),
                new Seeds.Seed(
                        "paper", RecipeFile.write(Recipes.builtIn("paper")).getBytes(StandardCharsets.UTF_8)));
        Seeds.check(
                RecipeFuzzTest.class,
                "anyText",
                seeds,
                data -> assertTrue(!RecipeFile.read(new String(data, StandardCharsets.UTF_8), "seed")
                        .stages()
                        .isEmpty()));
    }
}
