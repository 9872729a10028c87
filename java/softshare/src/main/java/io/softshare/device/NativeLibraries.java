package io.softshare.device;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;

/**
 * Finds and loads the native parts: the JNI library with the dispatcher, oneDNN, and the kernel library's path.
 *
 * <p>{@code -Dsoftshare.native.path=DIR} names a folder with libsoftshare_cpu.so and allows no fallback;
 * {@code -Dsoftshare.native=off} switches native code off. Without either they come from the classifier jar.
 */
final class NativeLibraries {
    static final String PATH_PROPERTY = "softshare.native.path";
    static final String SWITCH_PROPERTY = "softshare.native";
    /** Folder of libsoftshare_cuda.so, in place of the class path's. */
    static final String CUDA_PATH_PROPERTY = "softshare.cuda.path";

    private static final String CUDA_LIBRARY = "libsoftshare_cuda.so";
    private static final String PLATFORM = "linux-x86_64";
    private static final String REMEDY = "only decoding works without it (add the softshare jar with classifier "
            + PLATFORM + ", or set -D" + PATH_PROPERTY + "=DIR)";

    private NativeLibraries() {}

    /** Loads the dispatcher and what the CPU kernels need. @return path of the CPU kernel library */
    static String cpu() {
        loadDispatcher();
        try {
            // By file name, in the order of their dependence: the kernel library then finds them by their sonames.
            System.load(
                    resource("/org/bytedeco/dnnl/" + PLATFORM + "/libgomp.so.1").getPath());
            System.load(
                    resource("/org/bytedeco/dnnl/" + PLATFORM + "/libdnnl.so.3").getPath());
        } catch (UnsatisfiedLinkError e) {
            throw failure("oneDNN does not load: " + e.getMessage(), e);
        }
        return kernelLibrary("libsoftshare_cpu.so");
    }

    /** Loads the dispatcher; the CUDA runtime is loaded already. @return path of the CUDA kernel library */
    static String cuda() {
        loadDispatcher();
        String folder = System.getProperty(CUDA_PATH_PROPERTY);
        if (folder != null) {
            Path path = Path.of(folder, CUDA_LIBRARY);
            if (!Files.isRegularFile(path)) {
                throw new DeviceException(
                        Native.SOFTSHARE_LIBRARY, path + " does not exist, as -D" + CUDA_PATH_PROPERTY + " demands");
            }
            return path.toString();
        }
        try {
            File file = find("/io/softshare/device/" + PLATFORM + "-cuda/" + CUDA_LIBRARY);
            if (file != null) {
                return file.getPath();
            }
        } catch (IOException e) {
            throw failure(CUDA_LIBRARY + " cannot be unpacked: " + e.getMessage(), e);
        }
        throw new DeviceException(
                Native.SOFTSHARE_LIBRARY,
                "the CUDA kernels " + CUDA_LIBRARY
                        + " are not in this build; build where nvcc 13 is, or add the softshare"
                        + " jar with classifier " + PLATFORM + "-cuda");
    }

    private static void loadDispatcher() {
        if ("off".equals(System.getProperty(SWITCH_PROPERTY))) {
            throw failure("native code is switched off by -D" + SWITCH_PROPERTY + "=off", null);
        }
        String platform = Loader.getPlatform();
        if (!PLATFORM.equals(platform)) {
            throw failure("no native library for " + platform + ", only for " + PLATFORM, null);
        }
        try {
            Loader.load(Native.class);
        } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError e) {
            throw failure("the native library does not load: " + e.getMessage(), e);
        }
    }

    private static String kernelLibrary(String file) {
        String folder = System.getProperty(PATH_PROPERTY);
        if (folder != null) {
            Path path = Path.of(folder, file);
            if (!Files.isRegularFile(path)) {
                throw failure(path + " does not exist, as -D" + PATH_PROPERTY + " demands", null);
            }
            return path.toString();
        }
        return resource("/io/softshare/device/" + PLATFORM + "/" + file).getPath();
    }

    /**
     * A resource as a file: itself where it is one (a build's folder), else unpacked from its jar to a cache that has a folder for
     * each jar. Resources of folders have one place in that cache for all builds of a user: one build would load what another
     * has just put there.
     *
     * @return null: there is no such resource
     */
    private static File find(String name) throws IOException {
        URL url = NativeLibraries.class.getResource(name);
        if (url == null) {
            return null;
        }
        try {
            return url.getProtocol().equals("file") ? new File(url.toURI()) : Loader.cacheResource(url);
        } catch (URISyntaxException e) {
            throw new IOException(url + " is no place of a file", e);
        }
    }

    private static File resource(String name) {
        try {
            File file = find(name);
            if (file == null) {
                throw failure("resource " + name + " is not on the class path", null);
            }
            return file;
        } catch (IOException e) {
            throw failure("resource " + name + " cannot be unpacked: " + e.getMessage(), e);
        }
    }

    private static DeviceException failure(String what, Throwable cause) {
        return new DeviceException(Native.SOFTSHARE_LIBRARY, what + "; " + REMEDY, cause);
    }
}
