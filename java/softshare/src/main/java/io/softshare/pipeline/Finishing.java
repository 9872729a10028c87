package io.softshare.pipeline;

import io.softshare.codec.Codec;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.FixedPointTensor;
import io.softshare.container.CompressedModel;
import io.softshare.container.SwsWriter;
import io.softshare.device.Device;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorRole;
import io.softshare.network.Arena;
import io.softshare.quantize.SharedWeights;
import io.softshare.simplify.Reordering;
import io.softshare.simplify.Simplified;
import io.softshare.simplify.Simplifier;
import io.softshare.train.Evaluator;
import io.softshare.train.TrainingState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * From a trained state to what is written: fewer bits for what the error does not feel. In turn: rate–distortion on the weights'
 * indices, coarser shared values, biases and batch-norm values; then, exactly, constants into biases and units that nobody reads
 * to nothing; those biases rounded again; and, if asked for, another order of hidden units. Whatever changes the outputs is kept only if the error on
 * the validation images stays within {@value #TOLERANCE_PERCENT} points of what it was before all this; without such images it is
 * left out. Batch-norm's values must keep the loss, too: they are a few per cent of a file, and a given network may have been
 * trained on those images, whose error then hides what rounding does to others.
 */
final class Finishing {
    /** Points of validation error that all reductions together may cost: two of MNIST's 5,000 images. */
    static final double TOLERANCE_PERCENT = 0.04;

    /** λ's that are tried in turn, until one costs too much. */
    private static final double[] LAMBDAS = {0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1};

    /** More of them where a goal leaves much to be used up. */
    private static final double[] FURTHER_LAMBDAS = {1.5, 2, 3, 5, 7, 10, 15, 20, 30};

    private static final int[] MANTISSA_BITS = {3, 4, 5, 6, 8, 10};
    private static final int FULL = 23;

    /** How much of the validation loss the rounding of batch-norm's values may add. */
    private static final double LOSS_SHARE = 0.01;

    private final Device device;
    private final Graph graph;
    private final Evaluator validation;
    private final Arena arena;
    private final Map<String, float[]> values;
    private final RunListener listener;
    private double limit;

    private SharedWeights weights;
    private int biasBits;
    private int mantissaBits = FULL;
    private int valueBits = FULL;
    private double takenLambda;
    private double[] lambdas = LAMBDAS;
    private final List<String> steps = new ArrayList<>();

    /**
     * What came of it.
     *
     * @param steps what was done, a phrase each, for the report
     * @param unmoved the model with hidden units in the order of training
     * @param reordered whether hidden units of the model lie in another order than in training
     */
    record Result(CompressedModel model, CompressedModel unmoved, List<String> steps, boolean reordered) {}

    /**
     * What all reductions together may cost.
     *
     * @param maxErrorPercent they may go up to this error on the validation images; a network that is above it already is spared. NaN:
     *     {@value #TOLERANCE_PERCENT} points
     * @param maxBytes if the file is larger than that, rate–distortion goes on until it fits, whatever the error; 0: any size
     * @param factor by which it may be larger; if it is by more, nothing is done about it
     */
    record Allowance(double maxErrorPercent, long maxBytes, double factor) {
        static final Allowance NONE = new Allowance(Double.NaN, 0, 0);
    }

    private Finishing(
            Device device,
            Graph graph,
            Evaluator validation,
            Arena arena,
            TrainingState state,
            int biasBits,
            RunListener listener) {
        this.device = device;
        this.graph = graph;
        this.validation = validation;
        this.arena = arena;
        this.values = state.arena().read();
        this.weights = Export.weights(state);
        this.biasBits = biasBits;
        this.listener = listener;
    }

    /**
     * Finishes a network.
     *
     * @param lambda of the rate–distortion choice; 0: none; NaN: as large as the validation error allows
     * @param reorder whether hidden units may change places
     */
    static Result run(
            Device device,
            Graph graph,
            TrainingState state,
            int biasBits,
            io.softshare.data.ImageSet images,
            double lambda,
            boolean reorder,
            Codec codec,
            Allowance allowance,
            RunListener listener) {
        try (Arena arena = new Arena(device, graph, false);
                Evaluator validation = images.count() == 0 ? null : new Evaluator(device, graph, arena, images)) {
            return new Finishing(device, graph, validation, arena, state, biasBits, listener)
                    .run(lambda, reorder, codec, allowance);
        }
    }

    private Result run(double lambda, boolean reorder, Codec codec, Allowance allowance) {
        SharedWeights trained = weights;
        if (!allowance.equals(Allowance.NONE)) {
            lambdas = DoubleStream.concat(Arrays.stream(LAMBDAS), Arrays.stream(FURTHER_LAMBDAS))
                    .toArray();
        }
        if (validation != null) {
            double before = score(model()).errorPercent();
            limit = Double.isNaN(allowance.maxErrorPercent())
                    ? before + TOLERANCE_PERCENT + 1e-9
                    : Math.max(before, allowance.maxErrorPercent());
        }
        chooseIndices(lambda);
        if (validation != null) {
            coarsen();
        }
        if (allowance.maxBytes() > 0 && Double.isNaN(lambda)) {
            fit(trained, codec, allowance);
        }
        Simplified simplified = Simplifier.simplify(model());
        if (simplified.droppedUnits() > 0) {
            note("units that do nothing, not stored: %d", simplified.droppedUnits());
        }
        CompressedModel unmoved = validation != null ? coarsenFolded(simplified.model()) : simplified.model();
        CompressedModel model = unmoved;
        boolean reordered = false;
        if (reorder) {
            Reordering.Reordered better = Reordering.reorder(model, codec);
            reordered = better.movedGroups() > 0;
            model = better.model();
            note(
                    "units in canonical order: %,d bytes of tensors instead of %,d",
                    better.bytesAfter(), better.bytesBefore());
        }
        return new Result(model, unmoved, List.copyOf(steps), reordered);
    }

    private void chooseIndices(double lambda) {
        if (lambda > 0) {
            weights = weights.rateDistortion(lambda);
            note("rate-distortion with lambda %s", lambda);
        } else if (Double.isNaN(lambda) && validation != null) {
            SharedWeights start = weights;
            double taken = 0;
            for (double tried : lambdas) {
                SharedWeights before = weights;
                weights = start.rateDistortion(tried);
                if (!within()) {
                    weights = before;
                    break;
                }
                taken = tried;
            }
            takenLambda = taken;
            if (taken > 0) {
                note("rate-distortion with lambda %s", taken);
            }
        }
    }

    /** Further rate–distortion until the file is small enough, if that can be; else everything stays as it is. */
    private void fit(SharedWeights trained, Codec codec, Allowance allowance) {
        SharedWeights before = weights;
        long bytes = bytes(codec);
        if (bytes <= allowance.maxBytes() || bytes > allowance.factor() * allowance.maxBytes()) {
            return;
        }
        for (double tried : lambdas) {
            if (tried <= takenLambda) {
                continue;
            }
            weights = trained.rateDistortion(tried).rounded(valueBits);
            if (bytes(codec) <= allowance.maxBytes()) {
                note("rate-distortion with lambda %s, for the size", tried);
                return;
            }
        }
        weights = before;
    }

    private long bytes(Codec codec) {
        return SwsWriter.encode(Simplifier.simplify(model()).model(), codec).length;
    }

    private void coarsen() {
        SharedWeights exact = weights;
        for (int bits : MANTISSA_BITS) {
            weights = exact.rounded(bits);
            if (weights.values() == exact.values() && within()) {
                valueBits = bits;
                note("shared values with %d bits after the first", bits);
                break;
            }
            weights = exact;
        }
        int fine = biasBits;
        for (int bits = Math.max(0, fine - 3); bits < fine; bits++) {
            biasBits = bits;
            if (within()) {
                note("biases in steps of 1/%d", 1 << bits);
                break;
            }
            biasBits = fine;
        }
        if (graph.tensors().stream()
                .anyMatch(t -> t.role() != TensorRole.WEIGHT && (t.role() != TensorRole.BIAS || biasBits < 0))) {
            coarsenFloats();
        }
    }

    /** Biases that took in a constant have finer steps by that, all of a tensor's: several bits more for each. Back to coarser ones. */
    private CompressedModel coarsenFolded(CompressedModel model) {
        int finest = model.tensors().stream()
                .mapToInt(t -> t instanceof FixedPointTensor fixed ? fixed.fractionBits() : 0)
                .max()
                .orElse(0);
        for (int bits = Math.max(0, biasBits); bits < finest; bits++) {
            CompressedModel rounded = withBiases(model, bits);
            if (score(rounded).errorPercent() <= limit) {
                note("biases that took in constants in steps of 1/%d", 1 << bits);
                return rounded;
            }
        }
        return model;
    }

    private static CompressedModel withBiases(CompressedModel model, int mostBits) {
        List<CompressedTensor> tensors = new ArrayList<>();
        for (CompressedTensor tensor : model.tensors()) {
            boolean finer = tensor instanceof FixedPointTensor fixed && fixed.fractionBits() > mostBits;
            tensors.add(finer ? FixedPointTensor.round(tensor.spec(), tensor.values(), mostBits) : tensor);
        }
        return new CompressedModel(model.graph(), tensors);
    }

    private void coarsenFloats() {
        double mostLoss = score(model()).loss() * (1 + LOSS_SHARE);
        for (int bits : MANTISSA_BITS) {
            mantissaBits = bits;
            Evaluator.Score rounded = score(model());
            if (rounded.errorPercent() <= limit && rounded.loss() <= mostLoss) {
                note("batch-norm values with %d bits after the first", bits);
                break;
            }
            mantissaBits = FULL;
        }
    }

    private CompressedModel model() {
        return Export.model(graph, weights, values, biasBits, mantissaBits);
    }

    private boolean within() {
        return score(model()).errorPercent() <= limit;
    }

    private Evaluator.Score score(CompressedModel model) {
        Export.load(model, arena);
        return validation.score();
    }

    private void note(String format, Object... arguments) {
        String step = String.format(Locale.ROOT, format, arguments);
        steps.add(step);
        listener.message(step);
    }
}
