package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.json.Json;
import io.softshare.pipeline.Recipe;
import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.Recipes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The baselines on the command line. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MethodCommandTest {
    @TempDir
    static Path folder;

    private Path data;

    private Outcome run(String... arguments) throws Exception {
        return new Processes(folder, List.of("-Dsoftshare.checkpoint.seconds=0"), Map.of()).run(arguments);
    }

    private String[] compress(Path out, String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("compress", "--model", "lenet-300-100", "--data", data.toString(), "--out", out.toString()));
        arguments.addAll(List.of("--threads", "1", "--json"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @BeforeAll
    void data() throws Exception {
        data = SmallData.write(folder.resolve("data"));
    }

    @ParameterizedTest
    @CsvSource({"deep-compression, 7.8", "network-surgery, 6"})
    void aBaselineEndsInItsOwnCodec(String method, double mostNonZero) throws Exception {
        Path out = folder.resolve(method + ".sws");
        Path kept = folder.resolve(method + ".run");
        Outcome outcome = run(compress(out, "--method", method, "--run", kept.toString()));
        assertEquals(0, outcome.status(), outcome.err());
        Map<?, ?> values = (Map<?, ?>) Json.parse(outcome.out().strip());
        assertEquals("csr-huffman", values.get("codec"));
        assertEquals(method, values.get("recipe"));
        assertTrue(((Number) values.get("nonZeroPercent")).doubleValue() <= mostNonZero, outcome.out());
        assertTrue(((Number) values.get("testErrorPercent")).doubleValue() < 20, outcome.out());
        assertFalse(values.get("finishing").toString().contains("rate-distortion"), outcome.out());

        // The report's command says the same by other words.
        Path html = folder.resolve(method + ".html");
        assertEquals(0, run("report", kept.toString(), "--out", html.toString()).status());
        String page = Files.readString(html);
        assertTrue(page.contains("--codec csr-huffman --rate-distortion 0"), "the command leaves out the codec");
        Path again = folder.resolve(method + "-again.sws");
        Outcome repeated = run(compress(
                again,
                "--recipe",
                kept.resolve("recipe.toml").toString(),
                "--codec",
                "csr-huffman",
                "--rate-distortion",
                "0"));
        assertEquals(0, repeated.status(), repeated.err());
        assertArrayEquals(Files.readAllBytes(out), Files.readAllBytes(again));

        Path context = folder.resolve(method + "-context.sws");
        assertEquals(
                0,
                run(compress(context, "--method", method, "--codec", "context")).status());
        assertTrue(Files.size(context) < Files.size(out), "the context coder takes more");
    }

    @Test
    void aTargetIsANumberOfWeights() throws Exception {
        Outcome outcome = run(compress(
                folder.resolve("target.sws"),
                "--method",
                "deep-compression",
                "--target-non-zero",
                "3680",
                "--run",
                folder + "/target.run"));
        assertEquals(0, outcome.status(), outcome.err());
        List<String> lines = Files.readAllLines(folder.resolve("target.run/metrics.jsonl"));
        assertTrue(lines.get(lines.size() - 1).contains("\"liveWeights\":3680,"), lines.get(lines.size() - 1));
    }

    /** Where a recipe regrows, the number is what regrowing ends at, and widening stops in proportion. */
    @Test
    void aTargetIsForTheEnd() throws Exception {
        Outcome fewer = run(
                "compress",
                "--model",
                "lenet-300-100",
                "--data",
                "mnist",
                "--target-non-zero",
                "2100",
                "--print-recipe");
        assertEquals(0, fewer.status(), fewer.err());
        Recipe recipe = RecipeFile.read(fewer.out(), "recipe");
        Recipe whole = Recipes.find(null, "lenet-300-100", "mnist");
        assertEquals(2100, target(recipe, "regrow"));
        assertEquals(Math.round(2100.0 * target(whole, "widen") / target(whole, "regrow")), target(recipe, "widen"));
    }

    private static long target(Recipe recipe, String stage) {
        return recipe.stages().stream()
                .filter(s -> s.name().equals(stage))
                .findFirst()
                .orElseThrow()
                .targetNonZero();
    }

    /** A goal steers the rounds; the recipe of the kept try repeats it. */
    @Test
    void aBaselineTowardsAGoal() throws Exception {
        Path out = folder.resolve("goal.sws");
        Path kept = folder.resolve("goal.run");
        Outcome outcome = run(
                compress(out, "--method", "deep-compression", "--max-error-increase", "2", "--run", kept.toString()));
        assertEquals(0, outcome.status(), outcome.err());
        Map<?, ?> values = (Map<?, ?>) Json.parse(outcome.out().strip());
        Map<?, ?> goal = (Map<?, ?>) values.get("goal");
        assertEquals(true, goal.get("met"));
        assertTrue(((List<?>) goal.get("tries")).size() > 2, outcome.out());
        assertTrue(((Number) values.get("nonZeroPercent")).doubleValue() < 7, "no further than without a goal");
        Path alone = folder.resolve("alone.run");
        Outcome repeated = run(compress(
                folder.resolve("alone.sws"),
                "--recipe",
                kept.resolve("recipe.toml").toString(),
                "--codec",
                "csr-huffman",
                "--rate-distortion",
                "0",
                "--run",
                alone.toString()));
        assertEquals(0, repeated.status(), repeated.err());
        assertEquals(losses(kept), losses(alone));
    }

    private static List<String> losses(Path run) throws Exception {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceFirst("\"validationErrorPercent\":[^,]*,", ""))
                .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | --method pruning | no method is called pruning",
                "2 | --method deep-compression --recipe generic | leave out --recipe generic",
                "2 | --method network-surgery --codec zip | no codec is called zip",
                "2 | --rate-distortion much | --rate-distortion is much",
                "1 | --method network-surgery --target-ratio 9 | which is what a goal steers",
                "1 | --method network-surgery --set surgery.keptShare=0 | stage surgery has keptShare 0.0",
                "1 | --method deep-compression --set prune.roundEpochs=0 | stage prune has roundEpochs 0"
            })
    void mistakesAreOneLine(int status, String more, String expected) throws Exception {
        Path out = folder.resolve("mistake.sws");
        Outcome outcome = run(compress(out, more.split(" ")));
        assertEquals(status, outcome.status(), outcome.err());
        assertTrue(outcome.err().startsWith("softshare: ") && outcome.err().contains(expected), outcome.err());
        assertFalse(Files.exists(out));
    }
}
