package io.softshare.device;

import static io.softshare.device.Cudnn.check;
import static io.softshare.device.Pointers.floats;

import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * A convolution by cuDNN, each step a call: product, bias; their gradients. Activations are NHWC and weights OIHW as everywhere,
 * a pair that cuDNN takes as it is. Of the algorithms that its heuristics name, the first that gives the same bits every time
 * and needs little room is taken.
 */
final class CudnnConvolution implements ConvolutionOperation, LinearOperation {
    private static final long MOST_ROOM = 256L << 20;
    private static final int ASKED = 8;

    private final Cudnn library;
    private final Sizes sizes;
    private final boolean bias;
    private final cudnnTensorStruct x;
    private final cudnnTensorStruct y;
    /** The output as rows of channels: to these a bias is added fast, whatever the layout. */
    private final cudnnTensorStruct rows;

    private final cudnnTensorStruct biases;
    private final cudnnFilterStruct weights = new cudnnFilterStruct();
    private final cudnnConvolutionStruct convolution = new cudnnConvolutionStruct();
    private final int forward;
    private final int backwardData;
    private final int backwardWeights;
    private final Buffer room;
    private boolean closed;

    CudnnConvolution(Cudnn library, Sizes sizes) {
        if ((sizes.flags() & Kernels.RELU) != 0) {
            throw new IllegalArgumentException("cuDNN's convolutions are not fused with a rectifier");
        }
        this.library = library;
        this.sizes = sizes;
        this.bias = (sizes.flags() & Kernels.BIAS) != 0;
        x = Cudnn.image(sizes.batch(), sizes.inChannels(), sizes.inHeight(), sizes.inWidth());
        y = Cudnn.image(sizes.batch(), sizes.outChannels(), sizes.outHeight(), sizes.outWidth());
        rows = Cudnn.rows(
                Math.multiplyExact(sizes.batch(), Math.multiplyExact(sizes.outHeight(), sizes.outWidth())),
                sizes.outChannels());
        biases = Cudnn.rows(1, sizes.outChannels());
        check("filter", cudnn.cudnnCreateFilterDescriptor(weights));
        check(
                "filter",
                cudnn.cudnnSetFilter4dDescriptor(
                        weights,
                        cudnn.CUDNN_DATA_FLOAT,
                        cudnn.CUDNN_TENSOR_NCHW,
                        sizes.outChannels(),
                        sizes.inChannels(),
                        sizes.kernelHeight(),
                        sizes.kernelWidth()));
        check("convolution", cudnn.cudnnCreateConvolutionDescriptor(convolution));
        check(
                "convolution",
                cudnn.cudnnSetConvolution2dDescriptor(
                        convolution,
                        sizes.padHeight(),
                        sizes.padWidth(),
                        sizes.strideHeight(),
                        sizes.strideWidth(),
                        1,
                        1,
                        cudnn.CUDNN_CROSS_CORRELATION,
                        cudnn.CUDNN_DATA_FLOAT));
        check("convolution", cudnn.cudnnSetConvolutionMathType(convolution, library.mathType()));
        Choice first = chooseForward();
        Choice second = chooseBackwardData();
        Choice third = chooseBackwardWeights();
        forward = first.algorithm;
        backwardData = second.algorithm;
        backwardWeights = third.algorithm;
        room = library.allocate(Math.max(first.bytes, Math.max(second.bytes, third.bytes)));
    }

    /** An algorithm and the room that it needs. */
    private record Choice(int algorithm, long bytes) {}

    /** What cuDNN says of one algorithm. */
    private record Offer(int algorithm, int status, int determinism) {}

    private interface Offers {
        Offer at(int index);
    }

    private interface Room {
        int ask(int algorithm, SizeTPointer bytes);
    }

    private Choice choose(String what, int count, Offers offers, Room room) {
        try (SizeTPointer bytes = new SizeTPointer(1)) {
            for (int i = 0; i < count; i++) {
                Offer offer = offers.at(i);
                boolean good = offer.status == cudnn.CUDNN_STATUS_SUCCESS
                        && offer.determinism == cudnn.CUDNN_DETERMINISTIC
                        && room.ask(offer.algorithm, bytes) == cudnn.CUDNN_STATUS_SUCCESS;
                if (good && bytes.get() <= MOST_ROOM) {
                    return new Choice(offer.algorithm, bytes.get());
                }
            }
        }
        throw new DeviceException(
                Native.SOFTSHARE_NOT_SUPPORTED,
                "cuDNN has no deterministic algorithm for the " + what + " of a convolution of " + sizes
                        + "; use --kernels fused");
    }

    private Choice chooseForward() {
        try (IntPointer count = new IntPointer(1);
                cudnnConvolutionFwdAlgoPerf_t found = new cudnnConvolutionFwdAlgoPerf_t(ASKED)) {
            check(
                    "algorithms",
                    cudnn.cudnnGetConvolutionForwardAlgorithm_v7(
                            library.handle(), x, weights, convolution, y, ASKED, count, found));
            return choose(
                    "forward pass",
                    count.get(),
                    i -> {
                        cudnnConvolutionFwdAlgoPerf_t p = found.getPointer(i);
                        return new Offer(p.algo(), p.status(), p.determinism());
                    },
                    (algorithm, bytes) -> cudnn.cudnnGetConvolutionForwardWorkspaceSize(
                            library.handle(), x, weights, convolution, y, algorithm, bytes));
        }
    }

