package io.softshare.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.Recipes;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Settings back to a command line. */
class RepeatCommandTest {
    private static Map<String, String> settings(String... pairs) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            settings.put(pairs[i], pairs[i + 1]);
        }
        return settings;
    }

    @Test
    void whatIsUsualIsLeftOut() {
        Map<String, String> settings = settings(
                "goal",
                "compress",
                "model",
                "lenet-5",
                "data",
                "mnist",
                "augment",
                "none",
                "validation",
                "true",
                "codec",
                "context",
                "canonicalOrder",
                "false",
                "seed",
                "1",
                "threads",
                "2",
                "out",
                "l.sws");
        String own = RecipeFile.write(Recipes.find("lenet-5", null, null));
        assertEquals(
                "softshare compress --model lenet-5 --data mnist --seed 1 --threads 2 --out l.sws",
                RepeatCommand.of(settings, own));
        assertEquals(
                "softshare compress --model lenet-5 --data mnist --seed 1 --threads 2 --out l.sws --recipe recipe.toml",
                RepeatCommand.of(settings, own.replace("batch = 128", "batch = 64")));
    }

    @Test
    void whatWasChosenIsNamedAndQuoted() {
        Map<String, String> settings = settings(
                "goal",
                "compress",
                "model",
                "my net.onnx",
                "modelSha256",
                "00",
                "data",
                "it's here",
                "augment",
                "shift",
                "validation",
                "false",
                "rateDistortion",
                "0.1",
                "canonicalOrder",
                "true",
                "maxErrorIncrease",
                "0.5");
        assertEquals(
                "softshare compress --model 'my net.onnx' --data 'it'\\''s here' --augment shift --validation none"
                        + " --rate-distortion 0.1 --canonical-order --max-error-increase 0.5 --recipe recipe.toml",
                RepeatCommand.of(settings, "none of these"));
    }
}
