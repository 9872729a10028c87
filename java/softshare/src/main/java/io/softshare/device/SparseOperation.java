package io.softshare.device;

import static io.softshare.device.Kernels.check;
import static io.softshare.device.Pointers.floats;
import static io.softshare.device.Pointers.longs;
import static io.softshare.device.Pointers.size;

import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.LongPointer;

/**
 * A chain of layers over its live weights alone: see softshare.h. Only the CPU's library has it. Packed buffers hold a float a
 * live weight, in the order of {@link #live}.
 */
public final class SparseOperation extends NativeOperation {
    /** Images of a batch. */
    public record Input(int batch, int height, int width, int channels) {}

    /** Maximum pooling behind a layer, without padding. */
    public record Pool(int height, int width, int strideHeight, int strideWidth) {
        /** No pooling. */
        public static final Pool NONE = new Pool(0, 0, 0, 0);
    }

    /**
     * A layer: a convolution, or a linear one as a 1×1 convolution of 1×1 images.
     *
     * @param sizes of the convolution; its batch is not read
     * @param weights position of its first weight in the arena
     * @param biases position of its first bias in the arena; 0 without biases
     */
    public record Layer(ConvolutionOperation.Sizes sizes, long weights, long biases, Pool pool) {
        private LongStream numbers() {
            return LongStream.of(
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
                    weights,
                    biases,
                    pool.height,
                    pool.width,
                    pool.strideHeight,
                    pool.strideWidth);
        }
    }

    private final Input input;
    private final int classes;
    private final long parameters;
    private long live;

    private SparseOperation(Kernels kernels, long handle, Input input, int classes, long parameters) {
        super(kernels, handle);
        this.input = input;
        this.classes = classes;
        this.parameters = parameters;
    }

    /**
     * Makes the operation.
     *
     * @param classes what the last layer gives
     * @param parameters floats of the arena that holds the biases
     */
    public static SparseOperation create(
            Kernels kernels, Input input, List<Layer> layers, int classes, long parameters) {
        long[] layout = layers.stream().flatMapToLong(Layer::numbers).toArray();
        try (LongPointer pointer = new LongPointer(layout);
                LongPointer handle = new LongPointer(1)) {
            check(Native.softshare_sparse_create(
                    kernels.context(),
                    input.batch,
                    input.height,
                    input.width,
                    input.channels,
                    layers.size(),
                    pointer,
                    handle));
            return new SparseOperation(kernels, handle.get(), input, classes, parameters);
        }
    }

    /** Which weights are live: their positions in the arena, increasing. */
    public void live(long count, Buffer index) {
        check(Native.softshare_sparse_live(handle(), count, longs("index", index, count)));
        live = count;
    }

    /** x: (batch, height, width, channels); arena: holds the biases; logits: (batch, classes). */
    public void forward(Buffer x, Buffer packed, Buffer arena, Buffer logits) {
        check(Native.softshare_sparse_forward(
                handle(),
                floats("x", x, size(input.batch, input.height, input.width, input.channels)),
                floats("packed", packed, live),
                floats("arena", arena, parameters),
                floats("logits", logits, size(input.batch, classes))));
    }

    /** After {@link #forward} with the same weights. Overwrites packedGradient and the biases' part of arenaGradient. */
    public void backward(Buffer logitsGradient, Buffer packed, Buffer packedGradient, Buffer arenaGradient) {
        check(Native.softshare_sparse_backward(
                handle(),
                floats("logits' gradient", logitsGradient, size(input.batch, classes)),
                floats("packed", packed, live),
                floats("packed gradient", packedGradient, live),
                floats("arena's gradient", arenaGradient, parameters)));
    }
}
