package io.softshare.data;

import static io.softshare.data.DataSetTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.softshare.graph.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFilesTest {
    private static final int IMAGES = 0x803;
    private static final int LABELS = 0x801;

    @TempDir
    Path folder;

    @BeforeEach
    void fourGoodFiles() throws IOException {
        write("train-images-idx3-ubyte", idx(IMAGES, 3, 2, 4));
        write("train-labels-idx1-ubyte", idx(LABELS, 3));
        write("t10k-images-idx3-ubyte", idx(IMAGES, 2, 2, 4));
        write("t10k-labels-idx1-ubyte", idx(LABELS, 2));
    }

    @Test
    void readsRawFiles() {
        DataSet data = open();
        assertEquals(new Shape(1, 2, 4), data.train().shape());
        assertEquals(3, data.train().count());
        assertEquals(2, data.test().count());
        assertEquals(23, data.train().pixels()[23]);
        assertArrayEquals(new byte[] {0, 1, 2}, data.train().labels());
        assertEquals(List.of("0", "1", "2"), data.classNames());
        assertEquals(folder.getFileName().toString(), data.name());
    }

    @Test
    void readsDottedNamesAndGzip() throws IOException {
        byte[] images = Files.readAllBytes(folder.resolve("train-images-idx3-ubyte"));
        Files.delete(folder.resolve("train-images-idx3-ubyte"));
        write("train-images.idx3-ubyte.gz", gzip(images));
        Files.move(folder.resolve("t10k-labels-idx1-ubyte"), folder.resolve("t10k-labels.idx1-ubyte"));
        byte[] labels = Files.readAllBytes(folder.resolve("train-labels-idx1-ubyte"));
        Files.delete(folder.resolve("train-labels-idx1-ubyte"));
        write("train-labels-idx1-ubyte.gz", gzip(labels));
        DataSet data = open();
        assertArrayEquals(
                Arrays.copyOfRange(images, 16, images.length), data.train().pixels());
        assertArrayEquals(new byte[] {0, 1, 2}, data.train().labels());
    }

    @Test
    void namesEveryMissingFile() throws IOException {
        Files.delete(folder.resolve("train-images-idx3-ubyte"));
        Files.delete(folder.resolve("t10k-labels-idx1-ubyte"));
        assertMessage("lacks train-images-idx3-ubyte, t10k-labels-idx1-ubyte; expected all four", this::open);
    }

    @Test
    void refusesEveryTruncationRawAndPacked() throws IOException {
        byte[] whole = idx(IMAGES, 3, 2, 4);
        for (int length = 0; length < whole.length; length++) {
            write("train-images-idx3-ubyte", Arrays.copyOf(whole, length));
            assertMessage("train-images-idx3-ubyte", this::open);
        }
        Files.delete(folder.resolve("train-images-idx3-ubyte"));
        byte[] packed = gzip(whole);
        for (int length = 0; length < packed.length; length++) {
            write("train-images-idx3-ubyte.gz", Arrays.copyOf(packed, length));
            assertMessage("train-images-idx3-ubyte.gz", this::open);
        }
        write("train-images-idx3-ubyte.gz", packed);
        assertEquals(3, open().train().count());
    }

    @Test
    void refusesBytesAfterTheEnd() throws IOException {
        byte[] whole = idx(LABELS, 3);
        write("train-labels-idx1-ubyte", Arrays.copyOf(whole, whole.length + 1));
        assertMessage("goes on after its 3 bytes", this::open);
    }

    @Test
    void refusesAWrongMagic() throws IOException {
        write("train-images-idx3-ubyte", idx(LABELS, 24, 0, 0));
        assertMessage("expected magic 00000803, found 00000801", this::open);
        write("train-images-idx3-ubyte", gzip(idx(IMAGES, 3, 2, 4)));
        assertMessage("expected magic 00000803, found 1f8b0800", this::open);
    }

    @Test
    void refusesHugeAndEmptyDimensionsBeforeTakingMemory() throws IOException {
        int[][] dimensions = {
            {0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF}, {-1, 2, 4}, {0, 2, 4}, {3, 0, 4}, {0x7FFFFFFF, 1, 1}, {4, 2, 4}
        };
        for (int[] d : dimensions) {
            byte[] header = ByteBuffer.allocate(40)
                    .putInt(IMAGES)
                    .putInt(d[0])
                    .putInt(d[1])
                    .putInt(d[2])
                    .array();
            write("train-images-idx3-ubyte", header);
            assertMessage("train-images-idx3-ubyte", this::open);
        }
        Files.delete(folder.resolve("train-images-idx3-ubyte"));
        byte[] huge = ByteBuffer.allocate(40)
                .putInt(IMAGES)
                .putInt(0x7FFFFFF0)
                .putInt(1)
                .putInt(1)
                .array();
        write("train-images-idx3-ubyte.gz", gzip(huge));
        assertMessage("promises 2147483632 bytes of values, more than it can hold", this::open);
    }

    @Test
    void refusesCountsThatDiffer() throws IOException {
        write("train-labels-idx1-ubyte", idx(LABELS, 4));
        assertMessage("holds 3 images but", this::open);
        assertMessage("holds 4 labels", this::open);
    }

    @Test
    void refusesATestLabelThatTrainingLacks() throws IOException {
        byte[] labels = idx(LABELS, 2);
        labels[9] = 3;
        write("t10k-labels-idx1-ubyte", labels);
        assertMessage("t10k-labels-idx1-ubyte: label of image 1 is 3, expected 0 to 2", this::open);
    }

    @Test
    void refusesImageSizesThatDiffer() throws IOException {
        write("t10k-images-idx3-ubyte", idx(IMAGES, 2, 4, 2));
        assertMessage("training images are 1×2×4, test images are 1×4×2", this::open);
    }

    private DataSet open() {
        return DataSources.open(folder.toString(), new Cache(folder.resolve("unused")), Progress.SILENT);
    }

    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    /** A file whose values count up from 0. */
    static byte[] idx(int magic, int... dimensions) {
        int bytes = Arrays.stream(dimensions).reduce(1, (a, b) -> a * b);
        ByteBuffer buffer =
                ByteBuffer.allocate(4 + 4 * dimensions.length + bytes).putInt(magic);
        Arrays.stream(dimensions).forEach(buffer::putInt);
        for (int i = 0; i < bytes; i++) {
            buffer.put((byte) i);
        }
        return buffer.array();
    }

    static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }
}
