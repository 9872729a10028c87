package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.Philox;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;
import io.softshare.prior.Mixture;
import java.util.Arrays;
import java.util.List;

/** Times one prior step, fused and unfused, from the same state, in turn. */
public final class PriorComparison {
    private static final int ROUNDS = 7;

    private PriorComparison() {}

    /** Medians in seconds; copySeconds: a copy that moves the 28 bytes a weight of a fused step; peakBytes: buffers held. */
    public record Result(
            double fusedSeconds, double unfusedSeconds, double copySeconds, double maxDifference, long peakBytes) {}

    public static Result run(Device device, long count, int components) {
        Kernels kernels = device.kernels();
        Mixture mixture = Mixture.initial(components - 1, 0.999, 0.02, 0.6, 0.25);
        Buffer[] fused = state(device, count);
        Buffer[] unfused = state(device, count);
        try (PriorOperation prior =
                        kernels.prior(List.of(new PriorOperation.TensorLayout(0, 1, count, 1)), components, true);
                Buffer packed = device.allocate(24L * components);
                Buffer scalars = device.floats(Kernels.SCALARS);
                Buffer responsibilities = device.floats(Math.multiplyExact(count, (long) components));
                Buffer priorGradient = device.floats(count);
                Buffer copy = device.floats(Math.multiplyExact(count, 7L) / 2 + 1);
                Buffer copied = device.floats(Math.multiplyExact(count, 7L) / 2 + 1)) {
            packed.write(mixture.packed());
            float[] row = new float[Kernels.SCALARS];
            row[Scalar.TAU.ordinal()] = 1e-5f;
            row[Scalar.RATE_WEIGHTS.ordinal()] = 1e-3f;
            row[Scalar.CORRECTION_1.ordinal()] = 10;
            row[Scalar.CORRECTION_2.ordinal()] = 1000;
            scalars.write(row);
            double[] fusedTimes = new double[ROUNDS];
            double[] unfusedTimes = new double[ROUNDS];
            double[] copyTimes = new double[ROUNDS];
            double difference = 0;
            for (int round = -1; round < ROUNDS; round++) { // round −1 warms up and compares
                long start = System.nanoTime();
                prior.step(
                        fused[0],
                        fused[1],
                        fused[2],
                        fused[3],
                        null,
                        packed,
                        PriorOperation.Offsets.NONE,
                        scalars,
                        PriorOperation.Adam.DEFAULT,
                        PriorOperation.Sums.NONE);
                long middle = System.nanoTime();
                prior.responsibilities(unfused[0], null, packed, PriorOperation.Offsets.NONE, responsibilities, null);
                prior.gradient(unfused[0], null, packed, responsibilities, priorGradient);
                kernels.addScaled(count, scalars, Scalar.TAU, priorGradient, unfused[1]);
                kernels.adam(
                        count,
                        unfused[0],
                        unfused[1],
                        unfused[2],
                        unfused[3],
                        null,
                        scalars,
                        Scalar.RATE_WEIGHTS,
                        PriorOperation.Adam.DEFAULT);
                long end = System.nanoTime();
                copied.copyFrom(copy);
                long last = System.nanoTime();
                if (round < 0) {
                    difference = difference(fused[0], unfused[0], count);
                } else {
                    fusedTimes[round] = (middle - start) / 1e9;
                    unfusedTimes[round] = (end - middle) / 1e9;
                    copyTimes[round] = (last - end) / 1e9;
                }
                unfused[1].copyFrom(fused[1]);
            }
            long peak = 8 * 4 * count + 4 * count * components + 4 * count + 28 * count;
            return new Result(median(fusedTimes), median(unfusedTimes), median(copyTimes), difference, peak);
        } finally {
            for (int i = 0; i < 4; i++) {
                fused[i].close();
                unfused[i].close();
            }
        }
    }

    /** Weights, gradient and Adam's moments; the same for every call. */
    private static Buffer[] state(Device device, long count) {
        Buffer[] buffers = new Buffer[4];
        for (int i = 0; i < 4; i++) {
            buffers[i] = device.floats(count);
        }
        int chunk = 1 << 20;
        float[] values = new float[chunk];
        int[] words = new int[4];
        for (int i = 0; i < 2; i++) {
            for (long at = 0; at < count; at += chunk) {
                int length = (int) Math.min(chunk, count - at);
                for (int k = 0; k < length; k++) {
                    Philox.block(1, at + k, i, Philox.PURPOSE_OTHER, words);
                    values[k] = (float) ((i == 0 ? 0.1 : 1e-3) * Philox.normal(words[0], words[1]));
                }
                buffers[i].write(at, values, 0, length);
            }
        }
        return buffers;
    }

    private static double difference(Buffer a, Buffer b, long count) {
        int chunk = 1 << 20;
        double largest = 0;
        for (long at = 0; at < count; at += chunk) {
            int length = (int) Math.min(chunk, count - at);
            float[] x = a.readFloats(at, length);
            float[] y = b.readFloats(at, length);
            for (int k = 0; k < length; k++) {
                largest = Math.max(largest, Math.abs(x[k] - y[k]));
            }
        }
        return largest;
    }

    private static double median(double[] times) {
        double[] sorted = times.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
