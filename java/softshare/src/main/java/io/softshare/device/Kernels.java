package io.softshare.device;

import static io.softshare.device.Pointers.bytes;
import static io.softshare.device.Pointers.doubles;
import static io.softshare.device.Pointers.floats;
import static io.softshare.device.Pointers.ints;
import static io.softshare.device.Pointers.longs;
import static io.softshare.device.Pointers.size;

import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;

/**
 * The functions of softshare.h on one device: what each computes is said there. Sizes are checked here before native code
 * sees a pointer; a failure is a {@link DeviceException}. Used by one thread at a time.
 */
public final class Kernels implements LayerOperations, AutoCloseable {
    /** Flag of convolution and linear: add a bias. */
    public static final int BIAS = Native.SOFTSHARE_BIAS;
    /** Flag of convolution and linear: rectify the output. */
    public static final int RELU = Native.SOFTSHARE_RELU;
    /** Floats in a row of the table of scalars; which is which: {@link Scalar}. */
    public static final int SCALARS = Native.SOFTSHARE_SCALARS;

    private long context;
    private boolean fusesPools;

    private Kernels(long context) {
        this.context = context;
    }

    static Kernels open(String library, int threads, int isa) {
        try (BytePointer path = new BytePointer(library);
                LongPointer context = new LongPointer(1)) {
            check(Native.softshare_open(path, threads, isa, context));
            return new Kernels(context.get());
        }
    }

    static void check(int status) {
        if (status != Native.SOFTSHARE_OK) {
            BytePointer text = Native.softshare_error();
            throw new DeviceException(status, text == null || text.isNull() ? "status " + status : text.getString());
        }
    }

    boolean isOpen() {
        return context != 0;
    }

    long context() {
        if (context == 0) {
            throw new IllegalStateException("the device is closed");
        }
        return context;
    }

    String describe() {
        return Native.softshare_describe(context()).getString();
    }

    /** Queues all later work on a stream of CUDA's, given as a number. */
    void stream(long stream) {
        check(Native.softshare_stream(context(), stream));
    }

    /** From now on networks take a convolution and its max-pool as one; on the CPU the two apart are as fast. */
    void fusePools() {
        fusesPools = true;
    }

    /** Precision of convolutions and matrix products created from now on; see {@link Precision}. */
    void precision(Precision precision) {
        check(Native.softshare_precision(context(), precision.ordinal()));
    }

    @Override
    public void close() {
        if (context != 0) {
            Native.softshare_close(context);
            context = 0;
        }
    }

    // ---------------------------------------------------------------- steps and batches

    /** Copies row {@code *step} of the table to the scalars and increments the step (a long on the device). */
    public void stepBegin(Buffer table, long rows, Buffer step, Buffer scalars) {
        check(Native.softshare_step_begin(
                context(),
                floats("table", table, size(rows, SCALARS)),
                rows,
                longs("step", step, 1),
                floats("scalars", scalars, SCALARS)));
    }

    /** How images become a batch. order: {@code entries} ints; a step reads batch number step − 1 of it. */
    public record Gather(
            int count,
            int height,
            int width,
            int channels,
            int augment,
            int shift,
            float probability,
            long seed,
            int epoch) {}

    /** step null: the first batch of the order. mean and inverseScale: a float a channel. */
    public void gatherImages(
            Gather gather,
            Buffer images,
            Buffer order,
            Buffer step,
            int batch,
            Buffer mean,
            Buffer inverseScale,
            Buffer x) {
        long pixels = size(gather.height, gather.width, gather.channels);
        check(Native.softshare_gather_images(
                context(),
                bytes("images", images, size(gather.count, pixels)),
                gather.count,
                gather.height,
                gather.width,
                gather.channels,
                ints("order", order, batch),
                longs("step", step, 1),
                batch,
                floats("mean", mean, gather.channels),
                floats("inverse scale", inverseScale, gather.channels),
                gather.augment,
                gather.shift,
                gather.probability,
                gather.seed,
                gather.epoch,
                floats("x", x, size(batch, pixels))));
    }

    public void gatherLabels(Buffer labels, Buffer order, Buffer step, int batch, Buffer out) {
        check(Native.softshare_gather_labels(
                context(),
                bytes("labels", labels, 0),
                ints("order", order, batch),
                longs("step", step, 1),
                batch,
                ints("out", out, batch)));
    }

    public void gatherRows(Buffer rows, int width, Buffer order, Buffer step, int batch, Buffer out) {
        check(Native.softshare_gather_rows(
                context(),
                floats("rows", rows, 0),
                width,
                ints("order", order, batch),
                longs("step", step, 1),
                batch,
                floats("out", out, size(batch, width))));
    }

    // ---------------------------------------------------------------- operations of fixed sizes

    @Override
    public boolean fusesRectifier() {
        return true;
    }

