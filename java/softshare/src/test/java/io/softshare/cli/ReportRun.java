package io.softshare.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.codec.FloatTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.container.SwsWriter;
import io.softshare.graph.Graph;
import io.softshare.graph.Node;
import io.softshare.graph.TensorSpec;
import io.softshare.json.Json;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A real, short run whose folder and report the tests look at, and copies of it with things wrong. */
final class ReportRun {
    /** What a name must not be able to do to a page. */
    static final String HOSTILE =
            "</script><script>document.title='broken in'</script><img src=x onerror=alert(1)>\"'&";

    final Path folder;
    final Path run;
    final Path report;

    private ReportRun(Path folder, Path run, Path report) {
        this.folder = folder;
        this.run = run;
        this.report = report;
    }

    static ReportRun make(Path folder, String... more) throws Exception {
        Path data = SmallData.write(folder.resolve("data"));
        Path recipe = SmallData.recipe(folder.resolve("recipe.toml"));
        Path run = folder.resolve("kept");
        Path report = folder.resolve("report.html");
        List<String> arguments = new ArrayList<>(List.of(
                "compress", "--model", "lenet-300-100", "--data", data.toString(), "--recipe", recipe.toString()));
        arguments.addAll(
                List.of("--threads", "1", "--out", folder.resolve("small.sws").toString()));
        arguments.addAll(List.of("--run", run.toString(), "--report", report.toString()));
        arguments.addAll(List.of(more));
        Processes.Outcome outcome = new Processes(folder, List.of(), Map.of()).run(arguments.toArray(String[]::new));
        assertEquals(0, outcome.status(), outcome.err());
        return new ReportRun(folder, run, report);
    }

    /** A copy of the run's folder to spoil. */
    Path copy(String name) throws IOException {
        Path copy = Files.createDirectories(folder.resolve(name));
        try (Stream<Path> files = Files.list(run)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    /** A copy in which layers, stages, recipe, settings and results bear hostile names, and several trials are told of. */
    Path hostile() throws IOException {
        Path copy = copy("hostile");
        SwsFile file = SwsReader.read(copy.resolve("model.sws"));
        Graph graph = file.model().graph();
        Map<String, float[]> start =
                StateDict.read(copy.resolve("start.safetensors")).forGraph(graph);
        Graph renamed = renamed(graph);
        List<CompressedTensor> tensors = new ArrayList<>();
        Map<String, float[]> renamedStart = new LinkedHashMap<>();
        for (int i = 0; i < graph.tensors().size(); i++) {
            TensorSpec spec = renamed.tensors().get(i);
            tensors.add(with(file.model().tensors().get(i), spec));
            renamedStart.put(spec.name(), start.get(graph.tensors().get(i).name()));
        }
        SwsWriter.write(
                copy.resolve("model.sws"),
                new CompressedModel(renamed, tensors),
                Codecs.byName("context").orElseThrow());
        StateDict.of(renamed, renamedStart).write(copy.resolve("start.safetensors"));
        Map<String, Object> result = read(copy.resolve("result.json"));
        result.put("fileBytes", Files.size(copy.resolve("model.sws")));
        result.put("data", HOSTILE);
        result.put("device", HOSTILE);
        result.put("finishing", List.of(HOSTILE));
        Files.writeString(copy.resolve("result.json"), Json.write(result));
        Map<String, Object> settings = read(copy.resolve("settings.json"));
        settings.put("data", HOSTILE);
        settings.put(HOSTILE, HOSTILE);
        Files.writeString(copy.resolve("settings.json"), Json.write(settings));
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(copy.resolve("metrics.jsonl"))) {
            Map<String, Object> epoch = map(Json.parse(line));
            if (epoch.get("stage").equals("prior")) {
                epoch.put("stage", HOSTILE);
            }
            lines.add(Json.write(epoch));
        }
        Files.write(copy.resolve("metrics.jsonl"), lines);
        String recipe = Files.readString(copy.resolve("recipe.toml"));
        String quoted = Json.write(HOSTILE);
        Files.writeString(
                copy.resolve("recipe.toml"),
                recipe.replace("name = \"short\"", "name = " + quoted).replace("name = \"prior\"", "name = " + quoted));
        trials(copy);
        return copy;
    }

    /** Tells a folder of trials: a front of three and two that are beaten. */
    static void trials(Path folder) throws IOException {
        Files.writeString(folder.resolve("trials.json"), """
                [{"trial":1,"validationErrorPercent":2.0,"fileBytes":900},
                 {"trial":2,"validationErrorPercent":1.5,"fileBytes":1200,"chosen":true},
                 {"trial":3,"validationErrorPercent":1.9,"fileBytes":1300},
                 {"trial":4,"validationErrorPercent":1.2,"fileBytes":2400},
                 {"trial":5,"validationErrorPercent":3.0,"fileBytes":2500}]
                """);
    }

    private static Graph renamed(Graph graph) {
        List<Node> nodes = new ArrayList<>();
        Map<String, String> names = new LinkedHashMap<>();
        names.put(Graph.INPUT, Graph.INPUT);
        for (Node node : graph.nodes()) {
            String name = HOSTILE + node.name();
            names.put(node.name(), name);
            nodes.add(new Node(
                    name,
                    node.operation(),
                    node.inputs().stream().map(names::get).toList()));
        }
        return new Graph(HOSTILE, graph.input(), graph.preprocessing(), nodes);
    }

    private static CompressedTensor with(CompressedTensor tensor, TensorSpec spec) {
        if (tensor instanceof QuantizedTensor q) {
            return new QuantizedTensor(spec, q.indices(), q.codebook());
        }
        return tensor instanceof FixedPointTensor f
                ? new FixedPointTensor(spec, f.steps(), f.fractionBits())
                : new FloatTensor(spec, tensor.values());
    }

    private static Map<String, Object> read(Path file) throws IOException {
        return map(Json.parse(Files.readString(file)));
    }

    private static Map<String, Object> map(Object value) {
        Map<String, Object> map = new LinkedHashMap<>();
        ((Map<?, ?>) value).forEach((k, v) -> map.put((String) k, v));
        return map;
    }
}
