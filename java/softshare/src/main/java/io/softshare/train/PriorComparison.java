package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import io.softshare.device.Kernels;
import io.softshare.device.Philox;
import io.softshare.device.PriorOperation;
import io.softshare.device.Scalar;
import io.softshare.device.Steps;
import io.softshare.prior.Mixture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Times one prior step with Adam, fused and unfused, from the same state, in turn. */
public final class PriorComparison {
    /** Weights whose values after the first step are compared. */
    private static final int COMPARED = 1 << 22;

    private static final int CHUNK = 1 << 20;
    private static final long COPIED = 1L << 29;

    private PriorComparison() {}

    /**
     * One way of doing the step.
     *
     * @param seconds median, by the device's clock
     * @param bytesMoved that the step must read and write at least
     * @param bytesHeld memory that it takes on the device
     * @param recordingSeconds what recording the step as a graph took; 0 where nothing is recorded
     */
    public record Way(double seconds, long bytesMoved, long bytesHeld, double recordingSeconds) {}

    /** Which ways are wanted. */
    public enum Ways {
        FUSED,
        UNFUSED,
        BOTH
    }

    /**
     * The ways that were wanted.
     *
     * @param fused null: not wanted
     * @param unfused null: not wanted, or there is too little memory for it: see {@code unfusedProblem}
     * @param copyBytesASecond read and written by the device's own copy of a large buffer
     * @param maxDifference largest difference of a weight after the first step; NaN if only one way ran
     * @param peakBytes most memory of the device that was taken at once
     */
    public record Result(
            Way fused,
            Way unfused,
            String unfusedProblem,
            double copyBytesASecond,
            double maxDifference,
            long peakBytes) {}

    /** One way's buffers and work. */
    private static final class Side implements AutoCloseable {
        private final List<Buffer> owned = new ArrayList<>();
        private Buffer values;
        private Runnable work;
        private double recording;
        private long held;
        private float[] first;
        private final List<Double> times = new ArrayList<>();

        Buffer own(Buffer buffer) {
            owned.add(buffer);
            return buffer;
        }

        /** Weights, gradient and Adam's moments; the same for every side. */
        Buffer[] state(Device device, long count) {
            Buffer[] buffers = new Buffer[4];
            for (int i = 0; i < 4; i++) {
                buffers[i] = own(device.floats(count));
            }
            float[] chunk = new float[(int) Math.min(CHUNK, count)];
            int[] words = new int[4];
            for (int i = 0; i < 2; i++) {
                for (int k = 0; k < chunk.length; k++) {
                    Philox.block(1, k, i, Philox.PURPOSE_OTHER, words);
                    chunk[k] = (float) ((i == 0 ? 0.1 : 1e-3) * Philox.normal(words[0], words[1]));
                }
                for (long at = 0; at < count; at += chunk.length) {
                    buffers[i].write(at, chunk, 0, (int) Math.min(chunk.length, count - at));
                }
            }
            values = buffers[0];
            return buffers;
        }

        /** The first run, whose result is kept; the second, in which a device records it. */
        void warmUp(Steps steps, long count) {
            steps.run(this, work);
            first = values.readFloats(0, (int) Math.min(COMPARED, count));
            double before = steps.recordingSeconds();
            steps.run(this, work);
            values.readFloats(0, 1);
            recording = steps.recordingSeconds() - before;
        }

        @Override
        public void close() {
            owned.forEach(Buffer::close);
        }
    }

    /** Bytes that a fused step of so many weights reads and writes: weight, task gradient, two moments; three of them again. */
    public static long leastBytes(long count) {
        return 28 * count;
    }