    @Override
    public ConvolutionOperation convolution(ConvolutionOperation.Sizes sizes) {
        try (LongPointer handle = new LongPointer(1)) {
            check(Native.softshare_convolution_create(
                    context(),
                    sizes.batch(),
                    sizes.inChannels(),
                    sizes.inHeight(),
                    sizes.inWidth(),
                    sizes.outChannels(),
                    sizes.kernelHeight(),
                    sizes.kernelWidth(),
                    sizes.strideHeight(),
                    sizes.strideWidth(),
                    sizes.padHeight(),
                    sizes.padWidth(),
                    sizes.flags(),
                    handle));
            return new KernelConvolution(this, handle.get(), sizes);
        }
    }

    @Override
    public LinearOperation linear(int batch, int in, int out, int flags) {
        try (LongPointer handle = new LongPointer(1)) {
            check(Native.softshare_linear_create(context(), batch, in, out, flags, handle));
            return new KernelLinear(this, handle.get(), batch, in, out, flags);
        }
    }

    @Override
    public PoolOperation pool(PoolOperation.Sizes sizes) {
        try (LongPointer handle = new LongPointer(1)) {
            check(Native.softshare_pool_create(
                    context(),
                    sizes.kind().ordinal(),
                    sizes.batch(),
                    sizes.channels(),
                    sizes.inHeight(),
                    sizes.inWidth(),
                    sizes.kernelHeight(),
                    sizes.kernelWidth(),
                    sizes.strideHeight(),
                    sizes.strideWidth(),
                    sizes.padHeight(),
                    sizes.padWidth(),
                    handle));
            return new KernelPool(this, handle.get(), sizes);
        }
    }

    @Override
    public boolean fusesPool(ConvolutionPoolOperation.Sizes sizes) {
        return fusesPools
                && (long) sizes.windowHeight() * sizes.windowWidth() <= ConvolutionPoolOperation.MOST_POSITIONS;
    }

    @Override
    public ConvolutionPoolOperation convolutionPool(ConvolutionPoolOperation.Sizes sizes, boolean weightsOnly) {
        ConvolutionOperation.Sizes convolution = sizes.convolution();
        try (LongPointer handle = new LongPointer(1)) {
            check(Native.softshare_convolution_pool_create(
                    context(),
                    convolution.batch(),
                    convolution.inChannels(),
                    convolution.inHeight(),
                    convolution.inWidth(),
                    convolution.outChannels(),
                    convolution.kernelHeight(),
                    convolution.kernelWidth(),
                    convolution.strideHeight(),
                    convolution.strideWidth(),
                    convolution.padHeight(),
                    convolution.padWidth(),
                    sizes.windowHeight(),
                    sizes.windowWidth(),
                    sizes.padHeight(),
                    sizes.padWidth(),
                    convolution.flags() | (weightsOnly ? Native.SOFTSHARE_WEIGHTS_ONLY : 0),
                    handle));
            return new KernelConvolutionPool(this, handle.get(), sizes);
        }
    }

    /** The mixture prior; components counts all, the zero one too. */
    public PriorOperation prior(List<PriorOperation.TensorLayout> tensors, int components, boolean zeroComponent) {
        long[] layout = tensors.stream()
                .flatMapToLong(t -> java.util.stream.LongStream.of(t.offset(), t.rows(), t.columns(), t.kernel()))
                .toArray();
        try (LongPointer pointer = new LongPointer(layout);
                LongPointer handle = new LongPointer(1)) {
            check(Native.softshare_prior_create(
                    context(), tensors.size(), pointer, components, zeroComponent ? 1 : 0, handle));
            return new PriorOperation(this, handle.get(), tensors, components);
        }
    }

    // ---------------------------------------------------------------- layers without an operation

    @Override
    public void reluForward(long count, Buffer x, Buffer y) {
        check(Native.softshare_relu_forward(context(), count, floats("x", x, count), floats("y", y, count)));
    }

    @Override
    public void reluBackward(long count, Buffer y, Buffer dy, Buffer dx) {
        check(Native.softshare_relu_backward(
                context(), count, floats("y", y, count), floats("dy", dy, count), floats("dx", dx, count)));
    }

    /** y = a + b; in place allowed. */
    public void add(long count, Buffer a, Buffer b, Buffer y) {
        check(Native.softshare_add(
                context(), count, floats("a", a, count), floats("b", b, count), floats("y", y, count)));
    }

    /** NHWC to rows in the order c, h, w. */
    public void flatten(int batch, int channels, int height, int width, Buffer x, Buffer y) {
        long count = size(batch, channels, height, width);
        check(Native.softshare_flatten(
                context(), batch, channels, height, width, floats("x", x, count), floats("y", y, count)));
    }

