package io.softshare.cli;

import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.models.Models;
import io.softshare.json.Json;
import io.softshare.pipeline.ModelSource;
import io.softshare.pipeline.PreprocessingChange;
import io.softshare.pipeline.Recipes;
import io.softshare.train.PriorComparison;
import io.softshare.train.Stage;
import io.softshare.train.StepComparison;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Fused against unfused. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = "Times the fused prior step against its unfused passes from one state; with --model also whole"
                + " retraining steps.")
final class CompareCommand implements Callable<Integer> {
    @Option(
            names = "--weights-count",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "Weights under the prior (default: ${DEFAULT-VALUE}).")
    private long count;

    @Option(
            names = "--components",
            paramLabel = "K",
            defaultValue = "17",
            description = "All, the zero one too (default: ${DEFAULT-VALUE}).")
    private int components;

    @Option(
            names = "--model",
            paramLabel = "NAME|FILE.onnx",
            description = "Time retraining steps of this network too.")
    private String model;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "128",
            description = "Images in such a step (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "11",
            description = "Timed runs of each way; medians are told (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--json", description = "One line of JSON on standard output.")
    private boolean json;

    @Mixin
    private DeviceOptions device;

    @Override
    public Integer call() throws IOException {
        if (count < 1 || count > 1L << 31 || components < 2 || components > 256) {
            throw new UsageException("--weights-count is " + count + " and --components " + components
                    + ", expected 1 to 2147483648 and 2 to 256");
        }
        if (rounds < 1 || rounds > 10_000 || batch < 1 || batch > 65_536) {
            throw new UsageException(
                    "--rounds is " + rounds + " and --batch " + batch + ", expected 1 to 10000 and 1 to 65536");
        }
        Graph graph = model == null ? null : graph();
        Map<String, Object> values = new LinkedHashMap<>();
        try (Device opened = device.open()) {
            values.put("device", opened.describe());
            values.put("weights", count);
            values.put("components", components);
            prior(opened, values);
            if (graph != null) {
                Stage stage =
                        Recipes.find("lenet-5", "lenet-5", "mnist").stages().get(1);
                StepComparison.Result r = StepComparison.run(opened, graph, batch, stage, Math.min(rounds, 7));
                values.put("model", model);
                values.put("batch", batch);
                values.put("fusedStepSeconds", r.fusedSeconds());
                values.put("unfusedStepSeconds", r.unfusedSeconds());
                values.put("lossDifference", r.lossDifference());
                say(
                        "%s, batch %d: a retraining step %.3f ms with the prior fused, %.3f ms unfused; losses differ by"
                                + " %.1g of theirs at most",
                        model, batch, 1e3 * r.fusedSeconds(), 1e3 * r.unfusedSeconds(), r.lossDifference());
            }
        }
        if (json) {
            System.out.println(Json.write(values));
        }
        return 0;
    }

    private Graph graph() throws IOException {
        boolean onnx = ModelSource.isOnnx(model);
        if (!onnx && !Models.names().contains(model)) {
            throw new UsageException("no network is called " + model + "; expected " + ModelSource.expected());
        }
        return ModelSource.find(model, onnx ? null : ModelFile.usualImages(model), 10, PreprocessingChange.NONE)
                .graph();
    }

    private void prior(Device opened, Map<String, Object> values) {
        PriorComparison.Result r = PriorComparison.run(opened, count, components, rounds);
        say(
                "%,d weights, %d components on %s; a copy reads and writes %.1f GB/s",
                count, components, opened.describe(), r.copyBytesASecond() / 1e9);
        values.put("copyBytesASecond", r.copyBytesASecond());
        way("fused", r.fused(), r, values);
        if (r.unfused() == null) {
            say("unfused: not run: %s", r.unfusedProblem());
            values.put("unfusedProblem", r.unfusedProblem());
            return;
        }
        way("unfused", r.unfused(), r, values);
        double ratio = r.unfused().seconds() / r.fused().seconds();
        say("fused is %.1f times as fast; largest difference of a weight %.2g", ratio, r.maxDifference());
        values.put("ratio", ratio);
        values.put("maxDifference", r.maxDifference());
    }

    private static void way(
            String name, PriorComparison.Way way, PriorComparison.Result r, Map<String, Object> values) {
        double share = way.bytesMoved() / way.seconds() / r.copyBytesASecond();
        say(
                "%s: %.4f ms, %.1f MB moved at %.0f %% of the copy's rate, %,d MiB held%s",
                name,
                1e3 * way.seconds(),
                way.bytesMoved() / 1e6,
                100 * share,
                way.bytesHeld() >> 20,
                way.recordingSeconds() == 0
                        ? ""
                        : String.format(Locale.ROOT, "; recording it took %.1f ms", 1e3 * way.recordingSeconds()));
        values.put(name + "Seconds", way.seconds());
        values.put(name + "BytesMoved", way.bytesMoved());
        values.put(name + "ShareOfCopy", share);
        values.put(name + "BytesHeld", way.bytesHeld());
        if (way.recordingSeconds() > 0) {
            values.put(name + "RecordingSeconds", way.recordingSeconds());
        }
    }

    private static void say(String format, Object... arguments) {
        System.err.println(String.format(Locale.ROOT, format, arguments));
    }
}
