package io.softshare.device;

import static io.softshare.device.CudaRuntime.check;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;

/**
 * An NVIDIA GPU: memory, one stream, events and graphs by the CUDA presets, kernels by libsoftshare_cuda.so. Work is queued
 * and runs while Java goes on; reading a buffer waits for it, and tells what failed in it. Several such devices of one process
 * may work at once (up to eight with a mixture prior), each used by one thread at a time.
 */
public final class CudaDevice implements Device {
    private final CUstream_st stream;
    private final CudaMemory memory;
    private final Kernels kernels;

    private final Precision precision;
    private Cudnn cudnn; // opened when it is first asked for

    private CudaDevice(CUstream_st stream, Kernels kernels, Precision precision) {
        this.stream = stream;
        this.precision = precision;
        this.memory = new CudaMemory(stream);
        this.kernels = kernels;
    }

    /** Why there is no usable GPU here, in one line; null: there is one. */
    public static String problem() {
        String problem = CudaRuntime.problem();
        if (problem != null) {
            return problem;
        }
        try (CudaDevice device = open(Precision.FP32)) {
            return null;
        } catch (DeviceException e) {
            return e.getMessage();
        }
    }

    /**
     * Opens the first GPU (CUDA_VISIBLE_DEVICES chooses among several).
     *
     * @throws DeviceException that says why it cannot be used
     */
    public static CudaDevice open(Precision precision) {
        String problem = CudaRuntime.problem();
        if (problem != null) {
            throw new DeviceException(Native.SOFTSHARE_LIBRARY, problem);
        }
        Kernels kernels = Kernels.open(NativeLibraries.cuda(), 1, 0);
        try {
            kernels.precision(precision);
            kernels.fusePools();
            CUstream_st stream = new CUstream_st();
            check("a stream", cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
            kernels.stream(stream.address());
            return new CudaDevice(stream, kernels, precision);
        } catch (RuntimeException e) {
            kernels.close();
            throw e;
        }
    }

    @Override
    public String describe() {
        return kernels.describe() + (precision == Precision.TF32 ? ", tf32" : "");
    }

    @Override
    public String kind() {
        return "cuda";
    }

    @Override
    public Buffer allocate(long bytes) {
        return Buffer.of(memory, bytes);
    }

    @Override
    public long bytesInUse() {
        return memory.inUse();
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    /** Why the unfused path's cuDNN cannot be used here, in one line; null: it can. Needs a usable GPU. */
    public static String cudnnProblem() {
        return Cudnn.problem();
    }

    /** cuDNN and its version; only where there is no problem with it. */
    public static String cudnnVersion() {
        return Cudnn.describe();
    }

    @Override
    public LayerOperations layers(boolean fused) {
        if (fused) {
            return kernels;
        }
        if (cudnn == null) {
            cudnn = new Cudnn(memory, stream, precision);
        }
        return cudnn;
    }

    @Override
    public Steps steps() {
        return new CudaSteps(stream);
    }

    @Override
    public double seconds(Runnable work) {
        CUevent_st start = new CUevent_st();
        CUevent_st end = new CUevent_st();
        check("an event", cudart.cudaEventCreate(start));
        check("an event", cudart.cudaEventCreate(end));
        try (FloatPointer milliseconds = new FloatPointer(1)) {
            check("an event", cudart.cudaEventRecord(start, stream));
            work.run();
            check("an event", cudart.cudaEventRecord(end, stream));
            check("the GPU's work", cudart.cudaEventSynchronize(end));
            check("an event", cudart.cudaEventElapsedTime(milliseconds, start, end));
            return milliseconds.get() / 1e3;
        } finally {
            cudart.cudaEventDestroy(start);
            cudart.cudaEventDestroy(end);
        }
    }

    @Override
    public void close() {
        if (kernels.isOpen()) {
            cudart.cudaStreamSynchronize(stream);
            if (cudnn != null) {
                cudnn.close();
            }
            kernels.close();
            cudart.cudaStreamDestroy(stream);
        }
    }
}
