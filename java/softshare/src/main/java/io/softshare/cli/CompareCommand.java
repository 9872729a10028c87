package io.softshare.cli;

import io.softshare.device.Device;
import io.softshare.json.Json;
import io.softshare.train.PriorComparison;
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
        description = "Times the fused prior step against its unfused passes from one state.")
final class CompareCommand implements Callable<Integer> {
    @Option(names = "--weights-count", paramLabel = "N", defaultValue = "1000000")
    private long count;

    @Option(names = "--components", paramLabel = "K", defaultValue = "17", description = "All, the zero one too.")
    private int components;

    @Option(names = "--json")
    private boolean json;

    @Mixin
    private DeviceOptions device;

    @Override
    public Integer call() {
        if (count < 1 || count > 1L << 31 || components < 2 || components > 256) {
            throw new UsageException("--weights-count is " + count + " and --components " + components
                    + ", expected 1 to 2147483648 and 2 to 256");
        }
        try (Device opened = device.open()) {
            PriorComparison.Result r = PriorComparison.run(opened, count, components);
            System.err.println(String.format(
                    Locale.ROOT,
                    "%,d weights, %d components on %s: fused %.3f ms, unfused %.3f ms, %.1f times as fast; copy of the same"
                            + " bytes %.3f ms; largest difference %.2g; %,d MiB at most",
                    count,
                    components,
                    opened.describe(),
                    1e3 * r.fusedSeconds(),
                    1e3 * r.unfusedSeconds(),
                    r.unfusedSeconds() / r.fusedSeconds(),
                    1e3 * r.copySeconds(),
                    r.maxDifference(),
                    r.peakBytes() >> 20));
            if (json) {
                Map<String, Object> values = new LinkedHashMap<>();
                values.put("fusedSeconds", r.fusedSeconds());
                values.put("unfusedSeconds", r.unfusedSeconds());
                values.put("ratio", r.unfusedSeconds() / r.fusedSeconds());
                values.put("copySeconds", r.copySeconds());
                values.put("maxDifference", r.maxDifference());
                values.put("peakBytes", r.peakBytes());
                System.out.println(Json.write(values));
            }
        }
        return 0;
    }
}
