package io.softshare.cli;

import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import picocli.CommandLine.Option;

/** Which device, with how many threads. */
final class DeviceOptions {
    @Option(names = "--device", paramLabel = "auto|cpu", defaultValue = "auto", description = "Where to compute.")
    String device;

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads (default: all processors).")
    Integer threads;

    Device open() {
        return open(device, threads());
    }

    int threads() {
        int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (count < 1 || count > 1024) {
            throw new UsageException("--threads is " + count + ", expected 1 to 1024");
        }
        return count;
    }

    static Device open(String device, int threads) {
        return switch (device) {
            case "auto", "cpu" -> CpuDevice.open(threads);
            case "cuda" ->
                throw new io.softshare.pipeline.RecipeException("this version has no CUDA device; use --device cpu");
            default -> throw new UsageException("--device is " + device + ", expected auto or cpu");
        };
    }
}
