package io.softshare.device;

import static io.softshare.device.CudaRuntime.check;

import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/** A GPU's memory, read and written in the order of one stream. */
final class CudaMemory implements MemorySpace {
    private final CUstream_st stream;

    CudaMemory(CUstream_st stream) {
        this.stream = stream;
    }

    @Override
    public Pointer take(long bytes) {
        BytePointer base = new BytePointer((Pointer) null);
        int error = cudart.cudaMalloc(base, bytes);
        if (error == cudart.cudaErrorMemoryAllocation) {
            cudart.cudaGetLastError();
            try (SizeTPointer free = new SizeTPointer(1);
                    SizeTPointer total = new SizeTPointer(1)) {
                cudart.cudaMemGetInfo(free, total);
                throw new DeviceException(
                        Native.SOFTSHARE_OUT_OF_MEMORY,
                        "the GPU's memory is too small: " + (bytes >> 20) + " MiB more are needed, "
                                + (free.get() >> 20) + " of its " + (total.get() >> 20)
                                + " MiB are free; use a smaller batch or network");
            }
        }
        check("GPU memory", error);
        return base;
    }

    @Override
    public void free(Pointer base, long bytes) {
        cudart.cudaFree(base);
    }

    @Override
    public long inUse() {
        try (SizeTPointer free = new SizeTPointer(1);
                SizeTPointer total = new SizeTPointer(1)) {
            check("GPU memory", cudart.cudaMemGetInfo(free, total));
            return total.get() - free.get();
        }
    }

    @Override
    public boolean onHost() {
        return false;
    }

    @Override
    public void write(Pointer to, Pointer host, long bytes) {
        check("copy to the GPU", cudart.cudaMemcpyAsync(to, host, bytes, cudart.cudaMemcpyHostToDevice, stream));
        finish(); // the host's memory may be given back as soon as this returns
    }

    @Override
    public void read(Pointer from, Pointer host, long bytes) {
        check("copy from the GPU", cudart.cudaMemcpyAsync(host, from, bytes, cudart.cudaMemcpyDeviceToHost, stream));
        finish();
    }

    @Override
    public void copy(Pointer to, Pointer from, long bytes) {
        check("copy on the GPU", cudart.cudaMemcpyAsync(to, from, bytes, cudart.cudaMemcpyDeviceToDevice, stream));
    }

    @Override
    public void clear(Pointer to, long bytes) {
        check("clearing GPU memory", cudart.cudaMemsetAsync(to, 0, bytes, stream));
    }

    /** Waits for all that was queued; what failed there is told here. */
    void finish() {
        check("the GPU's work", cudart.cudaStreamSynchronize(stream));
    }
}
