package io.softshare.device;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a GPU, or on the stand-in; skipped with the reason where neither is. */
@Tag("cuda")
class CudaDeviceTest extends DeviceContract {
    @Override
    Device open() {
        String problem = CudaDevice.problem();
        assumeTrue(problem == null, problem);
        return CudaDevice.open(Precision.FP32);
    }

    @Test
    void memoryThatIsNotThereIsRefusedInOneLine() {
        try (Device device = open()) {
            DeviceException failure = assertThrows(DeviceException.class, () -> device.allocate(1L << 50));
            assertTrue(failure.getMessage().contains("MiB more are needed"), failure.getMessage());
            device.allocate(16).close(); // and the device goes on
        }
    }

    @Test
    void tensorCoresAreUsedWhenAskedFor() {
        open().close();
        try (Device device = CudaDevice.open(Precision.TF32);
                LinearOperation linear = device.kernels().linear(4, 8, 8, 0)) {
            assertTrue(linear.implementation().contains("tf32"), linear.implementation());
            assertTrue(device.describe().contains("tf32"), device.describe());
        }
    }
}