    private Choice chooseBackwardData() {
        try (IntPointer count = new IntPointer(1);
                cudnnConvolutionBwdDataAlgoPerf_t found = new cudnnConvolutionBwdDataAlgoPerf_t(ASKED)) {
            check(
                    "algorithms",
                    cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(
                            library.handle(), weights, y, convolution, x, ASKED, count, found));
            return choose(
                    "input's gradient",
                    count.get(),
                    i -> {
                        cudnnConvolutionBwdDataAlgoPerf_t p = found.getPointer(i);
                        return new Offer(p.algo(), p.status(), p.determinism());
                    },
                    (algorithm, bytes) -> cudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(
                            library.handle(), weights, y, convolution, x, algorithm, bytes));
        }
    }

    private Choice chooseBackwardWeights() {
        try (IntPointer count = new IntPointer(1);
                cudnnConvolutionBwdFilterAlgoPerf_t found = new cudnnConvolutionBwdFilterAlgoPerf_t(ASKED)) {
            check(
                    "algorithms",
                    cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                            library.handle(), x, y, convolution, weights, ASKED, count, found));
            return choose(
                    "weights' gradient",
                    count.get(),
                    i -> {
                        cudnnConvolutionBwdFilterAlgoPerf_t p = found.getPointer(i);
                        return new Offer(p.algo(), p.status(), p.determinism());
                    },
                    (algorithm, bytes) -> cudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(
                            library.handle(), x, y, convolution, weights, algorithm, bytes));
        }
    }

    @Override
    public void forward(Buffer from, Buffer w, Buffer b, Buffer to) {
        open();
        requireBias("bias", b);
        check(
                "convolution",
                cudnn.cudnnConvolutionForward(
                        library.handle(),
                        library.one,
                        x,
                        floats("x", from, sizes.inputs()),
                        weights,
                        floats("weights", w, sizes.weights()),
                        convolution,
                        forward,
                        room.open(),
                        room.bytes(),
                        library.zero,
                        y,
                        floats("y", to, sizes.outputs())));
        if (bias) {
            check(
                    "bias",
                    cudnn.cudnnAddTensor(
                            library.handle(),
                            library.one,
                            biases,
                            floats("bias", b, sizes.biases()),
                            library.one,
                            rows,
                            floats("y", to, sizes.outputs())));
        }
    }

    @Override
    public void backward(Buffer from, Buffer to, Buffer dy, Buffer w, Buffer dx, Buffer dw, Buffer db) {
        open();
        requireBias("dbias", db);
        if (to != null) {
            throw new IllegalArgumentException("cuDNN's convolutions are not fused with a rectifier's mask");
        }
        check(
                "weights' gradient",
                cudnn.cudnnConvolutionBackwardFilter(
                        library.handle(),
                        library.one,
                        x,
                        floats("x", from, sizes.inputs()),
                        y,
                        floats("dy", dy, sizes.outputs()),
                        convolution,
                        backwardWeights,
                        room.open(),
                        room.bytes(),
                        library.zero,
                        weights,
                        floats("dweights", dw, sizes.weights())));
        if (bias) {
            check(
                    "bias's gradient",
                    cudnn.cudnnConvolutionBackwardBias(
                            library.handle(),
                            library.one,
                            y,
                            floats("dy", dy, sizes.outputs()),
                            library.zero,
                            biases,
                            floats("dbias", db, sizes.biases())));
        }
        if (dx != null) {
            check(
                    "input's gradient",
                    cudnn.cudnnConvolutionBackwardData(
                            library.handle(),
                            library.one,
                            weights,
                            floats("weights", w, sizes.weights()),
                            y,
                            floats("dy", dy, sizes.outputs()),
                            convolution,
                            backwardData,
                            room.open(),
                            room.bytes(),
                            library.zero,
                            x,
                            floats("dx", dx, sizes.inputs())));
        }
    }

    private void requireBias(String name, Buffer given) {
        if (bias != (given != null)) {
            throw new IllegalArgumentException(
                    name + ": expected " + (bias ? "a buffer" : "none, as none was declared"));
        }
    }

    private void open() {
        if (closed) {
            throw new IllegalStateException("the operation is closed");
        }
    }

    @Override
    public String implementation() {
        return "cudnn:" + forward + "/" + backwardData + "/" + backwardWeights;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            cudnn.cudnnDestroyConvolutionDescriptor(convolution);
            cudnn.cudnnDestroyFilterDescriptor(weights);
            for (cudnnTensorStruct tensor : new cudnnTensorStruct[] {x, y, rows, biases}) {
                cudnn.cudnnDestroyTensorDescriptor(tensor);
            }
            room.close();
        }
    }
}
