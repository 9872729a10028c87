package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.json.Json;
import io.softshare.search.Store;
import io.softshare.search.Trial;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Searches, some as processes: the best can be repeated, kills lose nothing that ended, several work together. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SearchCommandTest {
    private static final int TRIALS = 5;

    @TempDir
    static Path folder;

    private Path data;
    private Path recipe;
    private Path space;
    private Outcome undisturbed;

    private Processes processes(String name) throws IOException {
        Path own = Files.createDirectories(folder.resolve(name));
        return new Processes(own, List.of("-Dsoftshare.checkpoint.seconds=0"), Map.of());
    }

    private String[] search(String run, String... more) {
        List<String> arguments =
                new ArrayList<>(List.of("search", "--model", "lenet-300-100", "--data", data.toString()));
        arguments.addAll(List.of("--recipe", recipe.toString(), "--space", space.toString(), "--threads", "1"));
        arguments.addAll(List.of("--max-error", "8", "--trials", String.valueOf(TRIALS), "--json"));
        arguments.addAll(List.of("--run", folder.resolve(run).toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @BeforeAll
    void once() throws Exception {
        data = SmallData.write(folder.resolve("data"));
        recipe = SmallData.recipe(folder.resolve("recipe.toml"));
        space = Files.writeString(folder.resolve("space.toml"), """
                [recover]
                rateStart = { from = 1e-4, to = 1e-2, scale = "log" }
                [hard]
                components = { from = 4, to = 16, scale = "log", integer = true }
                [soften]
                components = { same = "hard.components" }
                """);
        undisturbed = here(search("undisturbed", "--out", folder + "/best.sws"));
        assertEquals(0, undisturbed.status(), undisturbed.err());
    }

    /** Runs the command line in this process: the start of a JVM takes longer than a small search. */
    private static synchronized Outcome here(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream keptOut = new ByteArrayOutputStream();
        ByteArrayOutputStream keptErr = new ByteArrayOutputStream();
        System.setOut(new PrintStream(keptOut, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(keptErr, true, StandardCharsets.UTF_8));
        try {
            int status = Main.run(arguments);
            return new Outcome(
                    status, keptOut.toString(StandardCharsets.UTF_8), keptErr.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    /** What a search found, without times and owners. */
    private static List<String> found(Path run) {
        try (Store store = Store.open(run)) {
            return store.trials().stream()
                    .map(t -> t.number() + " " + t.state() + " " + t.settings() + " " + t.errorPercent() + " "
                            + t.bytes())
                    .toList();
        }
    }

    @Test
    void theCommandAtTheEndRepeatsTheBest() throws Exception {
        Map<?, ?> result = (Map<?, ?>) Json.parse(undisturbed.out().strip());
        String command = (String) result.get("command");
        assertTrue(undisturbed.err().strip().endsWith(command), undisturbed.err());
        Map<?, ?> best = (Map<?, ?>) result.get("best");
        byte[] file = Files.readAllBytes(folder.resolve("best.sws"));
        assertEquals(file.length, ((Number) best.get("fileBytes")).intValue());
        assertTrue(((Number) best.get("validationErrorPercent")).doubleValue() <= 8, result.toString());
        List<String> words = new ArrayList<>(List.of(command.split(" ")));
        assertEquals("softshare", words.remove(0));
        words.set(words.indexOf("--out") + 1, folder + "/again.sws");
        Outcome again = here(words.toArray(String[]::new));
        assertEquals(0, again.status(), again.err());
        // The trial went on from the start that all share; the command trains it anew.
        assertTrue(Files.exists(folder.resolve("undisturbed/start.bin")));
        assertArrayEquals(file, Files.readAllBytes(folder.resolve("again.sws")));
        Outcome eval = here("eval", folder + "/best.sws", "--data", data.toString(), "--json");
        assertTrue(eval.out().contains("\"testErrorPercent\":" + result.get("testErrorPercent")), eval.out());
    }

    @Test
    void theBestTrialsRecordsMakeAReport() throws Exception {
        Map<?, ?> best = (Map<?, ?>) ((Map<?, ?>) Json.parse(undisturbed.out().strip())).get("best");
        Path trials = folder.resolve("undisturbed/trials");
        Path records = trials.resolve(String.format("%04d.run", ((Number) best.get("trial")).intValue()));
        try (Stream<Path> all = Files.list(trials)) {
            assertEquals(
                    List.of(records),
                    all.filter(f -> f.toString().endsWith(".run")).toList(),
                    "only the best's are kept");
        }
        Outcome report = here("report", records.toString(), "--out", folder + "/report.html");
        assertEquals(0, report.status(), report.err());
        assertTrue(undisturbed.err().contains("softshare report " + records), undisturbed.err());
        List<?> listed = (List<?>) Json.parse(Files.readString(records.resolve("trials.json")));
        assertTrue(listed.size() > 1 && listed.size() <= TRIALS, listed.toString());
        assertTrue(Files.readString(folder.resolve("report.html")).contains("All trials"));
    }

    @Test
    void everyTrialIsOnRecord() {
        try (Store store = Store.open(folder.resolve("undisturbed"))) {
            List<Trial> trials = store.trials();
            assertEquals(TRIALS, trials.size());
            assertEquals("0.001", trials.get(0).settings().get("recover.rateStart"), "the recipe as it is comes first");
            for (Trial trial : trials) {
                assertEquals(1, trial.seed());
                assertTrue(trial.seconds() > 0);
                long epochs = store.epochs().stream()
                        .filter(e -> e.trial() == trial.number())
                        .count();
                assertTrue(epochs >= 2, trial + " has " + epochs);
            }
            assertEquals(TRIALS, trials.stream().map(Trial::settings).distinct().count(), "each has other settings");
        }
        assertEquals(TRIALS, trials(undisturbed.err()).size(), undisturbed.err());
    }

    @Test
    void killedSearchesEndWithTheSameTrials() throws Exception {
        Random random = new Random(4);
        int kills = 0;
        List<String> before = List.of();
        for (int i = 0; i < 2; i++) {
            boolean begun = Store.exists(folder.resolve("killed"));
            Process process =
                    processes("killed-out").start(List.of(begun ? search("killed", "--resume") : search("killed")));
            // From the moment that there is something to lose.
            long until = System.nanoTime() + 60_000_000_000L;
            while (process.isAlive() && !Files.exists(folder.resolve("killed/trials")) && System.nanoTime() < until) {
                Thread.sleep(20);
            }
            if (!process.waitFor(300 + random.nextInt(900), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                kills++;
            }
            List<String> now = found(folder.resolve("killed")).stream()
                    .filter(t -> !t.contains("RUNNING") && !t.contains("CHOOSING"))
                    .toList();
            assertEquals(before, now.subList(0, before.size()), "a trial that had ended is lost");
            before = now;
        }
        assertTrue(kills > 0, "every search ended before it was killed");
        Outcome outcome = here("search", "--resume", "--run", folder + "/killed", "--trials", "" + TRIALS);
        assertEquals(0, outcome.status(), outcome.err());
        assertEquals(found(folder.resolve("undisturbed")), found(folder.resolve("killed")));
    }

    @Test
    void twoProcessesShareTheWork() throws Exception {
        Process first = processes("first").start(List.of(search("shared", "--strategy", "bayes")));
        long until = System.nanoTime() + 60_000_000_000L;
        while (!Files.exists(folder.resolve("shared/trials")) && first.isAlive() && System.nanoTime() < until) {
            Thread.sleep(20);
        }
        Outcome second = here("search", "--run", folder + "/shared", "--resume", "--trials", "" + TRIALS, "--json");
        assertEquals(0, second.status(), second.err());
        assertTrue(first.waitFor(120, TimeUnit.SECONDS));
        String log = Files.readString(folder.resolve("first/err.txt"));
        assertEquals(0, first.exitValue(), log);
        List<String> own = trials(log);
        List<String> others = trials(second.err());
        assertFalse(others.isEmpty(), "the second process did nothing");
        List<String> all = new ArrayList<>(own);
        all.addAll(others);
        assertEquals(TRIALS, all.size(), "each trial is run by one process: " + own + " and " + others);
        assertEquals(TRIALS, all.stream().distinct().count());
        try (Store store = Store.open(folder.resolve("shared"))) {
            assertTrue(store.trials().stream().allMatch(t -> t.state().ended() && t.attempt() == 1));
            assertEquals(
                    TRIALS,
                    store.trials().stream().map(Trial::settings).distinct().count());
        }
    }

    private static List<String> trials(String log) {
        return log.lines()
                .filter(l -> l.matches("trial +\\d+/\\d+  (done|stopped|failed).*"))
                .map(l -> l.replaceAll("trial +(\\d+)/.*", "$1"))
                .collect(Collectors.toList());
    }

    @Test
    void aHopelessTrialIsStopped() throws Exception {
        // A network that learns nothing: three of four answers stay wrong.
        List<String> arguments = new ArrayList<>(List.of(search("hopeless")));
        arguments.set(arguments.indexOf("--trials") + 1, "1");
        arguments.set(arguments.indexOf("--max-error") + 1, "1");
        for (String rate : List.of("plain.rateStart", "plain.rateEnd", "prior.rateStart", "prior.rateEnd")) {
            arguments.addAll(List.of("--set", rate + "=1e-9"));
        }
        Outcome first = here(arguments.toArray(String[]::new));
        assertEquals(1, first.status(), first.err());
        try (Store store = Store.open(folder.resolve("hopeless"))) {
            // Others that ended where they were after five epochs under the prior.
            for (int number = 2; number <= 9; number++) {
                store.claim("test", 9, 1);
                Map<String, String> settings =
                        Map.of("recover.rateStart", "0.00" + number, "hard.components", "4", "soften.components", "4");
                assertTrue(store.run(number, "test", settings));
                store.epoch(new Store.Epoch(number, 9, "prior", 5, 50, 1, 1000));
                assertTrue(store.end(number, "test", Trial.State.DONE, 50, 1000, 1, null));
            }
        }
        Outcome outcome = here("search", "--resume", "--run", folder + "/hopeless", "--trials", "10");
        assertEquals(1, outcome.status(), outcome.err());
        try (Store store = Store.open(folder.resolve("hopeless"))) {
            Trial last = store.trials().get(9);
            assertEquals(Trial.State.STOPPED, last.state(), last.toString());
            assertTrue(last.errorPercent() > 10 && last.bytes() == 0, last.toString());
            assertTrue(last.message().contains("epoch 5 of stage prior"), last.message());
            assertEquals(
                    1,
                    store.epochs().stream()
                            .filter(e -> e.trial() == 10 && e.stage().equals("prior"))
                            .count());
        }
        assertFalse(Files.exists(folder.resolve("hopeless/trials/0010.sws")));
        assertFalse(Files.exists(folder.resolve("hopeless/trials/0010-1.run")));
    }

    @Test
    void noFeasibleTrialIsSaidAndIsStatusOne() throws Exception {
        String[] arguments = search("none", "--strategy", "random", "--seed", "2");
        arguments[Arrays.asList(arguments).indexOf("--trials") + 1] = "1";
        arguments[Arrays.asList(arguments).indexOf("--max-error") + 1] = "0.001";
        Outcome outcome = here(arguments);

        if (outcome.status() == 0) { // the small data can be learnt without a fault
            assertTrue(outcome.out().contains("\"validationErrorPercent\":0"), outcome.out());
            return;
        }
        assertEquals(1, outcome.status(), outcome.err());
        String last = outcome.err().strip().lines().reduce((a, b) -> b).orElse("");
        assertTrue(last.startsWith("softshare: none of 1 trials kept to 0.001 %"), last);
        assertTrue(outcome.out().contains("\"best\":null"), outcome.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | search --model lenet-300-100 --data DATA --max-error 2 | --run is missing",
                "2 | search --model lenet-300-100 --data DATA --run RUN | --max-error is missing",
                "2 | search --data DATA --max-error 2 --run RUN | --model is missing",
                "2 | search --model lenet-300-100 --max-error 2 --run RUN | --data is missing",
                "2 | search --model lenet-300-100 --data DATA --max-error 200 --run RUN | --max-error is 200.0",
                "2 | search --model lenet-300-100 --data DATA --max-error 2 --trials 0 --run RUN | --trials is 0",
                "2 | search --model lenet-300-100 --data DATA --max-error 2 --strategy best --run RUN | bayes or random",
                "2 | search --model lenet-300-100 --data DATA --max-error 2 --validation none --run RUN | --validation",
                "2 | search --model lenet-300-100 --data DATA --max-error 2 --run RUN --space SPACE --set hard.components=8"
                        + " --recipe RECIPE | hard.components is in",
                "1 | search --model lenet-300-100 --data DATA --max-error 2 --run RUN --space nowhere.toml | nowhere.toml",
                "1 | search --model lenet-300-100 --data DATA --max-error 2 --run RUN --space SPACE --recipe paper | recipe paper has no setting",
                "1 | search --resume --run RUN | no search is in",
                "1 | search --model lenet-300-100 --data DATA --max-error 2 --run UNDISTURBED | holds a search already",
                "2 | search --resume --run UNDISTURBED --seed 2 | --seed is 2, but the search",
                "2 | search --resume --run UNDISTURBED --codec csr-huffman | began without it"
            })
    void mistakesAreOneLine(int status, String arguments, String expected) {
        String[] words = Arrays.stream(arguments.split(" +"))
                .map(w -> w.replace("DATA", data.toString())
                        .replace("SPACE", space.toString())
                        .replace("RECIPE", recipe.toString())
                        .replace("UNDISTURBED", folder + "/undisturbed")
                        .replace("RUN", folder + "/new"))
                .toArray(String[]::new);
        Outcome outcome = here(words);
        assertEquals(status, outcome.status(), outcome.err());
        List<String> lines = outcome.err().lines().toList();
        assertEquals(1, lines.size(), outcome.err());
        assertTrue(lines.get(0).startsWith("softshare: ") && lines.get(0).contains(expected), lines.get(0));
        assertFalse(Files.exists(folder.resolve("new/search.db")));
    }
}
