package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.json.Json;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line as processes: the whole way, kills and resumes, wrong usage. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CommandLineTest {
    @TempDir
    static Path folder;

    private Path data;
    private Path recipe;
    private Path reference;
    private String result;

    private Processes processes() {
        return new Processes(folder, List.of("-Dsoftshare.checkpoint.seconds=0"), Map.of());
    }

    private Outcome run(String... arguments) throws IOException, InterruptedException {
        return processes().run(arguments);
    }

    private String[] compress(Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "compress", "--model", "lenet-300-100", "--data", data.toString(), "--recipe", recipe.toString()));
        arguments.addAll(List.of("--threads", "1", "--out", out.toString(), "--json"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @BeforeAll
    void undisturbedRun() throws Exception {
        data = SmallData.write(folder.resolve("data"));
        recipe = SmallData.recipe(folder.resolve("recipe.toml"));
        reference = folder.resolve("reference.sws");
        Outcome outcome = run(compress(reference));
        assertEquals(0, outcome.status(), outcome.err());
        result = outcome.out();
    }

    @Test
    void resultTellsTheTruthAboutTheFile() throws Exception {
        Map<?, ?> values = (Map<?, ?>) Json.parse(result.strip());
        assertEquals(Files.size(reference), ((Number) values.get("fileBytes")).longValue());
        assertTrue(((Number) values.get("compressionRatio")).doubleValue() > 10, result);
        assertTrue(((Number) values.get("testErrorPercent")).doubleValue() < 10, result);
        assertFalse(Files.exists(Path.of(reference + ".run")), "the run's folder is left");

        Outcome eval = run("eval", reference.toString(), "--data", data.toString(), "--json");
        Map<?, ?> error = (Map<?, ?>) Json.parse(eval.out().strip());
        assertEquals(values.get("testErrorPercent"), error.get("testErrorPercent"));

        Path tensors = folder.resolve("w.safetensors");
        assertEquals(
                0,
                run("decompress", reference.toString(), "--out", tensors.toString())
                        .status());
        Outcome again =
                run("eval", tensors.toString(), "--model", "lenet-300-100", "--data", data.toString(), "--json");
        assertEquals(eval.out(), again.out(), again.err());
        assertTrue(run("inspect", reference.toString()).out().contains("fc1.weight"));
    }

    /** A recipe that is meant for weights of twice the size, with rates and widths of twice the length, is the same recipe. */
    @Test
    void ratesAndWidthsFollowTheWeights() throws Exception {
        Path out = folder.resolve("twice.sws");
        List<String> more = new ArrayList<>();
        for (String setting :
                ("weightScale=0.2 prior.sigmaZero=0.04 prior.sigma=0.4 prior.meanRange=1.2 prior.sigmaFloor=2e-4"
                                + " prior.rateStart=2e-3 prior.rateEnd=2e-4 prior.sigmaZeroStart=0.04 prior.sigmaZeroEnd=0.2"
                                + " prior.sigmaStart=0.4 prior.sigmaEnd=0.4"
                                + " recover.rateStart=2e-3 recover.rateEnd=2e-4 recover.sigmaStart=0.4 recover.sigmaEnd=0.4"
                                + " soften.rateStart=2e-3 soften.rateEnd=2e-4 soften.sigmaStart=0.16 soften.sigmaEnd=0.04"
                                + " hard.rateStart=4e-4 hard.rateEnd=1e-5 hard.entropyWidth=0.06")
                        .split(" ")) {
            more.addAll(List.of("--set", setting));
        }
        Outcome outcome = run(compress(out, more.toArray(String[]::new)));
        assertEquals(0, outcome.status(), outcome.err());
        assertArrayEquals(Files.readAllBytes(reference), Files.readAllBytes(out));

        Path fixed = folder.resolve("fixed.sws");
        Outcome withoutScale = run(compress(fixed, "--set", "weightScale=0"));
        assertEquals(0, withoutScale.status(), withoutScale.err());
        assertFalse(Arrays.equals(Files.readAllBytes(reference), Files.readAllBytes(fixed)), "the scale did nothing");
    }

    @Test
    void aRunsFolderKeepsWhatItDid() throws Exception {
        Path kept = folder.resolve("kept");
        Outcome outcome = run(compress(folder.resolve("kept.sws"), "--run", kept.toString()));
        assertEquals(0, outcome.status(), outcome.err());
        assertEquals(outcome.out(), Files.readString(kept.resolve("result.json")));
        assertTrue(Files.readString(kept.resolve("recipe.toml")).contains("sigmaZeroEnd = 0.1"));
        List<String> lines = Files.readAllLines(kept.resolve("metrics.jsonl"));
        assertEquals(17, lines.size(), "a line an epoch");
        Map<?, ?> line = (Map<?, ?>) Json.parse(lines.get(6));
        assertEquals(3 * 17, ((List<?>) line.get("mixture")).size());
        Outcome again = run(
                "retrain",
                "--model",
                "lenet-300-100",
                "--weights",
                kept + "/start.safetensors",
                "--data",
                data.toString(),
                "--recipe",
                recipe.toString(),
                "--out",
                folder + "/again.sws",
                "--threads",
                "1");
        assertEquals(0, again.status(), again.err());
    }

    @Test
    void aLossThatIsNotFiniteNamesTheStepAndWhatToChange() throws Exception {
        Outcome outcome = run(compress(folder.resolve("nan.sws"), "--set", "plain.rateStart=1e30"));
        assertEquals(1, outcome.status(), outcome.err());
        String line = oneLine(outcome.err());
        assertTrue(line.matches(".*not finite at step \\d+ of epoch 1 of stage plain.*rateStart.*"), line);
        assertFalse(Files.exists(folder.resolve("nan.sws")));
    }

    @Test
    void sameSeedSameBytesAndUnfusedIsCloseBy() throws Exception {
        Path out = folder.resolve("again.sws");
        assertEquals(0, run(compress(out)).status());
        assertArrayEquals(Files.readAllBytes(reference), Files.readAllBytes(out));
        Path unfused = folder.resolve("unfused.sws");
        Outcome outcome = run(compress(unfused, "--kernels", "unfused"));
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(Math.abs(Files.size(unfused) - Files.size(reference)) < Files.size(reference) / 4);
    }

    @Test
    void killedRunsEndWithTheSameBytes() throws Exception {
        Path out = folder.resolve("killed.sws");
        Random random = new Random(1);
        int kills = 0;
        for (int i = 0; i < 6; i++) {
            Process process = processes().start(List.of(compress(out, "--resume")));
            if (!process.waitFor(300 + random.nextInt(900), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                kills++;
            }
        }
        assertTrue(kills > 0, "every run ended before it was killed");
        Outcome outcome = run(compress(out, "--resume"));
        assertEquals(0, outcome.status(), outcome.err());
        assertArrayEquals(Files.readAllBytes(reference), Files.readAllBytes(out));
    }

    /** What is only about the file may change, and gives the bytes of a run that began with it; all else is refused. */
    @Test
    void aRunGoesOnWithItsOwnOptions() throws Exception {
        Path kept = folder.resolve("resumed");
        Path first = folder.resolve("first.sws");
        assertEquals(0, run(compress(first, "--run", kept.toString())).status());
        for (String changed : List.of(
                "--seed 2",
                "--threads 2",
                "--augment shift",
                "--validation none",
                "--set batch=49",
                "--teacher lenet-5")) {
            List<String> arguments = new ArrayList<>(List.of("compress", "--resume", "--run", kept.toString()));
            arguments.addAll(List.of(changed.split(" ")));
            Outcome refused = run(arguments.toArray(String[]::new));
            assertEquals(2, refused.status(), refused.err());
            String line = oneLine(refused.err());
            assertTrue(line.contains(changed.startsWith("--set") ? "batch = 49" : "run in " + kept), line);
        }
        Outcome training = run("train", "--resume", "--run", kept.toString());
        assertEquals(2, training.status());
        assertTrue(oneLine(training.err()).contains("begun by compress"), training.err());

        Path other = folder.resolve("other.sws");
        Outcome again = run(
                "compress", "--resume", "--run", kept.toString(), "--out", other.toString(), "--codec", "csr-huffman");
        assertEquals(0, again.status(), again.err());
        Path direct = folder.resolve("direct.sws");
        assertEquals(0, run(compress(direct, "--codec", "csr-huffman")).status());
        assertArrayEquals(Files.readAllBytes(direct), Files.readAllBytes(other));
        assertArrayEquals(Files.readAllBytes(reference), Files.readAllBytes(first), "the first file was touched");
    }

    @Test
    void everyChangedByteIsRefused() throws Exception {
        byte[] bytes = Files.readAllBytes(reference);
        Random random = new Random(2);
        // All positions of a small file are covered in the format's own tests; here a few go through the command line.
        for (int i = 0; i < 3; i++) {
            byte[] changed = bytes.clone();
            changed[random.nextInt(changed.length)] ^= (byte) (1 + random.nextInt(255));
            Path file = Files.write(folder.resolve("changed.sws"), changed);
            Outcome outcome = run("inspect", file.toString());
            assertEquals(1, outcome.status());
            oneLine(outcome.err());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | compress --model lenet-9 --data DATA --out o.sws | no network is called lenet-9",
                "2 | compress --model lenet-5 --data DATA | --out is missing",
                "2 | compress --model lenet-5 --out o.sws | --data is missing",
                "2 | compress --speed 3 | Unknown option",
                "2 | shrink | shrink",
                "1 | compress --model lenet-300-100 --data /none/here --out o.sws | /none/here",
                "1 | compress --model lenet-300-100 --data DATA --out /none/here/o.sws | cannot be written",
                "1 | compress --model lenet-300-100 --data DATA --out o.sws --recipe nowhere.toml | nowhere.toml",
                "1 | compress --model lenet-300-100 --data DATA --out o.sws --weights nowhere.safetensors | nowhere",
                "1 | compress --model lenet-300-100 --data DATA --out o.sws --teacher nowhere.sws | nowhere.sws",
                "1 | inspect nowhere.sws | nowhere.sws does not exist",
                "1 | eval DATA/train-images-idx3-ubyte --data DATA | no .sws",
                "1 | compress --resume --out nothing.sws | no checkpoint",
                "1 | inspect ../../docs/examples/lenet-300-100.sws --limit-elements 266609 | give eval, inspect or decompress a larger",
                "2 | inspect ../../docs/examples/lenet-300-100.sws --limit-elements 0 | --limit-elements: expected",
                "1 | devices --device | Unknown option"
            })
    void mistakesAreOneLine(int status, String arguments, String expected) throws Exception {
        Outcome outcome = run(arguments.replace("DATA", data.toString()).split(" "));
        assertEquals(expected.equals("Unknown option") ? 2 : status, outcome.status(), outcome.err());
        String line = oneLine(outcome.err());
        assertTrue(line.contains(expected) || expected.equals("no .sws"), line);
        assertFalse(new File("o.sws").exists());
        assertFalse(new File("o.sws.run").exists());
    }

    @Test
    void aLimitThatIsJustEnough() throws Exception {
        Outcome outcome = run("inspect", "../../docs/examples/lenet-300-100.sws", "--limit-elements", "266610");
        assertEquals(0, outcome.status(), outcome.err());
    }

    @Test
    void badInputIsOneLine() throws Exception {
        Path labels = SmallData.write(folder.resolve("labels")).resolve("train-labels-idx1-ubyte");
        byte[] bytes = Files.readAllBytes(labels);
        bytes[7] -= 1;
        Files.write(labels, Arrays.copyOf(bytes, bytes.length - 1));
        refused("599", compressFrom(folder.resolve("labels")));

        Path pictures = folder.resolve("pictures");
        for (String name : List.of("train/a/1", "train/b/2", "test/a/3", "test/b/4")) {
            Path file = pictures.resolve(name + ".png");
            Files.createDirectories(file.getParent());
            int side = name.endsWith("2") ? 9 : 8;
            ImageIO.write(new BufferedImage(side, side, BufferedImage.TYPE_BYTE_GRAY), "png", file.toFile());
        }
        refused("2.png", compressFrom(pictures));

        Path weights = folder.resolve("weights.safetensors");
        assertEquals(
                0,
                run("decompress", "../../docs/examples/lenet-300-100.sws", "--out", weights.toString())
                        .status());
        refused("fc1.weight", compressWith("--weights", weights.toString()));
        refused("lenet-5 does not fit images of", compressWith("--model", "lenet-5"));
        refused("unknown key speed", compressWith("--recipe", recipeWith("speed = 3")));
        refused("prior.tauEnd is fast, expected a value like 0.3", compressWith("--set", "prior.tauEnd=fast"));
        refused("batch is 0", compressWith("--set", "batch=0"));
        refused("no setting widen.tauEnd", compressWith("--set", "widen.tauEnd=1"));
        refused("neither a network nor a file", compressWith("--teacher", "nobody.sws"));
        refused("no recipe is called fast", compressWith("--recipe", "fast"));
    }

    private String[] compressFrom(Path data) {
        return new String[] {"compress", "--model", "lenet-300-100", "--data", data.toString(), "--out", refusedFile()};
    }

    private String[] compressWith(String... more) {
        List<String> arguments =
                new ArrayList<>(List.of("compress", "--data", data.toString(), "--out", refusedFile()));
        if (!List.of(more).contains("--model")) {
            arguments.addAll(List.of("--model", "lenet-300-100"));
        }
        if (!List.of(more).contains("--recipe")) {
            arguments.addAll(List.of("--recipe", recipe.toString()));
        }
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private String recipeWith(String line) throws IOException {
        Path file = folder.resolve("changed.toml");
        return Files.writeString(file, line + "\n" + Files.readString(recipe)).toString();
    }

    private static String refusedFile() {
        return folder.resolve("refused.sws").toString();
    }

    private void refused(String expected, String... arguments) throws Exception {
        Outcome outcome = run(arguments);
        assertEquals(1, outcome.status(), outcome.err());
        String line = oneLine(outcome.err());
        assertTrue(line.contains(expected), line);
        assertFalse(Files.exists(folder.resolve("refused.sws")));
    }

    /** A limit on the size of files stands in for a full disk: the write fails in the same place, after some bytes. */
    @Test
    void fullDiskIsOneLineAndTheRunGoesOnAfterwards() throws Exception {
        Path out = folder.resolve("full.sws");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> limited = new ArrayList<>(
                List.of("bash", "-c", "ulimit -f 512 && exec \"$@\"", "bash", java, "-XX:-UsePerfData", "-cp"));
        limited.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        limited.add("-Dsoftshare.checkpoint.seconds=0");
        limited.add("io.softshare.cli.Main");
        limited.addAll(List.of(compress(out)));
        Process process = new ProcessBuilder(limited)
                .redirectOutput(folder.resolve("out.txt").toFile())
                .redirectError(folder.resolve("err.txt").toFile())
                .start();
        assertEquals(1, process.waitFor());
        String line = oneLine(Files.readString(folder.resolve("err.txt")));
        assertTrue(line.contains("cannot be written") && line.contains("space"), line);
        assertFalse(Files.exists(out));
        try (var left = Files.walk(Path.of(out + ".run"))) {
            assertTrue(left.noneMatch(p -> p.toString().endsWith(".tmp")), "a half-written file is left");
        }
        assertEquals(0, run(compress(out, "--resume")).status());
        assertArrayEquals(Files.readAllBytes(reference), Files.readAllBytes(out));
    }

    @Test
    void aFileTeachesAndSoDoesTheDenseNetworkUnderAugmentation() throws Exception {
        for (String[] more : new String[][] {
            {"--teacher", reference.toString()}, {"--augment", "shift"}, {"--teacher", "none", "--set", "batch=60"}
        }) {
            Path out = folder.resolve("taught.sws");
            Outcome outcome = run(compress(out, more));
            assertEquals(0, outcome.status(), outcome.err());
            Map<?, ?> values = (Map<?, ?>) Json.parse(outcome.out().strip());
            assertTrue(((Number) values.get("testErrorPercent")).doubleValue() < 20, outcome.out());
            assertFalse(Arrays.equals(Files.readAllBytes(reference), Files.readAllBytes(out)), "it changed nothing");
        }
    }

    private static String oneLine(String err) {
        List<String> lines =
                err.lines().filter(l -> l.startsWith("softshare: ")).toList();
        assertEquals(1, lines.size(), err);
        assertFalse(err.contains("\tat "), err);
        return lines.get(0);
    }
}
