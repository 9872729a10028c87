package io.softshare.data;

import static io.softshare.data.DataSetTest.assertMessage;
import static io.softshare.data.TestImages.colour;
import static io.softshare.data.TestImages.encode;
import static io.softshare.data.TestImages.grey;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.graph.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassFoldersTest {
    @TempDir
    Path folder;

    @BeforeEach
    void twoClasses() throws IOException {
        write("train/cat/2.png", encode(colour(3, 2, 20), "png"));
        write("train/cat/10.png", encode(colour(3, 2, 10), "png"));
        write("train/Dog/a.PNG", encode(colour(3, 2, 0), "png"));
        write("test/cat/x.png", encode(colour(3, 2, 5), "png"));
        write("test/Dog/x.png", encode(colour(3, 2, 6), "png"));
    }

    @Test
    void ordersByClassThenFileName() {
        DataSet data = open();
        assertEquals(List.of("Dog", "cat"), data.classNames(), "by code, capitals first");
        assertArrayEquals(new byte[] {0, 1, 1}, data.train().labels());
        assertEquals(new Shape(3, 2, 3), data.train().shape());
        // Height, width, channel; 10.png before 2.png.
        byte[] expected = {10, 11, 12, 20, 21, 22, 30, 31, 32, 50, 51, 52, 60, 61, 62, 70, 71, 72};
        assertArrayEquals(expected, Arrays.copyOfRange(data.train().pixels(), 18, 36));
        assertEquals(20, data.train().pixels()[36]);
        assertArrayEquals(new byte[] {0, 1}, data.test().labels());
    }

    @Test
    void passesOverHiddenAndOtherFiles() throws IOException {
        write("train/cat/.hidden.png", new byte[] {1});
        write("train/cat/notes.txt", new byte[] {1});
        write("train/readme.md", new byte[] {1});
        Files.createDirectories(folder.resolve("train/.thumbs"));
        Files.createDirectories(folder.resolve("train/cat/folder.png"));
        assertEquals(3, open().train().count());
    }

    @Test
    void greyStaysGreyAndJoinsColour() throws IOException {
        for (String name : List.of("train/cat/2", "train/cat/10", "test/cat/x", "test/Dog/x")) {
            write(name + ".png", encode(grey(3, 2, 7), "png"));
        }
        write("train/Dog/a.PNG", encode(grey(3, 2, 0), "png"));
        DataSet data = open();
        assertEquals(new Shape(1, 2, 3), data.train().shape());
        assertArrayEquals(
                new byte[] {0, 10, 20, 40, 50, 60}, Arrays.copyOf(data.train().pixels(), 6));

        // One coloured image, in test alone, makes the whole set coloured.
        write("test/Dog/x.png", encode(colour(3, 2, 6), "png"));
        data = open();
        assertEquals(new Shape(3, 2, 3), data.train().shape());
        assertArrayEquals(
                new byte[] {0, 0, 0, 10, 10, 10, 20}, Arrays.copyOf(data.train().pixels(), 7));
    }

    @Test
    void jpegsAreDecoded() throws IOException {
        BufferedImage flat = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < 6; p++) {
            flat.setRGB(p % 3, p / 3, 0xC86432);
        }
        write("train/Dog/a.PNG", encode(flat, "jpg")); // The content counts, not the name.
        byte[] pixels = Arrays.copyOf(open().train().pixels(), 18);
        int[] expected = {0xC8, 0x64, 0x32};
        for (int i = 0; i < pixels.length; i++) {
            assertEquals(expected[i % 3], pixels[i] & 0xFF, 3, "sample " + i);
        }
        write("train/Dog/a.PNG", encode(grey(3, 2, 100), "jpg"));
        pixels = open().train().pixels();
        assertEquals(100, pixels[0], 4);
        assertEquals(pixels[0], pixels[1]);
        assertEquals(160, pixels[15] & 0xFF, 4);
    }

    @Test
    void samplesAreTakenAsStored() throws IOException {
        assertArrayEquals(
                new byte[] {3, 13, 43, 53},
                decode(TestImages.pattern(BufferedImage.TYPE_USHORT_GRAY, 2, 2, 3)),
                "16 bits: the upper byte, without brightening");
        assertArrayEquals(
                new byte[] {3, 4, 5, 13, 14, 15},
                decode(TestImages.pattern(BufferedImage.TYPE_INT_ARGB, 2, 1, 3)),
                "transparency is left out");
        assertArrayEquals(new byte[] {4, 5, 6, 1, 2, 3}, decode(TestImages.palette(0x010203, 0x040506)));
        assertArrayEquals(new byte[] {9, 7}, decode(TestImages.palette(0x070707, 0x090909)), "a palette of greys");
        BufferedImage bits = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY);
        bits.getRaster().setSample(1, 0, 0, 1);
        assertArrayEquals(new byte[] {0, -1}, decode(bits));
    }

    @Test
    void namesTheFileOfAnotherSize() throws IOException {
        write("test/cat/y.png", encode(colour(2, 3, 0), "png"));
        assertMessage("test/cat/y.png is 2×3 but", this::open);
        assertMessage("train/Dog/a.PNG is 3×2; all images need one size (width×height)", this::open);
    }

    @Test
    void namesTheFirstFileThatIsNoImage() throws IOException {
        write("train/cat/5.jpg", "no image at all".getBytes());
        write("train/cat/6.jpg", new byte[0]);
        assertMessage("train/cat/5.jpg is not a readable image: its content is not PNG or JPEG", this::open);
        write("train/Dog/a.PNG", encode(colour(3, 2, 0), "gif"));
        assertMessage("train/Dog/a.PNG is not a readable image: its content is not PNG or JPEG", this::open);
    }

    @Test
    void refusesCutImages() throws IOException {
        Path file = folder.resolve("cut");
        for (String format : List.of("png", "jpg")) {
            byte[] whole = encode(colour(9, 7, 40), format);
            // The last chunk of a PNG and the checksums before it hold no pixel.
            int needed = whole.length - (format.equals("png") ? 21 : 0);
            for (int length = 0; length < needed; length += length < needed - 120 ? 5 : 1) {
                Files.write(file, Arrays.copyOf(whole, length));
                assertMessage(
                        "cut is not a readable image", () -> ImageFile.read(file, new ImageFile.Header(9, 7), file));
            }
        }
    }

    @Test
    void refusesHugeSidesFromTheHeaderAlone() throws IOException {
        byte[] png = encode(colour(3, 2, 0), "png");
        png[16] = 0x7F; // width 2,130,706,435
        write("train/Dog/a.PNG", png);
        assertMessage("expected at most 8192 a side", this::open);
    }

    @Test
    void refusesFoldersThatDoNotMatch() throws IOException {
        write("train/horse/1.png", encode(colour(3, 2, 0), "png"));
        write("test/zebra/1.png", encode(colour(3, 2, 0), "png"));
        assertMessage("same class folders; only in train: horse; only in test: zebra", this::open);
    }

    @Test
    void refusesEmptyAndMissingParts() throws IOException {
        Files.delete(folder.resolve("test/cat/x.png"));
        assertMessage("test/cat holds no image; expected *.png, *.jpg or *.jpeg", this::open);
        Files.delete(folder.resolve("test/cat"));
        Files.delete(folder.resolve("test/Dog/x.png"));
        Files.delete(folder.resolve("test/Dog"));
        assertMessage("test has no class folders", this::open);
        Files.delete(folder.resolve("test"));
        assertMessage("has no folder test; expected train/CLASS", this::open);
    }

    @Test
    void refusesMoreClassesThanAByteHolds() throws IOException {
        for (int c = 0; c < 255; c++) {
            Files.createDirectories(folder.resolve("train/c" + c));
        }
        assertMessage("train has 257 class folders, at most 256", this::open);
    }

    @Test
    void saysWhatItLookedFor() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        Cache cache = new Cache(folder.resolve("unused"));
        assertMessage("holds no data set: looked for IDX files", () -> open(empty.toString(), cache));
        for (String where :
                List.of("", "nowhere", "MNIST", folder.resolve("test/cat/x.png").toString(), "a\0b")) {
            assertMessage("is no data set", () -> open(where, cache));
        }
        assertTrue(Files.notExists(cache.root()), "folders do not touch the cache");
    }

    private byte[] decode(BufferedImage image) throws IOException {
        Path file = folder.resolve("one.png");
        Files.write(file, encode(image, "png"));
        return ImageFile.read(file, ImageFile.header(file), file);
    }

    private DataSet open() {
        return open(folder.toString(), new Cache(folder.resolve("unused")));
    }

    private static DataSet open(String where, Cache cache) {
        return DataSources.open(where, cache, Progress.SILENT);
    }

    private void write(String name, byte[] bytes) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }
}
