package io.softshare.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files may be read or refused with one line, but nothing else may happen. Seeds are fixed. */
class HostileInputTest {
    @TempDir
    Path folder;

    @Test
    void damagedImages() throws IOException {
        List<byte[]> good = new ArrayList<>();
        for (String format : List.of("png", "jpg")) {
            good.add(TestImages.encode(TestImages.colour(5, 3, 0), format));
            good.add(TestImages.encode(TestImages.grey(5, 3, 0), format));
        }
        good.add(TestImages.encode(TestImages.palette(0x010203, 0x040506, 0xFF00FF), "png"));
        good.add(TestImages.encode(TestImages.pattern(BufferedImage.TYPE_INT_ARGB, 9, 7, 0), "png"));
        good.add(TestImages.encode(TestImages.pattern(BufferedImage.TYPE_USHORT_GRAY, 9, 7, 0), "png"));
        Path file = folder.resolve("image");
        for (byte[] image : good) {
            everyByteAndRandomDamage(image, 60, file, damaged -> {
                ImageFile.Header header = ImageFile.header(damaged);
                // A hostile header may claim up to 8192 a side; decoding that many pixels thousands of times takes
                // long.
                if ((long) header.width() * header.height() <= 1 << 12) {
                    ImageFile.read(damaged, header, damaged);
                }
            });
        }
    }

    /** Ancillary chunks that promise two gigabytes must not be believed. */
    @Test
    void hugeChunkLengths() throws IOException {
        byte[] png = TestImages.encode(TestImages.colour(3, 2, 0), "png");
        int afterHeader = 33;
        for (String kind : List.of("iCCP", "zTXt", "iTXt", "tEXt", "tRNS", "PLTE", "IDAT", "sPLT", "hIST", "xxXx")) {
            for (int length : new int[] {Integer.MAX_VALUE, -1, 0x40000000}) {
                byte[] bytes = ByteBuffer.allocate(png.length + 40)
                        .put(png, 0, afterHeader)
                        .putInt(length)
                        .put(kind.getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                        .put(new byte[32])
                        .put(png, afterHeader, png.length - afterHeader)
                        .array();
                Path file = Files.write(folder.resolve("image"), bytes);
                assertEquals(1, attempt(file, f -> ImageFile.read(f, ImageFile.header(f), f)), kind + " " + length);
            }
        }
    }

    @Test
    void damagedIdx() throws IOException {
        Files.write(folder.resolve("train-labels-idx1-ubyte"), IdxFilesTest.idx(0x801, 3));
        Files.write(folder.resolve("t10k-images-idx3-ubyte"), IdxFilesTest.idx(0x803, 2, 2, 4));
        Files.write(folder.resolve("t10k-labels-idx1-ubyte"), IdxFilesTest.idx(0x801, 2));
        byte[] images = IdxFilesTest.idx(0x803, 3, 2, 4);
        Consumer<Path> read = file -> IdxFiles.read("hostile", folder);
        Path raw = folder.resolve("train-images-idx3-ubyte");
        everyByteAndRandomDamage(images, 200, raw, read);
        Files.delete(raw);
        everyByteAndRandomDamage(IdxFilesTest.gzip(images), 200, folder.resolve("train-images-idx3-ubyte.gz"), read);
    }

    @Test
    void damagedCifar() throws IOException {
        for (String name : CifarBinary.TRAIN) {
            Files.write(folder.resolve(name), CifarBinaryTest.batch(1));
        }
        Random random = new Random(4);
        Path test = folder.resolve(CifarBinary.TEST);
        int refused = 0;
        for (int i = 0; i < 300; i++) {
            byte[] bytes = new byte[random.nextInt(3) == 0 ? random.nextInt(9000) : 3073 * (1 + random.nextInt(3))];
            random.nextBytes(bytes);
            for (int at = 0; at < bytes.length; at += 3073) {
                bytes[at] = (byte) random.nextInt(12); // Seldom enough wrong to let some through.
            }
            refused += attempt(Files.write(test, bytes), f -> CifarBinary.read("hostile", folder, Progress.SILENT));
        }
        assertTrue(refused > 100 && refused < 250, "both outcomes occur: " + refused);
    }

    /** Every byte inverted (every third of a long file), every third cut, then a number of damages of one to eight bytes. */
    private static void everyByteAndRandomDamage(byte[] good, int random, Path file, Consumer<Path> read)
            throws IOException {
        int refused = 0;
        int step = good.length > 300 ? 3 : 1; // JPEG is mostly tables and slow to refuse.
        for (int at = 0; at < good.length; at += step) {
            byte[] bytes = good.clone();
            bytes[at] = (byte) ~good[at];
            refused += attempt(Files.write(file, bytes), read);
            if (at % 3 == 0) {
                refused += attempt(Files.write(file, java.util.Arrays.copyOf(good, at)), read);
            }
        }
        Random source = new Random(good.length);
        for (int i = 0; i < random; i++) {
            byte[] bytes = good.clone();
            for (int k = source.nextInt(8); k >= 0; k--) {
                bytes[source.nextInt(bytes.length)] =
                        (byte) (source.nextBoolean() ? source.nextInt() : -source.nextInt(2));
            }
            refused += attempt(Files.write(file, bytes), read);
        }
        assertTrue(refused > good.length / step / 3, "damage is noticed: " + refused);
        Files.write(file, good);
        assertEquals(0, attempt(file, read), "the undamaged file is read");
    }

    /** 1 if refused with one line that is not empty, 0 if read. */
    private static int attempt(Path file, Consumer<Path> read) {
        try {
            read.accept(file);
            return 0;
        } catch (DataException e) {
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            return 1;
        }
    }
}
