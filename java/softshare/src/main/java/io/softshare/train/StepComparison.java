package io.softshare.train;

import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.Device;
import io.softshare.device.Philox;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Times whole retraining steps of a network on made-up images, with the prior fused and unfused, in turn. */
public final class StepComparison {
    private static final int STEPS = 40;

    private StepComparison() {}

    /**
     * Medians over epochs of {@value #STEPS} steps, all that an epoch does included.
     *
     * @param lossDifference largest relative difference of an epoch's loss between the two
     */
    public record Result(double fusedSeconds, double unfusedSeconds, double lossDifference) {}

    /** Compares on batches of so many images; rounds: timed epochs of each way. */
    public static Result run(Device device, Graph graph, int batch, Stage stage, int rounds) {
        ImageSet images = images(graph.input(), graph.classes(), batch * STEPS);
        List<Double> fused = new ArrayList<>();
        List<Double> unfused = new ArrayList<>();
        double difference = 0;
        try (TrainingState first = new TrainingState(device, graph);
                TrainingState second = new TrainingState(device, graph);
                Trainer one = trainer(device, graph, first, images, batch, true, stage);
                Trainer other = trainer(device, graph, second, images, batch, false, stage)) {
            for (int epoch = 0; epoch <= rounds; epoch++) { // epoch 0 warms up
                int now = Math.min(epoch, stage.epochs() - 1);
                Trainer.Epoch[] seen = new Trainer.Epoch[2];
                double a = device.seconds(() -> seen[0] = one.epoch(stage, now, now));
                double b = device.seconds(() -> seen[1] = other.epoch(stage, now, now));
                if (epoch > 0) {
                    fused.add(a / STEPS);
                    unfused.add(b / STEPS);
                }
                if (epoch < 2) { // later the two drift apart, as any two orders of rounding do
                    difference =
                            Math.max(difference, Math.abs(seen[0].loss() - seen[1].loss()) / Math.abs(seen[0].loss()));
                }
            }
        }
        Collections.sort(fused);
        Collections.sort(unfused);
        return new Result(fused.get(fused.size() / 2), unfused.get(unfused.size() / 2), difference);
    }

    private static Trainer trainer(
            Device device, Graph graph, TrainingState state, ImageSet images, int batch, boolean fused, Stage stage) {
        Trainer trainer = new Trainer(
                device,
                graph,
                state,
                images,
                new Trainer.Options(1, batch, Augmentation.NONE, fused, PriorSettings.DEFAULTS));
        state.arena().initialise(1);
        trainer.begin(stage);
        return trainer;
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
