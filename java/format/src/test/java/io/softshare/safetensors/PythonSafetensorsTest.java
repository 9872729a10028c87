package io.softshare.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the Python library. {@code SOFTSHARE_PYTHON} names an interpreter that has safetensors and numpy. */
class PythonSafetensorsTest {
    @TempDir
    Path folder;

    private static String python() {
        String named = System.getenv("SOFTSHARE_PYTHON");
        return named == null || named.isBlank() ? "python3" : named;
    }

    private record Run(int status, String output) {}

    private static Run run(String script, Object... arguments) throws Exception {
        java.util.List<String> command = new java.util.ArrayList<>(java.util.List.of(python(), "-c", script));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        File log = File.createTempFile("softshare", ".log");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log)
                    .start();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Run(-1, "no end after 60 seconds");
            }
            return new Run(process.exitValue(), Files.readString(log.toPath(), StandardCharsets.UTF_8));
        } finally {
            Files.delete(log.toPath());
        }
    }

    @BeforeAll
    static void findLibrary() throws Exception {
        Run run;
        try {
            run = run("import numpy, safetensors.numpy");
        } catch (IOException e) {
            run = new Run(-1, e.getMessage());
        }
        assumeTrue(
                run.status() == 0,
                "skipped: " + python() + " has no safetensors and numpy; name one that has in SOFTSHARE_PYTHON");
    }

    @Test
    void readsWhatPythonWrites() throws Exception {
        Path path = folder.resolve("p.safetensors");
        Run run = run("""
                import sys, numpy as np
                from safetensors.numpy import save_file
                x = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 7
                save_file({"c.weight": x, "h": x[0].astype(np.float16), "d": x[0, 0].astype(np.float64),
                           "bn.num_batches_tracked": np.array(3, dtype=np.int64)}, sys.argv[1], {"format": "pt"})
                """, path);
        assertEquals(0, run.status(), run.output());
        StateDict dict = StateDict.read(path);
        assertEquals(Map.of("format", "pt"), dict.metadata());
        Map<String, NamedTensor> tensors = new HashMap<>();
        dict.tensors().forEach(t -> tensors.put(t.name(), t));
        assertEquals(java.util.Set.of("c.weight", "h", "d"), tensors.keySet());
        assertEquals(java.util.List.of(2L, 3L, 2L, 2L), tensors.get("c.weight").shape());
        for (int i = 0; i < 24; i++) {
            assertEquals(i / 7f, tensors.get("c.weight").values()[i]);
        }
        assertEquals(11 / 7f, tensors.get("h").values()[11], 1e-3);
        assertArrayEquals(
                new float[] {0, 1 / 7f, 2 / 7f, 3 / 7f}, tensors.get("d").values());
    }

    @Test
    void pythonReadsWhatWeWrite() throws Exception {
        Graph graph = Models.find("wrn-16-4", new Shape(3, 8, 8), 10).orElseThrow();
        Map<String, float[]> values = new HashMap<>();
        for (TensorSpec spec : graph.tensors()) {
            float[] v = new float[spec.size()];
            for (int i = 0; i < v.length; i++) {
                v[i] = i * 0.5f;
            }
            values.put(spec.name(), v);
        }
        Path path = folder.resolve("j.safetensors");
        StateDict.of(graph, values).write(path);
        Run run = run("""
                import sys, numpy as np
                from safetensors.numpy import load_file
                tensors = load_file(sys.argv[1])
                counters = [n for n in tensors if n.endswith(".num_batches_tracked")]
                assert len(counters) == 13 and all(tensors[n].dtype == np.int64 and tensors[n].shape == () for n in counters)
                for name, x in tensors.items():
                    if name in counters: continue
                    assert x.dtype == np.float32 and (x.ravel() == np.arange(x.size) * 0.5).all(), name
                print(len(tensors) - len(counters), tensors["blocks.0.conv1.weight"].shape)
                """, path);
        assertEquals(0, run.status(), run.output());
        assertTrue(run.output().contains(graph.tensors().size() + " (64, 16, 3, 3)"), run.output());
    }
}
