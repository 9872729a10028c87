package io.softshare.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every device keeps: its memory, the order of its work, repeated steps. */
abstract class DeviceContract {
    private Device device;

    abstract Device open();

    @BeforeEach
    void openDevice() {
        device = open();
    }

    @AfterEach
    void closeDevice() {
        if (device != null) {
            device.close();
        }
    }

    @Test
    void memoryIsZeroedAndKeepsWhatIsWritten() {
        try (Buffer buffer = device.allocate(48)) {
            assertArrayEquals(new double[6], buffer.readDoubles(6));
            buffer.write(1.5, -2.5, 3e300);
            assertArrayEquals(new double[] {1.5, -2.5, 3e300, 0, 0, 0}, buffer.readDoubles(6));
            buffer.write(new long[] {Long.MIN_VALUE, 7});
            assertArrayEquals(new long[] {Long.MIN_VALUE, 7}, buffer.readLongs(2));
            buffer.write(new int[] {-1, 2, 3});
            assertArrayEquals(new int[] {-1, 2, 3}, buffer.readInts(3));
            buffer.write(new byte[] {1, -128, 127});
            assertArrayEquals(new byte[] {1, -128, 127}, buffer.readBytes(3));
            buffer.write(2, new float[] {9, 8, 7, 6}, 1, 2);
            assertArrayEquals(new float[] {8, 7}, buffer.readFloats(2, 2));
            buffer.clear();
            assertArrayEquals(new float[12], buffer.readFloats());
        }
    }

    @Test
    void viewsShareTheirBuffersMemory() {
        try (Buffer buffer = device.floats(6);
                Buffer other = device.floats(2)) {
            buffer.write(1f, 2f, 3f, 4f, 5f, 6f);
            Buffer view = buffer.floatView(2, 2);
            other.copyFrom(view);
            assertArrayEquals(new float[] {3, 4}, other.readFloats());
            view.clear();
            assertArrayEquals(new float[] {1, 2, 0, 0, 5, 6}, buffer.readFloats());
            assertThrows(IndexOutOfBoundsException.class, () -> buffer.floatView(5, 2));
            assertThrows(IllegalArgumentException.class, () -> other.copyFrom(buffer));
        }
    }

    @Test
    void aClosedBufferIsRefused() {
        Buffer buffer = device.floats(4);
        Buffer view = buffer.floatView(1, 1);
        buffer.close();
        buffer.close();
        assertThrows(IllegalStateException.class, () -> buffer.write(1f));
        assertThrows(IllegalStateException.class, view::readFloats);
        assertThrows(IllegalStateException.class, () -> device.kernels().add(1, buffer, buffer, buffer));
    }

    @Test
    void copiesBetweenDevicesAreRefused() {
        try (Device other = CpuDevice.open(1);
                Buffer here = device.floats(1);
                Buffer there = other.floats(1)) {
            if (!device.kind().equals(other.kind())) {
                assertThrows(IllegalArgumentException.class, () -> here.copyFrom(there));
            }
        }
    }

    @Test
    void workIsDoneInOrder() {
        int count = 10_001;
        float[] ones = new float[count];
        java.util.Arrays.fill(ones, 1);
        try (Buffer a = device.floats(count);
                Buffer sum = device.floats(count)) {
            a.write(ones);
            for (int i = 0; i < 5; i++) {
                device.kernels().add(count, sum, a, sum);
            }
            sum.floatView(0, 1).clear();
            float[] found = sum.readFloats();
            assertEquals(0, found[0]);
            assertEquals(5, found[1]);
            assertEquals(5, found[count - 1]);
            assertTrue(device.seconds(() -> device.kernels().add(count, sum, a, sum)) >= 0);
            assertEquals(6, sum.readFloats()[1]);
        }
    }

    /** Steps of two forms in turn: what a step reads from the device's memory moves on although it is replayed. */
    @Test
    void repeatedStepsReadWhatTheDeviceHolds() {
        int rows = 8;
        try (Buffer table = device.floats((long) rows * Kernels.SCALARS);
                Buffer step = device.allocate(8);
                Buffer scalars = device.floats(Kernels.SCALARS);
                Buffer one = device.floats(1);
                Buffer sum = device.floats(1)) {
            float[] all = new float[rows * Kernels.SCALARS];
            for (int i = 0; i < rows; i++) {
                all[i * Kernels.SCALARS] = 1 << i;
            }
            table.write(all);
            one.write(1f);
            try (Steps steps = device.steps()) {
                for (int i = 0; i < rows; i++) {
                    boolean twice = i % 3 == 1;
                    steps.run(twice, () -> {
                        device.kernels().stepBegin(table, rows, step, scalars);
                        for (int k = 0; k < (twice ? 2 : 1); k++) {
                            device.kernels().addScaled(1, scalars, Scalar.TAU, one, sum);
                        }
                    });
                }
            }
            assertEquals(rows, step.readLongs(1)[0]);
            assertEquals(255 + 2 + 16 + 128, sum.readFloats()[0]);
        }
    }

    @Test
    void failuresAreOneLine() {
        DeviceException failure = assertThrows(
                DeviceException.class,
                () -> device.kernels().convolution(new ConvolutionOperation.Sizes(1, 1, 2, 2, 1, 3, 3, 1, 1, 0, 0, 0)));
        assertTrue(failure.getMessage().contains("does not fit"), failure.getMessage());
        assertEquals(1, failure.getMessage().lines().count());
    }
}
