package io.softshare.cli;

import io.softshare.device.CpuDevice;
import io.softshare.device.CudaDevice;
import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import io.softshare.device.Precision;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** What can compute here. */
@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists what can compute on this machine.")
final class DevicesCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        try (Device cpu = CpuDevice.open(Runtime.getRuntime().availableProcessors())) {
            System.out.println("cpu: " + cpu.describe());
        } catch (DeviceException e) {
            System.out.println("cpu: not usable: " + e.getMessage());
        }
        String problem = CudaDevice.problem();
        if (problem != null) {
            System.out.println("cuda: not usable: " + problem);
            return 0;
        }
        try (Device cuda = CudaDevice.open(Precision.FP32)) {
            System.out.println("cuda: " + cuda.describe());
        }
        String missing = CudaDevice.cudnnProblem();
        System.out.println("cudnn: " + (missing == null ? CudaDevice.cudnnVersion() : "not usable: " + missing));
        return 0;
    }
}
