package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.cli.Processes.Outcome;
import io.softshare.device.CpuDevice;
import io.softshare.device.CudaDevice;
import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import io.softshare.device.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Why CUDA is not usable, said in one line, by {@code devices} and by {@code --device cuda}. */
class DevicesTest {
    @TempDir
    Path folder;

    private void says(String words, List<String> options, Map<String, String> environment)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(options);
        // What another program has unpacked there must not be found.
        all.add("-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache"));
        Processes processes = new Processes(folder, all, environment);
        Outcome devices = processes.run("devices");
        assertEquals(0, devices.status(), devices.err());
        List<String> lines = devices.out().lines().toList();
        assertEquals(2, lines.size(), devices.out());
        assertTrue(lines.get(0).startsWith("cpu: cpu "), devices.out());
        assertTrue(lines.get(1).startsWith("cuda: not usable: ") && lines.get(1).contains(words), devices.out());

        Outcome asked = processes.run("compare", "--device", "cuda", "--weights-count", "1000");
        assertEquals(1, asked.status());
        assertTrue(asked.err().contains(words), asked.err());
        assertEquals(1, asked.err().lines().count(), asked.err());

        Outcome automatic = processes.run("compare", "--weights-count", "1000");
        assertEquals(0, automatic.status(), automatic.err());
        assertTrue(automatic.err().contains(" on cpu "), automatic.err());
    }

    private static Path standin() {
        Path folder = Path.of(System.getProperty("softshare.test.standin", "none"));
        assumeTrue(
                Files.exists(folder.resolve("libcudart.so.13")),
                "the stand-in of the CUDA runtime is built by the Maven build only");
        return folder;
    }

    private void standinSays(String words, String variable, String value) throws Exception {
        Path standin = standin();
        says(
                words,
                List.of("-Dorg.bytedeco.javacpp.platform.linkpath=" + standin, "-Dsoftshare.cuda.path=" + standin),
                Map.of("LD_LIBRARY_PATH", standin.toString(), variable, value));
    }

    @Test
    void noDriver() throws Exception {
        assumeTrue(CudaDevice.problem() != null, "this machine has a usable GPU");
        assumeTrue(
                CudaDevice.problem().contains("libcuda.so.1 is not found"),
                "this machine has a driver: " + CudaDevice.problem());
        says("no NVIDIA driver: libcuda.so.1 is not found", List.of(), Map.of());
    }

    /** As in containers built with the toolkit's stubs: the library is there, and nothing in it. */
    @Test
    void anEmptyStubOfTheDriver() throws Exception {
        Path runtime = Path.of("/usr/local/cuda/lib64/libcudart.so.13");
        assumeTrue(Files.exists(runtime), "no CUDA toolkit is installed in /usr/local/cuda");
        Path source = Files.writeString(folder.resolve("empty.c"), "");
        Process compiler = new ProcessBuilder(
                        "cc", "-shared", "-o", folder.resolve("libcuda.so.1").toString(), source.toString())
                .inheritIO()
                .start();
        assumeTrue(compiler.waitFor() == 0, "no C compiler");
        says("no NVIDIA driver answers", List.of(), Map.of("LD_LIBRARY_PATH", folder.toString()));
    }

    @Test
    void aDriverThatIsTooOld() throws Exception {
        standinSays("serves CUDA 12.4, expected 13.0 or newer; install driver 580", "SIMT_DRIVER", "12040");
    }

    @Test
    void noGpu() throws Exception {
        standinSays("finds no GPU", "SIMT_DEVICES", "0");
    }

    @Test
    void aGpuThatIsTooOld() throws Exception {
        standinSays("compute capability 7.5, 8.0 or newer is needed", "SIMT_CAPABILITY", "75");
    }

    @Test
    void noKernelLibrary() throws Exception {
        Path standin = standin();
        says(
                "libsoftshare_cuda.so does not exist",
                List.of("-Dorg.bytedeco.javacpp.platform.linkpath=" + standin, "-Dsoftshare.cuda.path=" + folder),
                Map.of("LD_LIBRARY_PATH", standin.toString()));
    }

    /** The rest of CUDA runs; what needs cuDNN says that it is missing, or fails with that line. */
    @Test
    void noCudnn() throws Exception {
        Path standin = standin();
        for (String library : List.of("libcuda.so.1", "libcudart.so.13", "libsoftshare_cuda.so")) {
            Files.createSymbolicLink(folder.resolve(library), standin.resolve(library));
        }
        assumeTrue(CudaDevice.problem() != null, "this machine has a usable GPU, and may have cuDNN");
        Processes processes = new Processes(
                folder,
                List.of(
                        "-Dorg.bytedeco.javacpp.platform.linkpath=" + folder,
                        "-Dsoftshare.cuda.path=" + folder,
                        "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache")),
                Map.of("LD_LIBRARY_PATH", folder.toString()));
        String words = "cuDNN 9 with cuBLAS 13, which --kernels unfused needs, is not found: no lib";
        Outcome devices = processes.run("devices");
        List<String> lines = devices.out().lines().toList();
        assertEquals(3, lines.size(), devices.out());
        assertTrue(lines.get(1).startsWith("cuda: cuda "), devices.out());
        assertTrue(lines.get(2).startsWith("cudnn: not usable: " + words), devices.out());

        Outcome compared =
                processes.run("compare --device cuda --weights-count 100 --components 2 --model lenet-300-100"
                        .concat(" --batch 1 --steps 3 --rounds 1 --json")
                        .split(" "));
        assertEquals(0, compared.status(), compared.err());
        assertTrue(compared.err().contains("unfused layers: not run: " + words), compared.err());
        assertTrue(compared.out().contains("\"unfusedStepSeconds\":"), compared.out());

        Path data = SmallData.write(folder.resolve("data"));
        String out = folder.resolve("out.sws").toString();
        Outcome asked =
                processes.run("compress --device cuda --kernels unfused --model lenet-300-100 --recipe lenet-5 --data"
                        .concat(" " + data + " --out " + out)
                        .split(" "));
        assertEquals(1, asked.status(), asked.err());
        assertTrue(
                asked.err().lines().toList().stream().anyMatch(l -> l.startsWith("softshare: " + words)), asked.err());
    }

    @Test
    void aPrecisionThatTheCpuLacks() throws Exception {
        Processes processes = new Processes(folder, List.of(), Map.of());
        Outcome outcome = processes.run("compare", "--device", "cpu", "--precision", "tf32");
        assertEquals(2, outcome.status());
        assertTrue(outcome.err().contains("the CPU computes in fp32 or bf16 only"), outcome.err());
        Outcome unknown = processes.run("compare", "--precision", "fp16");
        assertEquals(2, unknown.status());
        assertTrue(unknown.err().contains("expected fp32, tf32 or bf16"), unknown.err());
    }

    /** In bf16 from equalised layers to a file, or, without the instructions, one line that says so. */
    @Test
    void compressesInBf16() throws Exception {
        Processes processes = new Processes(folder, List.of(), Map.of());
        Path data = SmallData.write(folder.resolve("data"));
        Path recipe = SmallData.recipe(folder.resolve("short.toml"));
        Files.writeString(recipe, "equalise = true\n" + Files.readString(recipe));
        Path out = folder.resolve("out.sws");
        Path run = folder.resolve("run");
        Outcome done = processes.run(("compress --device cpu --precision bf16 --model lenet-300-100 --data " + data
                        + " --recipe " + recipe + " --out " + out + " --run " + run + " --json")
                .split(" "));
        try (Device device = CpuDevice.open(1, Precision.BF16)) {
            assertTrue(device.describe().endsWith(", bf16"), device.describe());
        } catch (DeviceException e) {
            assertEquals(1, done.status(), done.err());
            assertEquals(1, done.err().lines().count(), done.err());
            assertTrue(done.err().contains("avx512_bf16") && done.err().contains("--precision fp32"), done.err());
            assumeTrue(false, "SKIPPED: " + e.getMessage());
        }
        assertEquals(0, done.status(), done.err());
        assertTrue(done.err().contains("equalised layers: root mean square"), done.err());
        Matcher error = Pattern.compile("\"testErrorPercent\":([0-9.]+)").matcher(done.out());
        assertTrue(error.find() && Double.parseDouble(error.group(1)) < 10, done.out()); // four easy classes
        assertTrue(Files.readString(run.resolve("recipe.toml")).contains("equalise = true"));
    }
}