    /** Compares on so many weights; rounds: timed runs of each way. */
    public static Result run(Device device, long count, int components, int rounds, Ways ways) {
        double bandwidth = bandwidth(device, Math.min(COPIED, 16 * count + 4096), rounds);
        Kernels kernels = device.kernels();
        Mixture mixture = Mixture.initial(components - 1, 0.999, 0.02, 0.6, 0.25);
        String problem = null;
        long before = device.bytesInUse();
        try (PriorOperation prior =
                        kernels.prior(List.of(new PriorOperation.TensorLayout(0, 1, count, 1)), components, true);
                Buffer packed = device.allocate(24L * components);
                Buffer scalars = device.floats(Kernels.SCALARS);
                Side fused = new Side();
                Side unfused = new Side();
                Steps steps = device.steps()) {
            packed.write(mixture.packed());
            scalars.write(scalars());
            // Either way needs what the prior holds itself.
            long shared = device.bytesInUse() - before;
            long start = before + shared;
            if (ways != Ways.UNFUSED) {
                fused(fused, device, count, prior, packed, scalars);
                fused.warmUp(steps, count);
                fused.held = device.bytesInUse() - start;
            }
            if (ways != Ways.FUSED) {
                try {
                    unfused(unfused, device, count, components, prior, packed, scalars);
                    unfused.warmUp(steps, count);
                    unfused.held = device.bytesInUse() - start - fused.held;
                } catch (DeviceException e) {
                    if (!e.outOfMemory()) {
                        throw e;
                    }
                    problem = e.getMessage();
                    unfused.close();
                }
            }
            boolean second = ways != Ways.FUSED && problem == null;
            for (int round = 0; round < rounds; round++) {
                if (ways != Ways.UNFUSED) {
                    fused.times.add(device.seconds(() -> steps.run(fused, fused.work)));
                }
                if (second) {
                    unfused.times.add(device.seconds(() -> steps.run(unfused, unfused.work)));
                }
            }
            return new Result(
                    ways == Ways.UNFUSED ? null : way(fused, leastBytes(count), shared),
                    second ? way(unfused, (52 + 8L * components) * count, shared) : null,
                    problem,
                    bandwidth,
                    second && ways == Ways.BOTH ? difference(fused.first, unfused.first) : Double.NaN,
                    shared + fused.held + unfused.held);
        }
    }

    private static Way way(Side side, long bytesMoved, long shared) {
        return new Way(median(side.times), bytesMoved, shared + side.held, side.recording);
    }

    private static float[] scalars() {
        float[] row = new float[Kernels.SCALARS];
        row[Scalar.TAU.ordinal()] = 1e-5f;
        row[Scalar.RATE_WEIGHTS.ordinal()] = 1e-3f;
        row[Scalar.CORRECTION_1.ordinal()] = 10;
        row[Scalar.CORRECTION_2.ordinal()] = 1000;
        return row;
    }

    private static void fused(
            Side side, Device device, long count, PriorOperation prior, Buffer packed, Buffer scalars) {
        Buffer[] s = side.state(device, count);
        side.work = () -> prior.step(
                s[0],
                s[1],
                s[2],
                s[3],
                null,
                packed,
                PriorOperation.Offsets.NONE,
                scalars,
                PriorOperation.Adam.DEFAULT,
                PriorOperation.Sums.NONE);
    }

    private static void unfused(
            Side side, Device device, long count, int components, PriorOperation prior, Buffer packed, Buffer scalars) {
        Kernels kernels = device.kernels();
        // The largest first: if that does not fit, nothing else was taken for it.
        Buffer responsibilities = side.own(device.floats(Math.multiplyExact(count, (long) components)));
        Buffer priorGradient = side.own(device.floats(count));
        Buffer total = side.own(device.floats(count));
        Buffer[] s = side.state(device, count);
        side.work = () -> {
            prior.responsibilities(s[0], null, packed, PriorOperation.Offsets.NONE, responsibilities, null);
            prior.gradient(s[0], null, packed, responsibilities, priorGradient);
            total.copyFrom(s[1]); // the task's gradient stays as it is for the next round
            kernels.addScaled(count, scalars, Scalar.TAU, priorGradient, total);
            kernels.adam(
                    count, s[0], total, s[2], s[3], null, scalars, Scalar.RATE_WEIGHTS, PriorOperation.Adam.DEFAULT);
        };
    }

    /** Bytes read and written a second by a copy of so many bytes. */
    private static double bandwidth(Device device, long bytes, int rounds) {
        try (Buffer from = device.allocate(bytes);
                Buffer to = device.allocate(bytes)) {
            to.copyFrom(from);
            List<Double> times = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                times.add(device.seconds(() -> to.copyFrom(from)));
            }
            return 2.0 * bytes / median(times);
        }
    }

    private static double difference(float[] a, float[] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            double difference = Math.abs((double) a[i] - b[i]);
            largest = difference <= largest ? largest : difference; // NaN is the largest
        }
        return largest;
    }

    private static double median(List<Double> times) {
        double[] sorted =
                times.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return Arrays.stream(sorted, sorted.length / 2, sorted.length / 2 + 1).sum();
    }
}
