package io.softshare.pipeline;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Timeout;

/** Any text as a recipe: it is refused in one line, or survives writing and reading. */
class RecipeFuzzTest {
    @FuzzTest
    @Timeout(20)
    void anyText(byte[] utf8) {
        Recipe recipe;
        try {
            recipe = RecipeFile.read(new String(utf8, StandardCharsets.UTF_8), "fuzz");
        } catch (RecipeException e) {
            if (!e.getMessage().startsWith("fuzz") && !e.getMessage().contains("recipe")) {
                throw new AssertionError("a refusal says where", e);
            }
            return;
        }
        if (!recipe.equals(RecipeFile.read(RecipeFile.write(recipe), "again"))) {
            throw new AssertionError("written and read again, it is another recipe: " + recipe);
        }
    }
}
