package io.softshare.pipeline;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Recipes that set little. */
class RecipeSeedsTest {
    @Test
    void recipes() throws Exception {
        String little = "name = \"x\"\nbatch = 4\nteacher = 'none'\n[prior]\n[[stage]]\nkind = \"plain\"\nepochs = 2\n";
        String more = "# c\n[prior]\nzeroProportion = 0.9\n[[stage]]\nkind = 'prior'\nepochs = 1\ntauStart = 1e-3\n"
                + "[[stage]]\nkind = 'hard'\nepochs = 1\n";
        List<Seeds.Seed> seeds = List.of(
                new Seeds.Seed("little", little.getBytes(StandardCharsets.UTF_8)),
                new Seeds.Seed("more", more.getBytes(StandardCharsets.UTF_8)));
        Seeds.check(
                RecipeFuzzTest.class,
                "anyText",
                seeds,
                data -> assertTrue(!RecipeFile.read(new String(data, StandardCharsets.UTF_8), "seed")
                        .stages()
                        .isEmpty()));
    }
}
