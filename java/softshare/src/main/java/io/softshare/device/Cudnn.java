package io.softshare.device;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnActivationStruct;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;

/**
 * NVIDIA's cuDNN through the presets: the layers of the unfused path, a call for each step. cuDNN, and cuBLAS beside it, are no
 * part of softshare: the loader finds them on LD_LIBRARY_PATH or among the system's libraries. Work is queued on the device's
 * stream, and recorded with it.
 */
final class Cudnn implements LayerOperations, AutoCloseable {
    private static final int MAJOR = 9;
    /** What the loader says of a library that it does not find. */
    private static final Pattern MISSING = Pattern.compile("(lib\\S+): cannot open shared object");

    private static String problem;
    private static boolean tried;

    private final MemorySpace memory;
    private final boolean tf32;
    private final cudnnContext handle = new cudnnContext();
    private final cudnnActivationStruct relu = new cudnnActivationStruct();
    /** Factors of a result and of what was there before; cuDNN reads them when it is called. */
    final FloatPointer one = new FloatPointer(1f);

    final FloatPointer zero = new FloatPointer(0f);

    Cudnn(MemorySpace memory, CUstream_st stream, Precision precision) {
        String missing = problem();
        if (missing != null) {
            throw new DeviceException(Native.SOFTSHARE_LIBRARY, missing);
        }
        this.memory = memory;
        this.tf32 = precision == Precision.TF32;
        check("start", cudnn.cudnnCreate(handle));
        check("stream", cudnn.cudnnSetStream(handle, stream));
        check("activation", cudnn.cudnnCreateActivationDescriptor(relu));
        check(
                "activation",
                cudnn.cudnnSetActivationDescriptor(relu, cudnn.CUDNN_ACTIVATION_RELU, cudnn.CUDNN_PROPAGATE_NAN, 0));
    }

    /** Why cuDNN cannot be used on this machine, in one line; null: it can. Found out once; needs the CUDA runtime. */
    static synchronized String problem() {
        if (!tried) {
            tried = true;
            problem = find();
        }
        return problem;
    }

    /** For people: library and version. */
    static String describe() {
        long version = cudnn.cudnnGetVersion();
        return "cuDNN " + version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    private static String find() {
        try {
            Loader.load(cudnn.class);
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            StringBuilder all = new StringBuilder();
            for (Throwable t = e; t != null; t = t.getCause()) {
                all.append(t.getMessage()).append(' ');
            }
            Matcher missing = MISSING.matcher(all);
            return missing.find()
                    ? "cuDNN 9 with cuBLAS 13, which --kernels unfused needs, is not found: no " + missing.group(1)
                            + "; install them (NVIDIA's packages cudnn9-cuda-13 and libcublas-13-0, or nvidia-cudnn-cu13 by"
                            + " pip) and put their folders on LD_LIBRARY_PATH"
                    : "cuDNN's JNI library does not load: "
                            + all.toString().strip().lines().findFirst().orElse("");
        }
        long major = cudnn.cudnnGetVersion() / 10_000;
        return major == MAJOR ? null : describe() + " is found, expected version 9; put its folder on LD_LIBRARY_PATH";
    }

    /** Makes a failed call an exception that says what it was for. */
    static void check(String what, int status) {
        if (status != cudnn.CUDNN_STATUS_SUCCESS) {
            BytePointer text = cudnn.cudnnGetErrorString(status);
            throw new DeviceException(
                    Native.SOFTSHARE_LIBRARY,
                    "cuDNN: " + what + ": " + (text == null || text.isNull() ? "status " + status : text.getString()));
        }
    }

    cudnnContext handle() {
        if (handle.isNull()) {
            throw new IllegalStateException("the device is closed");
        }
        return handle;
    }

    Buffer allocate(long bytes) {
        return Buffer.of(memory, bytes);
    }

    /** How convolutions multiply: in FP32, or as it likes with TF32 among it. */
    int mathType() {
        return tf32 ? cudnn.CUDNN_DEFAULT_MATH : cudnn.CUDNN_FMA_MATH;
    }

    /** Activations of a batch as they lie: NHWC. The caller destroys the descriptor. */
    static cudnnTensorStruct image(int batch, int channels, int height, int width) {
        return tensor(cudnn.CUDNN_TENSOR_NHWC, batch, channels, height, width);
    }

    /** Rows of so many floats. The caller destroys the descriptor. */
    static cudnnTensorStruct rows(int count, int width) {
        return tensor(cudnn.CUDNN_TENSOR_NCHW, count, width, 1, 1);
    }

    private static cudnnTensorStruct tensor(int format, int batch, int channels, int height, int width) {
        cudnnTensorStruct tensor = new cudnnTensorStruct();
        check("tensor", cudnn.cudnnCreateTensorDescriptor(tensor));
        check(
                "tensor",
                cudnn.cudnnSetTensor4dDescriptor(
                        tensor, format, cudnn.CUDNN_DATA_FLOAT, batch, channels, height, width));
        return tensor;
    }

    @Override
    public boolean fusesRectifier() {
        return false;
    }

    @Override
    public ConvolutionOperation convolution(ConvolutionOperation.Sizes sizes) {
        return new CudnnConvolution(this, sizes);
    }

    /** A linear layer is the 1×1 convolution of 1×1 images. */
    @Override
    public LinearOperation linear(int batch, int in, int out, int flags) {
        return new CudnnConvolution(
                this, new ConvolutionOperation.Sizes(batch, in, 1, 1, out, 1, 1, 1, 1, 0, 0, flags));
    }

    @Override
    public PoolOperation pool(PoolOperation.Sizes sizes) {
        return new CudnnPool(this, sizes);
    }

    @Override
    public void reluForward(long count, Buffer x, Buffer y) {
        cudnnTensorStruct all = rows(Math.toIntExact(count), 1);
        try {
            check(
                    "activation",
                    cudnn.cudnnActivationForward(
                            handle(),
                            relu,
                            one,
                            all,
                            Pointers.floats("x", x, count),
                            zero,
                            all,
                            Pointers.floats("y", y, count)));
        } finally {
            cudnn.cudnnDestroyTensorDescriptor(all);
        }
    }

    /** Where cuDNN asks for the input it is given the output: both are above 0 in the same places. */
    @Override
    public void reluBackward(long count, Buffer y, Buffer dy, Buffer dx) {
        cudnnTensorStruct all = rows(Math.toIntExact(count), 1);
        try {
            check(
                    "activation's gradient",
                    cudnn.cudnnActivationBackward(
                            handle(),
                            relu,
                            one,
                            all,
                            Pointers.floats("y", y, count),
                            all,
                            Pointers.floats("dy", dy, count),
                            all,
                            Pointers.floats("y", y, count),
                            zero,
                            all,
                            Pointers.floats("dx", dx, count)));
        } finally {
            cudnn.cudnnDestroyTensorDescriptor(all);
        }
    }

    @Override
    public void close() {
        if (!handle.isNull()) {
            cudnn.cudnnDestroyActivationDescriptor(relu);
            cudnn.cudnnDestroy(handle);
            handle.setNull();
        }
    }
}
