package io.softshare.cli;

import io.softshare.data.Cache;
import io.softshare.data.DataSet;
import io.softshare.data.DataSources;
import io.softshare.device.Device;
import io.softshare.json.Json;
import io.softshare.network.Arena;
import io.softshare.train.Evaluator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Test error of a file. */
@Command(name = "eval", mixinStandardHelpOptions = true, description = "Measures a file's error on the test images.")
final class EvalCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "A .sws, an .onnx, or a .safetensors with --model.")
    private Path file;

    @Option(names = "--model", paramLabel = "NAME|FILE.onnx", description = "The network of a .safetensors.")
    private String model;

    @Option(names = "--data", paramLabel = "mnist|cifar10|DIR", defaultValue = "mnist")
    private String data;

    @Option(names = "--json", description = "The result as one JSON object on stdout.")
    private boolean json;

    @Mixin
    private PreprocessingOptions preprocessing;

    @Mixin
    private LimitOptions limits;

    @Mixin
    private DeviceOptions device;

    @Override
    public Integer call() throws IOException {
        DataSet set = DataSources.open(data, Cache.standard(), Console::progress);
        ModelFile network =
                ModelFile.read(file, model, set.test().shape(), set.test().classes(), preprocessing, limits.limits());
        if (!network.graph().input().equals(set.test().shape())
                || network.graph().classes() != set.test().classes()) {
            throw new io.softshare.pipeline.RecipeException(
                    file + " is for images of " + network.graph().input() + " in "
                            + network.graph().classes() + " classes, " + data + " has "
                            + set.test().shape() + " in "
                            + set.test().classes() + "; give the data it was made for");
        }
        try (Device opened = device.open();
                Arena arena = new Arena(opened, network.graph(), false)) {
            arena.write(network.tensors());
            try (Evaluator evaluator = new Evaluator(opened, network.graph(), arena, set.test())) {
                Evaluator.Score score = evaluator.score();
                System.err.println(String.format(
                        Locale.ROOT,
                        "%s: %.2f %% of %,d test images wrong",
                        file,
                        score.errorPercent(),
                        score.examples()));
                if (json) {
                    Map<String, Object> values = new LinkedHashMap<>();
                    values.put("testErrorPercent", Math.round(score.errorPercent() * 1e4) / 1e4);
                    values.put("examples", (long) score.examples());
                    System.out.println(Json.write(values));
                }
            }
        }
        return 0;
    }
}
