package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Goals on the command line: met, missed, cut by time, killed, wrong. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GoalCommandTest {
    @TempDir
    static Path folder;

    private Path data;
    private Path recipe;

    private Processes processes() {
        return new Processes(folder, List.of("-Dsoftshare.checkpoint.seconds=0"), Map.of());
    }

    private Outcome run(String... arguments) throws IOException, InterruptedException {
        return processes().run(arguments);
    }

    private List<String> compress(Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "compress", "--model", "lenet-300-100", "--data", data.toString(), "--recipe", recipe.toString()));
        arguments.addAll(List.of("--threads", "1", "--out", out.toString(), "--json"));
        arguments.addAll(List.of(more));
        return arguments;
    }

    private Outcome towards(Path out, String... more) throws Exception {
        return run(compress(out, more).toArray(String[]::new));
    }

    private static Map<?, ?> json(Outcome outcome) {
        return (Map<?, ?>) Json.parse(outcome.out().strip());
    }

    private static double number(Map<?, ?> values, String key) {
        return ((Number) values.get(key)).doubleValue();
    }

    @BeforeAll
    void data() throws Exception {
        data = SmallData.write(folder.resolve("data"));
        recipe = SmallData.recipe(folder.resolve("recipe.toml"));
    }

    @Test
    void theSmallestFileWithinAnError() throws Exception {
        Path out = folder.resolve("error.sws");
        Path kept = folder.resolve("error.run");
        Outcome outcome = towards(out, "--max-error-increase", "2", "--run", kept.toString());
        assertEquals(0, outcome.status(), outcome.err());
        Map<?, ?> values = json(outcome);
        Map<?, ?> goal = (Map<?, ?>) values.get("goal");
        assertEquals(true, goal.get("met"));
        assertEquals(Files.size(out), ((Number) values.get("fileBytes")).longValue());
        assertTrue(
                number(goal, "validationErrorPercent") <= number(goal, "startValidationErrorPercent") + 2,
                outcome.out());
        List<?> tries = (List<?>) goal.get("tries");
        assertTrue(tries.size() > 1, outcome.out());
        for (Object each : tries) {
            Map<?, ?> attempt = (Map<?, ?>) each;
            boolean met = number(attempt, "validationErrorPercent") <= number(goal, "startValidationErrorPercent") + 2;
            assertTrue(!met || number(attempt, "fileBytes") >= Files.size(out), "a smaller file was good: " + attempt);
        }

        // The folder is a run's like any other: its record is the kept try's, and the report reads it.
        assertArrayEquals(Files.readAllBytes(out), Files.readAllBytes(kept.resolve("model.sws")));
        List<String> lines = Files.readAllLines(kept.resolve("metrics.jsonl"));
        assertTrue(lines.get(lines.size() - 1).contains("\"stage\":\"hard\",\"epoch\":3"), lines.toString());
        assertEquals(
                0,
                run("report", kept.toString(), "--out", folder + "/error.html").status());
        String html = Files.readString(folder.resolve("error.html"));
        assertTrue(html.contains("--max-error-increase 2.0"), "the report's command does not name the goal");

        // A run that is over can be asked again.
        Files.delete(out);
        assertEquals(
                0,
                run("compress", "--resume", "--run", kept.toString(), "--json").status());
        assertArrayEquals(Files.readAllBytes(kept.resolve("model.sws")), Files.readAllBytes(out));

        // Its tries were judged by its codec and goal: only where the file goes may change.
        for (String changed : List.of("--codec csr-huffman", "--max-error-increase 3", "--time-budget 5")) {
            String[] words = changed.split(" ");
            Outcome refused = run("compress", "--resume", "--run", kept.toString(), words[0], words[1]);
            assertEquals(2, refused.status(), refused.err());
            assertTrue(refused.err().contains(changed.replace(" ", " is ") + ", but the run in"), refused.err());
        }
        Path elsewhere = folder.resolve("elsewhere.sws");
        assertEquals(
                0,
                run("compress", "--resume", "--run", kept.toString(), "--out", elsewhere.toString())
                        .status());
        assertArrayEquals(Files.readAllBytes(out), Files.readAllBytes(elsewhere));
    }

    /** The recipe that is left with a try repeats its training without a goal. */
    @Test
    void theRecipeOfTheKeptTryRepeatsIt() throws Exception {
        Path kept = folder.resolve("repeat.run");
        assertEquals(
                0,
                towards(folder.resolve("repeat.sws"), "--max-error-increase", "2", "--run", kept.toString())
                        .status());
        Path alone = folder.resolve("alone.run");
        Outcome outcome = run(
                "compress",
                "--model",
                "lenet-300-100",
                "--data",
                data.toString(),
                "--recipe",
                kept.resolve("recipe.toml").toString(),
                "--threads",
                "1",
                "--out",
                folder + "/alone.sws",
                "--run",
                alone.toString());
        assertEquals(0, outcome.status(), outcome.err());
        assertEquals(withoutUnmeasured(kept), withoutUnmeasured(alone));
    }

    /** Lines of the record without the validation error, which a goal measures more often. */
    private static List<String> withoutUnmeasured(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceFirst("\"validationErrorPercent\":[^,]*,", ""))
                .toList();
    }

    @Test
    void theLowestErrorAtARatio() throws Exception {
        Path out = folder.resolve("ratio.sws");
        Outcome outcome = towards(out, "--target-ratio", "60");
        assertEquals(0, outcome.status(), outcome.err());
        Map<?, ?> values = json(outcome);
        assertTrue(number(values, "compressionRatio") >= 60, outcome.out());
        assertTrue(number(values, "testErrorPercent") < 20, outcome.out());
        Map<?, ?> goal = (Map<?, ?>) values.get("goal");
        for (Object each : (List<?>) goal.get("tries")) {
            Map<?, ?> attempt = (Map<?, ?>) each;
            assertTrue(
                    number(attempt, "fileBytes") * 60 > number(values, "originalBytes")
                            || number(attempt, "validationErrorPercent") >= number(goal, "validationErrorPercent"),
                    "a better file was small enough: " + outcome.out());
        }
        assertFalse(Files.exists(Path.of(out + ".run")), "the run's folder is left");
    }

    @Test
    void aGoalOutOfReachIsStatusOneAndLeavesTheBestFile() throws Exception {
        Path out = folder.resolve("missed.sws");
        Outcome outcome = towards(out, "--target-ratio", "20000");
        assertEquals(1, outcome.status(), outcome.err());
        String line = oneLine(outcome.err());
        assertTrue(line.contains(out.toString()) && line.contains("ask for less"), line);
        Map<?, ?> values = json(outcome);
        assertEquals(false, ((Map<?, ?>) values.get("goal")).get("met"));
        assertEquals(Files.size(out), ((Number) values.get("fileBytes")).longValue());
        assertEquals(0, run("eval", out.toString(), "--data", data.toString()).status());
    }

    @Test
    void aTimeBudgetShortensTheRunAndStillEndsInAFile() throws Exception {
        shortened(folder.resolve("time.sws"));
    }

    /** Without an epoch of pretraining, what the run will take is known only after the first state was kept. */
    @Test
    void aTimeBudgetForAGivenNetwork() throws Exception {
        String weights = folder + "/given.safetensors";
        Outcome trained = run(
                "train",
                "--model",
                "lenet-300-100",
                "--data",
                data.toString(),
                "--recipe",
                recipe.toString(),
                "--out",
                weights);
        assertEquals(0, trained.status(), trained.err());
        shortened(folder.resolve("time-given.sws"), "--weights", weights);
    }

    private void shortened(Path out, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--max-error-increase", "99", "--time-budget", "0.02"));
        arguments.addAll(List.of("--set", "prior.epochs=2000", "--set", "recover.epochs=200"));
        arguments.addAll(List.of(more));
        Outcome outcome = towards(out, arguments.toArray(String[]::new));
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.err().contains("of its epochs"), outcome.err());
        Map<?, ?> goal = (Map<?, ?>) json(outcome).get("goal");
        assertEquals(0.02, number(goal, "timeBudgetMinutes"));
        assertTrue(Files.size(out) > 0);
    }

    @Test
    void killedRunsEndWithTheSameBytes() throws Exception {
        Path reference = folder.resolve("undisturbed.sws");
        Outcome whole = towards(reference, "--max-error-increase", "2");
        assertEquals(0, whole.status(), whole.err());
        Path out = folder.resolve("killed.sws");
        Random random = new Random(3);
        int kills = 0;
        for (int i = 0; i < 8; i++) {
            Process process = processes().start(compress(out, "--max-error-increase", "2", "--resume"));
            if (!process.waitFor(400 + random.nextInt(1200), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                kills++;
            }
        }
        assertTrue(kills > 0, "every run ended before it was killed");
        Outcome outcome = towards(out, "--max-error-increase", "2", "--resume");
        assertEquals(0, outcome.status(), outcome.err());
        assertArrayEquals(Files.readAllBytes(reference), Files.readAllBytes(out));
        assertEquals(tries(whole), tries(outcome));
    }

    private static List<String> tries(Outcome outcome) {
        return ((List<?>) ((Map<?, ?>) json(outcome).get("goal")).get("tries"))
                .stream()
                        .map(t -> ((Map<?, ?>) t).get("liveWeights") + " "
                                + ((Map<?, ?>) t).get("validationErrorPercent") + " "
                                + ((Map<?, ?>) t).get("fileBytes"))
                        .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | --max-error-increase 1 --target-ratio 20 | leave one out",
                "2 | --max-error-increase -0.5 | --max-error-increase is -0.5",
                "2 | --max-error-increase half | --max-error-increase",
                "2 | --target-ratio 1 | --target-ratio is 1.0, expected more than 1",
                "2 | --target-ratio NaN | --target-ratio is NaN",
                "2 | --time-budget 5 | there is none",
                "2 | --target-ratio 20 --time-budget 0 | --time-budget is 0.0",
                "2 | --target-ratio 20 --validation none | judged by validation images",
                "1 | --target-ratio 20 --recipe paper | no stage of kind prior with freezeAbove below 1"
            })
    void mistakesAreOneLine(int status, String more, String expected) throws Exception {
        Path out = folder.resolve("mistake.sws");
        List<String> arguments = new ArrayList<>(
                List.of("compress", "--model", "lenet-300-100", "--data", data.toString(), "--out", out.toString()));
        arguments.addAll(List.of(more.split(" ")));
        Outcome outcome = run(arguments.toArray(String[]::new));
        assertEquals(status, outcome.status(), outcome.err());
        String line = oneLine(outcome.err());
        assertTrue(line.contains(expected), line);
        assertFalse(Files.exists(out));
    }

    @Test
    void otherCommandsHaveNoGoals() throws Exception {
        Outcome outcome = run(
                "train",
                "--model",
                "lenet-300-100",
                "--data",
                data.toString(),
                "--out",
                folder + "/t.safetensors",
                "--target-ratio",
                "9");
        assertEquals(2, outcome.status(), outcome.err());
        assertTrue(oneLine(outcome.err()).contains("not for train"), outcome.err());
    }

    private static String oneLine(String err) {
        List<String> lines =
                err.lines().filter(l -> l.startsWith("softshare: ")).toList();
        assertEquals(1, lines.size(), err);
        assertFalse(err.contains("\tat "), err);
        return lines.get(0);
    }
}
