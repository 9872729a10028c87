package io.softshare.data;

import io.softshare.graph.Shape;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The four files of MNIST and its kin. IDX is: two zero bytes, a type byte (8: unsigned bytes), the number of dimensions,
 * each dimension as a big-endian int, then the values.
 */
final class IdxFiles {
    private static final int IMAGES = 0x00000803;
    private static final int LABELS = 0x00000801;
    /** Deflate packs at most about 1,032 : 1, so a header that promises more than this is not believed. */
    private static final long MAX_DEFLATE_RATIO = 1040;

    private static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
    private static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
    private static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
    private static final String TEST_LABELS = "t10k-labels-idx1-ubyte";
    static final List<String> NAMES = List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS);

    private IdxFiles() {}

    /** Whether the folder holds at least one of the four files. */
    static boolean in(Path folder) {
        return NAMES.stream().anyMatch(name -> find(folder, name) != null);
    }

    /**
     * Reads the four files. Classes are 0 … the largest training label, named by their numbers.
     */
    static DataSet read(String name, Path folder) {
        List<String> missing =
                NAMES.stream().filter(file -> find(folder, file) == null).toList();
        if (!missing.isEmpty()) {
            throw new DataException(folder + " holds IDX files but lacks " + String.join(", ", missing)
                    + "; expected all four, raw or .gz");
        }
        byte[] trainLabels = readLabels(find(folder, TRAIN_LABELS));
        int classes = 1;
        for (byte label : trainLabels) {
            classes = Math.max(classes, (label & 0xFF) + 1);
        }
        List<String> classNames = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            classNames.add(Integer.toString(c));
        }
        Path testLabels = find(folder, TEST_LABELS);
        ImageSet train = join(find(folder, TRAIN_IMAGES), find(folder, TRAIN_LABELS), trainLabels, classes);
        ImageSet test = join(find(folder, TEST_IMAGES), testLabels, readLabels(testLabels), classes);
        return new DataSet(name, train, test, classNames);
    }

    /** The file under one of its usual names, or null. */
    private static Path find(Path folder, String name) {
        String dotted = name.replace("-idx", ".idx");
        for (String candidate : List.of(name, dotted, name + ".gz", dotted + ".gz")) {
            Path file = folder.resolve(candidate);
            if (Files.isRegularFile(file)) {
                return file;
            }
        }
        return null;
    }

    private static ImageSet join(Path imageFile, Path labelFile, byte[] labels, int classes) {
        Images images = readImages(imageFile);
        if (images.count != labels.length) {
            throw new DataException(imageFile + " holds " + images.count + " images but " + labelFile + " holds "
                    + labels.length + " labels; expected as many");
        }
        try {
            return new ImageSet(images.shape, images.pixels, labels, classes);
        } catch (DataException e) {
            throw new DataException(labelFile + ": " + e.getMessage());
        }
    }

    private record Images(int count, Shape shape, byte[] pixels) {}

    private static Images readImages(Path file) {
        int[] dimensions = new int[3];
        byte[] pixels = read(file, IMAGES, "an IDX file of images", dimensions);
        return new Images(dimensions[0], new Shape(1, dimensions[1], dimensions[2]), pixels);
    }

    private static byte[] readLabels(Path file) {
        return read(file, LABELS, "an IDX file of labels", new int[1]);
    }

    /** Reads header and values; the dimensions are filled in. Nothing is allocated that the file cannot fill. */
    private static byte[] read(Path file, int magic, String kind, int[] dimensions) {
        boolean packed = file.getFileName().toString().endsWith(".gz");
        try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
                InputStream in = packed ? new GZIPInputStream(raw, 1 << 16) : raw) {
            byte[] header = in.readNBytes(4 + 4 * dimensions.length);
            if (header.length < 4 + 4 * dimensions.length) {
                throw new DataException(file + " ends inside its header: expected " + kind);
            }
            ByteBuffer buffer = ByteBuffer.wrap(header);
            int found = buffer.getInt();
            if (found != magic) {
                throw new DataException(String.format(
                        "%s does not start as %s: expected magic %08x, found %08x", file, kind, magic, found));
            }
            long bytes = 1;
            for (int d = 0; d < dimensions.length; d++) {
                dimensions[d] = buffer.getInt();
                if (dimensions[d] < 1) {
                    throw new DataException(file + ": dimension " + d + " is " + Integer.toUnsignedString(dimensions[d])
                            + ", expected 1 to " + Integer.MAX_VALUE);
                }
                bytes = multiply(bytes, dimensions[d]);
            }
            long fileBytes = Files.size(file);
            long most = packed ? fileBytes * MAX_DEFLATE_RATIO : fileBytes - header.length;
            if (bytes > most || bytes > Integer.MAX_VALUE - 8) {
                throw new DataException(file + " promises " + bytes + " bytes of values, more than it can hold ("
                        + fileBytes + " bytes on disk): truncated or damaged");
            }
            byte[] values = new byte[(int) bytes];
            int read = in.readNBytes(values, 0, values.length);
            if (read < values.length) {
                throw new DataException(file + " is truncated: expected " + bytes + " bytes of values, found " + read);
            }
            if (in.read() >= 0) {
                throw new DataException(file + " goes on after its " + bytes + " bytes of values: damaged");
            }
            return values;
        } catch (ZipException | EOFException e) {
            throw new DataException(file + " is damaged or truncated gzip: " + e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw new DataException(file + " does not fit into memory; give Java more (-Xmx)", e);
        } catch (IOException e) {
            throw new DataException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Product of a value that may have saturated and a positive int. */
    private static long multiply(long a, int b) {
        return a > Long.MAX_VALUE / b ? Long.MAX_VALUE : a * b;
    }
}
