package io.softshare.data;

import static io.softshare.data.DataSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.softshare.graph.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarBinaryTest {
    private static final int RECORD = 3073;

    @TempDir
    Path folder;

    @BeforeEach
    void sixGoodFiles() throws IOException {
        for (int i = 0; i < 5; i++) {
            Files.write(folder.resolve(CifarBinary.TRAIN.get(i)), batch(2 * i, 2 * i + 1));
        }
        Files.write(folder.resolve(CifarBinary.TEST), batch(9, 0, 4));
    }

    @Test
    void readsPlanesIntoChannelsLast() {
        DataSet data = open(folder);
        assertEquals(new Shape(3, 32, 32), data.train().shape());
        assertArrayEquals(
                new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, data.train().labels(), "files in their order");
        assertArrayEquals(new byte[] {9, 0, 4}, data.test().labels());
        byte[] pixels = data.test().pixels();
        byte[] file = batch(9, 0, 4);
        for (int image = 0; image < 3; image++) {
            for (int c = 0; c < 3; c++) {
                for (int p : new int[] {0, 1, 32, 1023}) {
                    assertEquals(file[image * RECORD + 1 + c * 1024 + p], pixels[(image * 1024 + p) * 3 + c]);
                }
            }
        }
        assertEquals("airplane", data.classNames().get(0));
        assertEquals("truck", data.classNames().get(9));
    }

    @Test
    void findsTheUsualSubfolderAndTheNamesBesideTheData() throws IOException {
        Path inner = Files.createDirectories(folder.resolve("outer/cifar-10-batches-bin"));
        for (String name : CifarBinary.TRAIN) {
            Files.move(folder.resolve(name), inner.resolve(name));
        }
        Files.move(folder.resolve(CifarBinary.TEST), inner.resolve(CifarBinary.TEST));
        Files.writeString(inner.resolve(CifarBinary.META), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
        DataSet data = open(folder.resolve("outer"));
        assertEquals("outer", data.name());
        assertEquals("j", data.classNames().get(9));
        Files.writeString(inner.resolve(CifarBinary.META), "only one\n");
        assertEquals("truck", open(folder.resolve("outer")).classNames().get(9), "names that do not fit are not used");
    }

    @Test
    void refusesAMissingFile() throws IOException {
        Files.delete(folder.resolve("data_batch_3.bin"));
        assertMessage("lacks data_batch_3.bin; expected data_batch_1.bin to", () -> open(folder));
    }

    @Test
    void refusesEmptyAndCutFiles() throws IOException {
        for (int length : new int[] {0, 1, RECORD - 1, RECORD + 1, 2 * RECORD - 1}) {
            Files.write(folder.resolve("data_batch_2.bin"), Arrays.copyOf(batch(1, 2), length));
            assertMessage("data_batch_2.bin has " + length + " bytes, expected a multiple of 3073", () -> open(folder));
        }
    }

    @Test
    void refusesLabelsAboveNine() throws IOException {
        Files.write(folder.resolve("data_batch_5.bin"), batch(1, 10));
        assertMessage("data_batch_5.bin: label of image 1 is 10, expected 0 to 9", () -> open(folder));
        Files.write(folder.resolve("data_batch_5.bin"), batch(255));
        assertMessage("label of image 0 is 255", () -> open(folder));
    }

    /** Records with these labels; each pixel byte depends on image, plane and place. */
    static byte[] batch(int... labels) {
        byte[] bytes = new byte[labels.length * RECORD];
        for (int i = 0; i < labels.length; i++) {
            int start = i * RECORD;
            bytes[start] = (byte) labels[i];
            int image = i;
            IntStream.range(0, RECORD - 1).forEach(p -> bytes[start + 1 + p] = (byte) (p * 7 + p / 1024 * 50 + image));
        }
        return bytes;
    }

    private static DataSet open(Path folder) {
        return DataSources.open(folder.toString(), new Cache(folder.resolve("unused")), Progress.SILENT);
    }
}
