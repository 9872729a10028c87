package io.softshare.data;

import io.softshare.graph.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Images in folders: {@code train/CLASS/*} and {@code test/CLASS/*}, PNG or JPEG, ordered by class name, then file name
 * (by UTF-16 code, on any locale). Files of other kinds and hidden ones are passed over.
 */
final class ClassFolders {
    private static final List<String> EXTENSIONS = List.of(".png", ".jpg", ".jpeg");

    private ClassFolders() {}

    static boolean in(Path folder) {
        return Files.isDirectory(folder.resolve("train")) || Files.isDirectory(folder.resolve("test"));
    }

    static DataSet read(String name, Path folder, Progress progress) {
        List<String> classes = classes(folder.resolve("train"));
        List<String> testClasses = classes(folder.resolve("test"));
        if (!classes.equals(testClasses)) {
            throw new DataException(folder + ": train and test need the same class folders; "
                    + difference(classes, testClasses, "train")
                    + difference(testClasses, classes, "test"));
        }
        List<Path> files = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        list(folder.resolve("train"), classes, files, labels);
        int trainCount = files.size();
        list(folder.resolve("test"), classes, files, labels);

        // Both parts in one go: grey or colour is decided over all images, and one size holds for all.
        ImageFile.Header first = ImageFile.header(files.get(0));
        long colourBytes = 3L * first.width() * first.height() * Math.max(trainCount, files.size() - trainCount);
        if (colourBytes > Integer.MAX_VALUE - 8) {
            throw new DataException(folder + ": " + files.size() + " images of " + first.width() + "×" + first.height()
                    + " are more than one array of 2 GiB holds; use fewer or smaller images");
        }
        byte[][] decoded = decode(files, first, progress);
        int area = first.width() * first.height();
        boolean grey = Arrays.stream(decoded).allMatch(pixels -> pixels.length == area);
        Shape shape = new Shape(grey ? 1 : 3, first.height(), first.width());
        return new DataSet(
                name,
                gather(decoded, labels, 0, trainCount, shape, classes.size()),
                gather(decoded, labels, trainCount, files.size(), shape, classes.size()),
                classes);
    }

    private static List<String> classes(Path part) {
        if (!Files.isDirectory(part)) {
            throw new DataException(part.getParent() + " has no folder " + part.getFileName()
                    + "; expected train/CLASS/*.png|jpg and test/CLASS/*.png|jpg");
        }
        List<String> names = names(part, Files::isDirectory);
        if (names.isEmpty()) {
            throw new DataException(part + " has no class folders; expected CLASS/*.png|jpg in it");
        }
        if (names.size() > ImageSet.MAX_CLASSES) {
            throw new DataException(part + " has " + names.size() + " class folders, at most " + ImageSet.MAX_CLASSES
                    + " are supported");
        }
        return names;
    }

    private static void list(Path part, List<String> classes, List<Path> files, List<Integer> labels) {
        for (int c = 0; c < classes.size(); c++) {
            Path folder = part.resolve(classes.get(c));
            List<String> names = names(folder, ClassFolders::isImage);
            if (names.isEmpty()) {
                throw new DataException(folder + " holds no image; expected *.png, *.jpg or *.jpeg");
            }
            for (String name : names) {
                files.add(folder.resolve(name));
                labels.add(c);
            }
        }
    }

    private static boolean isImage(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return Files.isRegularFile(file) && EXTENSIONS.stream().anyMatch(name::endsWith);
    }

    private static List<String> names(Path folder, java.util.function.Predicate<Path> wanted) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> !entry.getFileName().toString().startsWith("."))
                    .filter(wanted)
                    .map(entry -> entry.getFileName().toString())
                    .sorted(Comparator.naturalOrder())
                    .toList();
        } catch (IOException | java.io.UncheckedIOException e) {
            throw new DataException(folder + " cannot be listed: " + e.getMessage(), e);
        }
    }

    private static String difference(List<String> here, List<String> there, String part) {
        List<String> only = here.stream().filter(name -> !there.contains(name)).toList();
        return only.isEmpty() ? "" : "only in " + part + ": " + String.join(", ", only) + "; ";
    }

    /** Decodes on all processors. The fault reported is the first in file order, whichever thread met one first. */
    private static byte[][] decode(List<Path> files, ImageFile.Header first, Progress progress) {
        byte[][] decoded = new byte[files.size()][];
        DataException[] faults = new DataException[files.size()];
        AtomicInteger firstFault = new AtomicInteger(files.size());
        AtomicInteger done = new AtomicInteger();
        AtomicBoolean reporting = new AtomicBoolean();
        IntStream.range(0, files.size()).parallel().forEach(i -> {
            if (i > firstFault.get()) {
                return;
            }
            try {
                decoded[i] = ImageFile.read(files.get(i), first, files.get(0));
            } catch (DataException e) {
                faults[i] = e;
                firstFault.accumulateAndGet(i, Math::min);
            }
            int count = done.incrementAndGet();
            if (count % 256 == 0 && reporting.compareAndSet(false, true)) {
                progress.update("reading images", count, files.size());
                reporting.set(false);
            }
        });
        if (firstFault.get() < files.size()) {
            throw faults[firstFault.get()];
        }
        progress.update("reading images", files.size(), files.size());
        return decoded;
    }

    /** Joins decoded images; grey ones are spread to three channels where the set is in colour. */
    private static ImageSet gather(byte[][] decoded, List<Integer> labels, int from, int to, Shape shape, int classes) {
        byte[] pixels = new byte[(to - from) * shape.size()];
        byte[] numbers = new byte[to - from];
        for (int i = from; i < to; i++) {
            int start = (i - from) * shape.size();
            byte[] image = decoded[i];
            if (image.length == shape.size()) {
                System.arraycopy(image, 0, pixels, start, image.length);
            } else {
                for (int p = 0; p < image.length; p++) {
                    Arrays.fill(pixels, start + 3 * p, start + 3 * p + 3, image[p]);
                }
            }
            decoded[i] = null;
            numbers[i - from] = (byte) (int) labels.get(i);
        }
        return new ImageSet(shape, pixels, numbers, classes);
    }
}