    public void unflatten(int batch, int channels, int height, int width, Buffer y, Buffer x) {
        long count = size(batch, channels, height, width);
        check(Native.softshare_unflatten(
                context(), batch, channels, height, width, floats("y", y, count), floats("x", x, count)));
    }

    /** What the loss compares logits with. teacher null: labels only. */
    public record Targets(Buffer labels, Buffer teacher, float share, float temperature) {}

    /** dlogits null: loss and errors only; totals: 4 doubles, accumulated. */
    public void loss(
            int batch,
            int valid,
            int classes,
            Buffer logits,
            Targets targets,
            Buffer step,
            Buffer dlogits,
            Buffer totals) {
        check(Native.softshare_loss(
                context(),
                batch,
                valid,
                classes,
                floats("logits", logits, size(batch, classes)),
                ints("labels", targets.labels, batch),
                floats("teacher", targets.teacher, size(batch, classes)),
                targets.share,
                targets.temperature,
                longs("step", step, 1),
                floats("dlogits", dlogits, size(batch, classes)),
                doubles("totals", totals, 4)));
    }

    // ---------------------------------------------------------------- optimiser and quantisation

    /** y += scalars[scalar]·x. */
    public void addScaled(long count, Buffer scalars, Scalar scalar, Buffer x, Buffer y) {
        check(Native.softshare_add_scaled(
                context(),
                count,
                floats("scalars", scalars, SCALARS),
                scalar.ordinal(),
                floats("x", x, count),
                floats("y", y, count)));
    }

    /** Adam with the rate scalars[rate]; live: null or a bit a value. */
    public void adam(
            long count,
            Buffer values,
            Buffer gradient,
            Buffer moment1,
            Buffer moment2,
            Buffer live,
            Buffer scalars,
            Scalar rate,
            PriorOperation.Adam adam) {
        check(Native.softshare_adam(
                context(),
                count,
                floats("values", values, count),
                floats("gradient", gradient, count),
                floats("moment 1", moment1, count),
                floats("moment 2", moment2, count),
                ints("live", live, (count + 31) / 32),
                floats("scalars", scalars, SCALARS),
                rate.ordinal(),
                adam.beta1(),
                adam.beta2(),
                adam.epsilon()));
    }

    /** packed[k] = full[index[k]]; the caller vouches for the indices. */
    public void compact(long live, Buffer index, Buffer full, Buffer packed) {
        check(Native.softshare_compact(
                context(), live, longs("index", index, live), floats("full", full, 0), floats("packed", packed, live)));
    }

    /** full[index[k]] = packed[k]; the caller vouches for the indices. */
    public void expand(long live, Buffer index, Buffer packed, Buffer full) {
        check(Native.softshare_expand(
                context(), live, longs("index", index, live), floats("packed", packed, live), floats("full", full, 0)));
    }

    /** Nearest codebook entry under a penalty (null: none), entries below {@code first} excluded. */
    public void codebookAssign(
            long count,
            Buffer weights,
            Buffer live,
            int components,
            Buffer codebook,
            Buffer penalty,
            int first,
            Buffer assignment) {
        check(Native.softshare_codebook_assign(
                context(),
                count,
                floats("weights", weights, count),
                ints("live", live, (count + 31) / 32),
                components,
                floats("codebook", codebook, components),
                floats("penalty", penalty, components),
                first,
                bytes("assignment", assignment, count)));
    }

    public void codebookValues(long count, Buffer assignment, Buffer codebook, Buffer quantised) {
        check(Native.softshare_codebook_values(
                context(),
                count,
                bytes("assignment", assignment, count),
                floats("codebook", codebook, 1),
                floats("quantised", quantised, count)));
    }

    /** sums_j = Σ gradient over the weights of entry j (doubles). */
    public void codebookGradient(long count, Buffer gradient, Buffer assignment, int components, Buffer sums) {
        check(Native.softshare_codebook_gradient(
                context(),
                count,
                floats("gradient", gradient, count),
                bytes("assignment", assignment, count),
                components,
                doubles("sums", sums, components)));
    }

    /** Adam on the shared values from the sums of their gradients, entry 0 left alone; moments: 2 doubles an entry. */
    public void codebookUpdate(
            int components, Buffer sums, Buffer scalars, PriorOperation.Adam adam, Buffer moments, Buffer codebook) {
        check(Native.softshare_codebook_update(
                context(),
                components,
                doubles("sums", sums, components),
                floats("scalars", scalars, SCALARS),
                adam.beta1(),
                adam.beta2(),
                adam.epsilon(),
                doubles("moments", moments, 2L * components),
                floats("codebook", codebook, components)));
    }

    /** y = x rounded to a multiple of grid; in place allowed. */
    public void round(long count, float grid, Buffer x, Buffer y) {
        check(Native.softshare_round(context(), count, grid, floats("x", x, count), floats("y", y, count)));
    }
}
