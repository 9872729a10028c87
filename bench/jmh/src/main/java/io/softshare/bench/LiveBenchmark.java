package io.softshare.bench;

import io.softshare.container.CompressedModel;
import io.softshare.container.SwsReader;
import io.softshare.data.Augmentation;
import io.softshare.data.ImageSet;
import io.softshare.device.CpuDevice;
import io.softshare.device.Device;
import io.softshare.device.Philox;
import io.softshare.graph.Graph;
import io.softshare.graph.Shape;
import io.softshare.network.ParameterLayout.Slot;
import io.softshare.pipeline.Export;
import io.softshare.train.PriorSettings;
import io.softshare.train.Stage;
import io.softshare.train.Trainer;
import io.softshare.train.TrainingState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A training step on the live weights of a compressed network alone, against the same step with its zeros: the pattern of zeros
 * is a real one, the images are made up. An invocation is an epoch of {@value #STEPS} steps with all that an epoch does.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class LiveBenchmark {
    static final int STEPS = 40;

    /** What the passes run on. */
    public enum Weights {
        LIVE,
        ALL
    }

    @Param({"docs/examples/lenet-300-100.sws", "docs/examples/lenet-5.sws"})
    public String network;

    @Param({"RECOVER", "HARD"})
    public Stage.Kind stage;

    @Param({"128"})
    public int batch;

    @Param({"2"})
    public int threads;

    @Param
    public Weights weights;

    private Device device;
    private Side side;

    /** A network in training. */
    private static final class Side implements AutoCloseable {
        final TrainingState state;
        final Trainer trainer;
        final Stage stage;
        int epoch;

        Side(Device device, CompressedModel model, Stage.Kind kind, int batch, Weights weights) {
            Graph graph = model.graph();
            state = new TrainingState(device, graph);
            Export.load(model, state.arena());
            state.arena().mask();
            int[] mask = state.arena().readMask();
            for (Slot slot : state.arena().layout().weights()) {
                float[] values = state.arena().view(slot.spec().name()).readFloats();
                for (int i = 0; i < values.length; i++) {
                    int at = (int) slot.offset() + i;
                    if (values[i] == 0) {
                        mask[at >> 5] &= ~(1 << (at & 31));
                    }
                }
            }
            state.arena().writeMask(mask);
            trainer = new Trainer(
                    device,
                    graph,
                    state,
                    images(graph.input(), graph.classes(), batch * STEPS),
                    new Trainer.Options(
                            1,
                            batch,
                            Augmentation.NONE,
                            true,
                            PriorSettings.DEFAULTS,
                            weights == Weights.LIVE ? 1 : 0));
            stage = Stage.defaults(kind);
            Stage before = Stage.defaults(Stage.Kind.SOFTEN);
            trainer.begin(before);
            trainer.begin(stage);
        }

        double epoch() {
            // Each as the first of the stage: the same work every time.
            return trainer.epoch(stage, 0, epoch++).loss();
        }

        @Override
        public void close() {
            trainer.close();
            state.close();
        }
    }

    @Setup
    public void setUp() throws IOException {
        device = CpuDevice.open(threads);
        CompressedModel model = SwsReader.read(Path.of(network)).model();
        try (Side expected = new Side(device, model, stage, batch, Weights.ALL);
                Side found = new Side(device, model, stage, batch, Weights.LIVE)) {
            double a = expected.epoch();
            double b = found.epoch();
            if (!(Math.abs(a - b) <= 1e-4 * Math.abs(a))) {
                throw new IllegalStateException(
                        "loss on live weights " + b + ", with zeros " + a + "; nothing is timed");
            }
            System.out.println(String.format(
                    Locale.ROOT,
                    "%s: %d live weights, %.2f %%",
                    network,
                    found.state.arena().liveCount(),
                    100.0
                            * found.state.arena().liveCount()
                            / found.state.arena().layout().weightCount()));
        }
        side = new Side(device, model, stage, batch, weights);
    }

    @TearDown
    public void tearDown() {
        side.close();
        device.close();
    }

    /** @return the epoch's loss */
    @Benchmark
    @OperationsPerInvocation(STEPS)
    public double step() {
        return side.epoch();
    }

    private static ImageSet images(Shape shape, int classes, int count) {
        byte[] pixels = new byte[count * shape.size()];
        byte[] labels = new byte[count];
        int[] words = new int[4];
        for (int i = 0; i < pixels.length; i++) {
            Philox.block(2, i, 0, Philox.PURPOSE_OTHER, words);
            pixels[i] = (byte) words[0];
        }
        for (int i = 0; i < count; i++) {
            labels[i] = (byte) (i % classes);
        }
        return new ImageSet(shape, pixels, labels, classes);
    }
}
