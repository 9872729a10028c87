package io.softshare.cli;

import io.softshare.device.CpuDevice;
import io.softshare.device.CudaDevice;
import io.softshare.device.Device;
import io.softshare.device.Precision;
import picocli.CommandLine.Option;

/** Which device, with how many threads, in which precision. */
final class DeviceOptions {
    @Option(
            names = "--device",
            paramLabel = "auto|cpu|cuda",
            defaultValue = "auto",
            description = "Where to compute; auto: the GPU where one is usable, see `softshare devices`.")
    String device;

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads (default: all processors).")
    Integer threads;

    @Option(
            names = "--precision",
            paramLabel = "fp32|tf32|bf16",
            defaultValue = "fp32",
            description = "Of convolutions and matrix products; tf32 needs a GPU, bf16 a processor with avx512_bf16.")
    String precision;

    Device open() {
        return open(device, threads(), precision);
    }

    /** Opens a device as the options' texts say. */
    static Device open(String device, int threads, String precision) {
        Precision wanted = switch (precision) {
            case "fp32" -> Precision.FP32;
            case "tf32" -> Precision.TF32;
            case "bf16" -> Precision.BF16;
            default -> throw new UsageException("--precision is " + precision + ", expected fp32, tf32 or bf16");
        };
        return switch (device) {
            case "auto" -> CudaDevice.problem() == null ? cuda(wanted) : cpu(threads, wanted, "no GPU is usable here");
            case "cpu" -> cpu(threads, wanted, "the CPU computes in fp32 or bf16 only");
            case "cuda" -> cuda(wanted);
            default -> throw new UsageException("--device is " + device + ", expected auto, cpu or cuda");
        };
    }

    private static Device cuda(Precision wanted) {
        if (wanted == Precision.BF16) {
            throw new UsageException(
                    "--precision is bf16, but the GPU computes in fp32 or tf32 only; use --precision tf32,"
                            + " or --device cpu");
        }
        return CudaDevice.open(wanted);
    }

    private static Device cpu(int threads, Precision wanted, String why) {
        if (wanted == Precision.TF32) {
            throw new UsageException(
                    "--precision is tf32, but " + why + "; use --precision fp32, or --device cuda where there is one");
        }
        return CpuDevice.open(threads, wanted);
    }

    int threads() {
        int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (count < 1 || count > 1024) {
            throw new UsageException("--threads is " + count + ", expected 1 to 1024");
        }
        return count;
    }
}
