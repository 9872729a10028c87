package io.softshare.data;

import io.softshare.graph.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * CIFAR-10 as its authors publish it: five training files and one test file of records, each one label byte and 3 × 32 ×
 * 32 bytes, channel by channel.
 */
final class CifarBinary {
    static final String SUBFOLDER = "cifar-10-batches-bin";
    static final String TEST = "test_batch.bin";
    static final String META = "batches.meta.txt";
    static final List<String> TRAIN = IntStream.rangeClosed(1, 5)
            .mapToObj(i -> "data_batch_" + i + ".bin")
            .toList();

    private static final Shape SHAPE = new Shape(3, 32, 32);
    private static final int PLANE = 32 * 32;
    private static final int RECORD = 1 + 3 * PLANE;
    private static final int CLASSES = 10;
    /** Far above the 10,000 of a real batch; keeps a wrong file from filling memory. */
    private static final int MAX_RECORDS = 100_000;

    private static final int MAX_META_BYTES = 4096;
    private static final List<String> CLASS_NAMES =
            List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

    private CifarBinary() {}

    /** The folder or its usual sub-folder, whichever holds at least one of the files; null if neither. */
    static Path find(Path folder) {
        for (Path candidate : List.of(folder, folder.resolve(SUBFOLDER))) {
            if (Files.isRegularFile(candidate.resolve(TEST))
                    || TRAIN.stream().anyMatch(name -> Files.isRegularFile(candidate.resolve(name)))) {
                return candidate;
            }
        }
        return null;
    }

    static DataSet read(String name, Path folder, Progress progress) {
        List<Path> train = TRAIN.stream().map(folder::resolve).toList();
        return new DataSet(
                name,
                read(train, "reading CIFAR-10", progress),
                read(List.of(folder.resolve(TEST)), "reading CIFAR-10", progress),
                classNames(folder.resolve(META)));
    }

    private static ImageSet read(List<Path> files, String what, Progress progress) {
        int count = 0;
        for (Path file : files) {
            count += records(file);
        }
        byte[] pixels = new byte[count * SHAPE.size()];
        byte[] labels = new byte[count];
        int image = 0;
        for (Path file : files) {
            byte[] bytes;
            try {
                bytes = Files.readAllBytes(file);
            } catch (IOException e) {
                throw new DataException(file + " cannot be read: " + e.getMessage(), e);
            }
            for (int at = 0; at + RECORD <= bytes.length && image < count; at += RECORD, image++) {
                int label = bytes[at] & 0xFF;
                if (label >= CLASSES) {
                    throw new DataException(file + ": label of image " + at / RECORD + " is " + label
                            + ", expected 0 to 9; the CIFAR-10 binary format is expected, not CIFAR-100");
                }
                labels[image] = bytes[at];
                toChannelsLast(bytes, at + 1, pixels, image * SHAPE.size());
            }
            progress.update(what, image, count);
        }
        if (image != count) {
            throw new DataException(files.get(0).getParent() + ": a file changed while it was read");
        }
        return new ImageSet(SHAPE, pixels, labels, CLASSES);
    }

    private static int records(Path file) {
        long size;
        try {
            if (!Files.isRegularFile(file)) {
                throw new DataException(file.getParent() + " holds CIFAR-10 binary files but lacks "
                        + file.getFileName() + "; expected data_batch_1.bin to data_batch_5.bin and " + TEST);
            }
            size = Files.size(file);
        } catch (IOException e) {
            throw new DataException(file + " cannot be read: " + e.getMessage(), e);
        }
        if (size == 0 || size % RECORD != 0 || size / RECORD > MAX_RECORDS) {
            throw new DataException(file + " has " + size + " bytes, expected a multiple of " + RECORD
                    + " (a label and 3×32×32 pixels), 1 to " + MAX_RECORDS + " images; fetch it again");
        }
        return (int) (size / RECORD);
    }

    private static void toChannelsLast(byte[] from, int at, byte[] to, int start) {
        for (int p = 0; p < PLANE; p++) {
            to[start + 3 * p] = from[at + p];
            to[start + 3 * p + 1] = from[at + PLANE + p];
            to[start + 3 * p + 2] = from[at + 2 * PLANE + p];
        }
    }

    /** The names beside the data if there are exactly ten, else the published ones. */
    private static List<String> classNames(Path meta) {
        try {
            if (Files.isRegularFile(meta) && Files.size(meta) <= MAX_META_BYTES) {
                List<String> names = new String(Files.readAllBytes(meta), StandardCharsets.ISO_8859_1)
                        .lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .toList();
                if (names.size() == CLASSES) {
                    return names;
                }
            }
            return CLASS_NAMES;
        } catch (IOException e) {
            throw new DataException(meta + " cannot be read: " + e.getMessage(), e);
        }
    }
}
