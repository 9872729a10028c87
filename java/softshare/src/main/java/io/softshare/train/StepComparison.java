package io.softshare.train;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.Device;
import io.softshare.device.DeviceException;
import io.softshare.device.LayerOperations;
import io.softshare.device.Philox;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Times whole retraining steps of a network on made-up images, fused and unfused, in turn. */
public final class StepComparison {
    private StepComparison() {}

    /**
     * One way of doing the step.
     *
     * @param seconds median over epochs, all that an epoch does included but the recording
     * @param recordingSeconds what recording the steps of an epoch took, median; 0 where nothing is recorded
     * @param bytesHeld memory that it takes on the device, the images included
     */
    public record Way(double seconds, double recordingSeconds, long bytesHeld) {}

    /**
     * The ways that were wanted.
     *
     * @param fused null: not wanted
     * @param unfused null: not wanted
     * @param layersProblem why the unfused step's layers are the device's own and not the vendor's library's; null: they
     *     are as they should be
     * @param lossDifference largest relative difference of an epoch's loss between the two; NaN if only one way ran
     */
    public record Result(Way fused, Way unfused, String layersProblem, double lossDifference) {}

    /** A network in training under the prior, on made-up images. */
    public static final class Side implements AutoCloseable {
        private final Device device;
        private final Stage stage;
        private final int steps;
        private final TrainingState state;
        private final Trainer trainer;
        private final List<Double> times = new ArrayList<>();
        private final List<Double> recordings = new ArrayList<>();
        private final long held;
        private int epoch;

        /**
         * A network with start values.
         *
         * @param steps of an epoch
         * @throws DeviceException if the unfused layers need a library that is missing
         */
        public Side(Device device, Graph graph, int batch, int steps, Stage stage, boolean fused) {
            this(device, device.layers(fused), graph, batch, steps, stage, fused);
        }

        private Side(
                Device device,
                LayerOperations operations,
                Graph graph,
                int batch,
                int steps,
                Stage stage,
                boolean fused) {
            this.device = device;
            this.stage = stage;
            this.steps = steps;
            long before = device.bytesInUse();
            ImageSet images = images(graph.input(), graph.classes(), Math.multiplyExact(batch, steps));
            state = new TrainingState(device, graph);
            trainer = new Trainer(
                    device,
                    operations,
                    graph,
                    state,
                    images,
                    new Trainer.Options(1, batch, Augmentation.NONE, fused, PriorSettings.DEFAULTS));
            state.arena().initialise(1);
            trainer.begin(stage);
            held = device.bytesInUse() - before;
        }

        /** The next epoch. @return its mean loss */
        public double epoch() {
            double before = trainer.recordingSeconds();
            double[] loss = new double[1];
            int now = Math.min(epoch, stage.epochs() - 1);
            double seconds = device.seconds(
                    () -> loss[0] = trainer.epoch(stage, now, now).loss());
            double recording = trainer.recordingSeconds() - before;
            if (epoch++ > 0) { // the first warms up
                times.add((seconds - recording) / steps);
                recordings.add(recording);
            }
            return loss[0];
        }

        private Way way() {
            return new Way(median(times), median(recordings), held);
        }

        @Override
        public void close() {
            trainer.close();
            state.close();
        }
    }

    /** Compares on batches of so many images; rounds: timed epochs of each way, of so many steps. */
    public static Result run(
            Device device, Graph graph, int batch, int steps, Stage stage, int rounds, PriorComparison.Ways ways) {
        LayerOperations separate = null;
        String problem = null;
        if (ways != PriorComparison.Ways.FUSED) {
            try {
                separate = device.layers(false);
            } catch (DeviceException e) {
                problem = e.getMessage();
                separate = device.layers(true);
            }
        }
        double difference = Double.NaN;
        try (Side fused = ways == PriorComparison.Ways.UNFUSED
                        ? null
                        : new Side(device, graph, batch, steps, stage, true);
                Side unfused =
                        separate == null ? null : new Side(device, separate, graph, batch, steps, stage, false)) {
            for (int epoch = 0; epoch <= rounds; epoch++) {
                double first = fused == null ? Double.NaN : fused.epoch();
                double second = unfused == null ? Double.NaN : unfused.epoch();
                if (epoch < 2) { // later the two drift apart, as any two orders of rounding do
                    double now = Math.abs(first - second) / Math.abs(first);
                    difference = now <= difference ? difference : now;
                }
            }
            return new Result(
                    fused == null ? null : fused.way(), unfused == null ? null : unfused.way(), problem, difference);
        }
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    private static ImageSet images(Shape shape, int classes, int count) {
        byte[] pixels = new byte[count * shape.size()];
        byte[] labels = new byte[count];
        int[] words = new int[4];
        for (int i = 0; i < pixels.length; i += 4) {
            Philox.block(2, i, 0, Philox.PURPOSE_OTHER, words);
            for (int k = 0; k < 4 && i + k < pixels.length; k++) {
                pixels[i + k] = (byte) words[k];
            }
        }
        for (int i = 0; i < count; i++) {
            labels[i] = (byte) (i % classes);
        }
        return new ImageSet(shape, pixels, labels, classes);
    }
}
