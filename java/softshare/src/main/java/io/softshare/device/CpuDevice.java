package io.softshare.device;

/** This machine's processor. */
public final class CpuDevice implements Device {
    private final Kernels kernels;

    private CpuDevice(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * Opens the CPU with so many threads and the best instruction set that it has.
     *
     * @throws DeviceException if the native library is missing or does not fit
     */
    public static CpuDevice open(int threads) {
        return open(threads, InstructionSet.AUTO);
    }

    public static CpuDevice open(int threads, InstructionSet instructions) {
        return new CpuDevice(Kernels.open(NativeLibraries.cpu(), threads, instructions.ordinal()));
    }

    /**
     * The same, with convolutions and matrix products in a precision.
     *
     * @throws DeviceException also if this processor does not have the precision
     */
    public static CpuDevice open(int threads, Precision precision) {
        CpuDevice device = open(threads);
        try {
            device.kernels.precision(precision);
            return device;
        } catch (DeviceException e) {
            device.close();
            throw e;
        }
    }

    /** Instruction sets of the own kernels, in the order of softshare.h. */
    public enum InstructionSet {
        AUTO,
        PLAIN,
        AVX2,
        AVX512
    }

    @Override
    public String describe() {
        return kernels.describe();
    }

    @Override
    public String kind() {
        return "cpu";
    }

    @Override
    public Buffer allocate(long bytes) {
        return Buffer.of(HostMemory.INSTANCE, bytes);
    }

    @Override
    public long bytesInUse() {
        return HostMemory.INSTANCE.inUse();
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public void close() {
        kernels.close();
    }
}
