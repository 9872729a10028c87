package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.device.CudaDevice;
import io.softshare.json.Json;
import io.softshare.pipeline.Recipes;
import io.softshare.train.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line with {@code --device cuda}: on a GPU, or on the stand-in; skipped with the reason where neither is. */
@Tag("cuda")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudaCommandTest {
    @TempDir
    static Path folder;

    private Path data;
    private Processes processes;

    @BeforeAll
    void prepare() throws Exception {
        String problem = CudaDevice.problem();
        assumeTrue(problem == null, problem);
        data = SmallData.write(folder.resolve("data"));
        processes = new Processes(folder, options(), Map.of());
    }

    /** What this JVM was told about CUDA holds for its children too. */
    private static List<String> options() {
        List<String> options = new ArrayList<>(List.of("-Dsoftshare.checkpoint.seconds=0"));
        for (String name : List.of("org.bytedeco.javacpp.platform.linkpath", "softshare.cuda.path")) {
            String value = System.getProperty(name);
            if (value != null) {
                options.add("-D" + name + "=" + value);
            }
        }
        return options;
    }

    private String[] compress(Path out, String device, String recipe, String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("compress", "--device", device, "--model", "lenet-300-100", "--data", data.toString()));
        arguments.addAll(List.of("--recipe", recipe, "--threads", "1", "--out", out.toString(), "--json"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /** No kernel of any stage is missing: there is no way back to the CPU, so a missing one would be an error. */
    @ParameterizedTest
    @ValueSource(strings = {"lenet-300-100", "paper", "deep-compression", "network-surgery"})
    void everyKindOfStage(String recipe) throws Exception {
        everyStage(recipe);
    }

    @Tag("long")
    @ParameterizedTest
    @FieldSource("io.softshare.pipeline.Recipes#NAMES")
    void everyStageOfEveryRecipe(String recipe) throws Exception {
        everyStage(recipe);
    }

    private void everyStage(String recipe) throws Exception {
        List<String> more = new ArrayList<>(List.of("--teacher", "self", "--augment", "shift"));
        for (Stage stage : Recipes.find(recipe, "lenet-300-100", "mnist").stages()) {
            more.addAll(List.of("--set", stage.name() + ".epochs=1"));
        }
        Outcome outcome = processes.run(compress(folder.resolve("r.sws"), "cuda", recipe, more.toArray(String[]::new)));
        assertEquals(0, outcome.status(), outcome.err());
        assertEquals("cuda", ((Map<?, ?>) Json.parse(outcome.out().strip())).get("device"), outcome.out());
    }

    /** The default recipe of LeNet-5, two epochs a stage, on 512 pictures (smaller than MNIST's: its threads are emulated here). */
    @Tag("long")
    @Test
    void leNet5ByItsRecipe() throws Exception {
        Path pictures = SmallData.write(folder.resolve("pictures"), 16, 512);
        List<String> arguments = new ArrayList<>(List.of("compress", "--device", "cuda", "--model", "lenet-5"));
        arguments.addAll(List.of("--data", pictures.toString(), "--recipe", "lenet-5", "--validation", "none"));
        arguments.addAll(List.of("--out", folder.resolve("lenet5.sws").toString(), "--json"));
        for (Stage stage : Recipes.find("lenet-5", "lenet-5", "mnist").stages()) {
            arguments.addAll(List.of("--set", stage.name() + ".epochs=2"));
        }
        Outcome outcome = processes.run(arguments.toArray(String[]::new));
        assertEquals(0, outcome.status(), outcome.err());
        Map<?, ?> result = (Map<?, ?>) Json.parse(outcome.out().strip());
        assertEquals("cuda", result.get("device"));
        assertTrue(number(result, "testErrorPercent") < 20, outcome.out());
        assertTrue(number(result, "compressionRatio") > 4, outcome.out());
    }

    @Test
    void sameSeedSameBytesAlsoAfterKills() throws Exception {
        sameBytesAfterKills("fused");
    }

    @Tag("long")
    @Test
    void unfusedTheSame() throws Exception {
        sameBytesAfterKills("unfused");
    }

    private void sameBytesAfterKills(String kernels) throws Exception {
        String recipe = SmallData.recipe(folder.resolve("recipe.toml")).toString();
        Path first = folder.resolve(kernels + "-first.sws");
        long start = System.nanoTime();
        Outcome outcome = processes.run(compress(first, "cuda", recipe, "--kernels", kernels));
        long milliseconds = (System.nanoTime() - start) / 1_000_000;
        assertEquals(0, outcome.status(), outcome.err());
        Path killed = folder.resolve(kernels + "-killed.sws");
        for (int i = 1; i <= 3; i++) {
            Process process =
                    processes.start(List.of(compress(killed, "cuda", recipe, "--kernels", kernels, "--resume")));
            if (!process.waitFor(milliseconds / 4, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        }
        outcome = processes.run(compress(killed, "cuda", recipe, "--kernels", kernels, "--resume"));
        assertEquals(0, outcome.status(), outcome.err());
        assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(killed));

        if (kernels.equals("unfused")) {
            return;
        }
        // The CPU and the GPU round differently, so their files may differ, but not in what they are worth.
        Outcome cpu = processes.run(compress(folder.resolve("cpu.sws"), "cpu", recipe));
        Map<?, ?> expected = (Map<?, ?>) Json.parse(cpu.out().strip());
        Map<?, ?> found = (Map<?, ?>) Json.parse(outcome.out().strip());
        for (String figure : List.of("testErrorPercent", "pretrainedTestErrorPercent")) {
            assertEquals(number(expected, figure), number(found, figure), 2, figure);
        }
        assertEquals(1, number(found, "fileBytes") / number(expected, "fileBytes"), 0.05);
        // A file made on the one is worth the same on the other.
        for (String device : List.of("cpu", "cuda")) {
            Outcome eval =
                    processes.run("eval", first.toString(), "--data", data.toString(), "--device", device, "--json");
            assertEquals(
                    number(found, "testErrorPercent"),
                    number((Map<?, ?>) Json.parse(eval.out().strip()), "testErrorPercent"),
                    eval.err());
        }
    }

    @Test
    void aMixtureForEachLayer() throws Exception {
        String recipe = SmallData.recipe(folder.resolve("layers.toml")).toString();
        List<Map<?, ?>> results = new ArrayList<>();
        for (String device : List.of("cpu", "cuda")) {
            Outcome outcome = processes.run(
                    compress(folder.resolve("layers.sws"), device, recipe, "--set", "prior.perLayer=true"));
            assertEquals(0, outcome.status(), outcome.err());
            results.add((Map<?, ?>) Json.parse(outcome.out().strip()));
        }
        for (String figure : List.of("testErrorPercent", "fileBytes")) {
            double cpu = number(results.get(0), figure);
            assertEquals(cpu, number(results.get(1), figure), figure.equals("fileBytes") ? 0.05 * cpu : 2, figure);
        }
    }

    private static double number(Map<?, ?> values, String name) {
        return ((Number) values.get(name)).doubleValue();
    }

    @Test
    void comparesFusedAndUnfused() throws Exception {
        String[] arguments =
                ("compare --device cuda --weights-count 4099 --components 5 --model lenet-300-100 --batch 2"
                                + " --steps 4 --rounds 1 --json")
                        .split(" ");
        Outcome outcome = processes.run(arguments);
        assertEquals(0, outcome.status(), outcome.err());
        Map<?, ?> result = (Map<?, ?>) Json.parse(outcome.out().strip());
        double difference = number(result, "maxDifference");
        // A step moves a weight by up to 1e-3; where its gradient almost vanishes, rounding decides by how much.
        assertTrue(difference < 1e-5, outcome.out());
        assertTrue(number(result, "lossDifference") < 1e-5, outcome.out());
        for (String figure :
                ("copySeconds peakBytes ratio fusedRecordingSeconds unfusedRecordingSeconds fusedShareOfCopy"
                                + " fusedStepRecordingSeconds unfusedStepRecordingSeconds fusedStepBytesHeld stepRatio")
                        .split(" ")) {
            assertTrue(number(result, figure) > 0, figure + ": " + outcome.out());
        }
        assertEquals(28 * 4099, number(result, "fusedBytesMoved"));
        assertTrue(outcome.err().contains("by cuDNN"), outcome.err());
    }
}
