package io.softshare.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.graph.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class DataSetTest {
    private static final Shape PIXEL = new Shape(2, 1, 1);

    @Test
    void validationIsTheLast500OfEachClassInFileOrder() {
        // Classes 0 1 0 0 1 0 0 1 …: 2,000 of class 0 and 1,000 of class 1; a pixel pair holds the place in the file.
        ImageSet train = set(3000, i -> i % 3 == 1 ? 1 : 0, 2);
        DataSet.Split split = dataSet(train, 2).split(true);
        assertArrayEquals(new int[] {1500, 500}, split.train().classCounts());
        assertArrayEquals(new int[] {500, 500}, split.validation().classCounts());
        int kept = 0;
        int aside = 0;
        int[] seen = new int[2];
        for (int i = 0; i < train.count(); i++) {
            int label = train.label(i);
            boolean toValidation = seen[label]++ >= (label == 0 ? 1500 : 500);
            ImageSet part = toValidation ? split.validation() : split.train();
            int at = toValidation ? aside++ : kept++;
            assertEquals(label, part.label(at));
            assertEquals(i, place(part, at), "order of the file");
        }
        assertEquals(train.count(), kept + aside);
    }

    @Test
    void smallClassesGiveTheirLastTenth() {
        // 999 of class 0 is too few, so class 1 gives a tenth too; class 2 has one image, class 3 none.
        ImageSet train = set(3000, i -> i < 999 ? 0 : i == 2999 ? 2 : 1, 4);
        DataSet.Split split = dataSet(train, 4).split(true);
        assertArrayEquals(new int[] {99, 200, 0, 0}, split.validation().classCounts());
        assertArrayEquals(new int[] {900, 1800, 1, 0}, split.train().classCounts());
        assertEquals(900, place(split.validation(), 0));
        assertEquals(2998, place(split.validation(), 298));
    }

    @Test
    void aClassThatDoesNotOccurChangesNothing() {
        DataSet.Split split = dataSet(set(1000, i -> 1, 2), 2).split(true);
        assertArrayEquals(new int[] {0, 500}, split.validation().classCounts());
    }

    @Test
    void withoutValidationAllIsTraining() {
        DataSet data = dataSet(set(20, i -> 0, 1), 1);
        DataSet.Split split = data.split(false);
        assertSame(data.train(), split.train());
        assertSame(data.test(), split.test());
        assertEquals(0, split.validation().count());
    }

    @Test
    void subsetsAreCopiedInTheOrderAsked() {
        ImageSet set = set(10, i -> i % 3, 3);
        ImageSet some = set.subset(new int[] {7, 0, 7});
        assertEquals(7, place(some, 0));
        assertEquals(0, place(some, 1));
        assertEquals(7, place(some, 2));
        assertArrayEquals(new byte[] {1, 0, 1}, some.labels());
        assertMessage("image 10 asked for", () -> set.subset(new int[] {10}));
        assertMessage("image -1 asked for", () -> set.subset(new int[] {-1}));
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertMessage(
                "expected 4 bytes of pixels for 2 images of 2×1×1, found 3",
                () -> new ImageSet(PIXEL, new byte[3], new byte[2], 2));
        assertMessage(
                "label of image 1 is 200, expected 0 to 9",
                () -> new ImageSet(PIXEL, new byte[4], new byte[] {9, (byte) 200}, 10));
        assertMessage("1 to 256 classes, found 257", () -> new ImageSet(PIXEL, new byte[0], new byte[0], 257));
        assertMessage("1 to 256 classes, found 0", () -> new ImageSet(PIXEL, new byte[0], new byte[0], 0));
        ImageSet two = set(2, i -> i, 2);
        assertMessage("3 class names", () -> new DataSet("x", two, two, List.of("a", "b", "c")));
        ImageSet other = new ImageSet(new Shape(1, 1, 1), new byte[1], new byte[1], 2);
        assertMessage(
                "training images are 2×1×1, test images are 1×1×1",
                () -> new DataSet("x", two, other, List.of("a", "b")));
        assertMessage("0 test images", () -> new DataSet("x", two, two.subset(new int[0]), List.of("a", "b")));
    }

    @Test
    void messagesAreOneLine() {
        assertEquals("a b c", new DataException("a\nb\r\n\tc ").getMessage());
    }

    static void assertMessage(String part, org.junit.jupiter.api.function.Executable action) {
        String message = assertThrows(DataException.class, action).getMessage();
        assertTrue(message.contains(part), "expected `" + part + "` in: " + message);
        assertTrue(message.lines().count() == 1, "one line: " + message);
    }

    private static DataSet dataSet(ImageSet train, int classes) {
        List<String> names = List.of("a", "b", "c", "d").subList(0, classes);
        return new DataSet("made", train, set(1, i -> 0, classes), names);
    }

    private static ImageSet set(int count, java.util.function.IntUnaryOperator label, int classes) {
        byte[] pixels = new byte[2 * count];
        byte[] labels = new byte[count];
        for (int i = 0; i < count; i++) {
            pixels[2 * i] = (byte) (i >> 8);
            pixels[2 * i + 1] = (byte) i;
            labels[i] = (byte) label.applyAsInt(i);
        }
        return new ImageSet(PIXEL, pixels, labels, classes);
    }

    private static int place(ImageSet set, int image) {
        return (set.pixels()[2 * image] & 0xFF) << 8 | set.pixels()[2 * image + 1] & 0xFF;
    }
}
