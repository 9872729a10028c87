package io.softshare.device;

import java.util.function.IntSupplier;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Loader;

/** The CUDA runtime through the presets: whether it can be used here, and its errors. */
final class CudaRuntime {
    /** Version of the runtime that kernels and presets are built for; drivers older than it cannot run them. */
    private static final int NEEDED = 13000;

    private static final int NO_DEVICE = 100;

    private static String problem;
    private static boolean tried;

    private CudaRuntime() {}

    /** Why CUDA cannot be used on this machine, in one line; null: it can. Found out once. */
    static synchronized String problem() {
        if (!tried) {
            tried = true;
            problem = find();
        }
        return problem;
    }

    private static String find() {
        if (!"linux-x86_64".equals(Loader.getPlatform())) {
            return "CUDA is used on linux-x86_64 only, this is " + Loader.getPlatform();
        }
        try {
            Loader.load(cudart.class);
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            return loading(e);
        }
        try (IntPointer number = new IntPointer(1)) {
            int error = cudart.cudaDriverGetVersion(number);
            int driver = error == 0 ? number.get() : 0;
            if (driver == 0) {
                return "no NVIDIA driver answers: libcuda.so.1 is there, but it is a stub or its driver is not running;"
                        + " install NVIDIA's driver, 580 or newer";
            }
            if (driver < NEEDED) {
                return "the NVIDIA driver is too old: it serves CUDA " + version(driver) + ", expected "
                        + version(NEEDED) + " or newer; install driver 580 or newer";
            }
            error = cudart.cudaGetDeviceCount(number);
            if (error == NO_DEVICE || (error == 0 && number.get() == 0)) {
                return "the NVIDIA driver finds no GPU; check that one is there and, in a container, that it was started"
                        + " with it (docker run --gpus all)";
            }
            return error == 0 ? null : "the CUDA runtime does not start: " + text(error);
        }
    }

    private static String loading(Throwable e) {
        StringBuilder all = new StringBuilder();
        for (Throwable t = e; t != null; t = t.getCause()) {
            all.append(t.getMessage()).append(' ');
        }
        String text = all.toString();
        if (text.contains("libcuda.so.1")) {
            return "no NVIDIA driver: libcuda.so.1 is not found; install NVIDIA's driver, 580 or newer";
        }
        if (text.contains("libcudart")) {
            return "the CUDA runtime libcudart.so.13 is not found; install CUDA 13's runtime or put its folder on"
                    + " LD_LIBRARY_PATH";
        }
        return "the CUDA runtime's JNI library does not load: "
                + text.strip().lines().findFirst().orElse("");
    }

    private static String version(int number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    private static String text(int error) {
        BytePointer name = cudart.cudaGetErrorString(error);
        return "CUDA error " + error + (name == null || name.isNull() ? "" : ", " + name.getString());
    }

    /** Makes a failed call of the runtime an exception that says what it was for. */
    static void check(String what, int error) {
        if (error != 0) {
            throw new DeviceException(
                    error == cudart.cudaErrorMemoryAllocation
                            ? Native.SOFTSHARE_OUT_OF_MEMORY
                            : Native.SOFTSHARE_LIBRARY,
                    what + ": " + text(error));
        }
    }

    /** As {@link #check(String, int)}, for clean-up: what went wrong before is the error to be told. */
    static void attempt(IntSupplier call) {
        call.getAsInt();
    }
}
