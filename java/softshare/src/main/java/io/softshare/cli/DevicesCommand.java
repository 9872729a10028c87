package io.softshare.cli;

import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** What can compute here. */
@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists what can compute on this machine.")
final class DevicesCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        try (Device cpu = DeviceOptions.open("cpu", Runtime.getRuntime().availableProcessors())) {
            System.out.println("cpu: " + cpu.describe());
        } catch (DeviceException e) {
            System.out.println("cpu: not usable: " + e.getMessage());
        }
        System.out.println("cuda: not in this version");
        return 0;
    }
}
