package io.softshare.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.softshare.data.Augmentation.Draw;
import io.softshare.data.Augmentation.Kind;
import io.softshare.graph.Shape;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static final Shape SMALL = new Shape(1, 2, 3);
    private static final byte[] IMAGE = {1, 2, 3, 4, 5, 6};

    @Test
    void shiftsRightAndDownAndFillsWithZero() {
        assertArrayEquals(new byte[] {0, 0, 0, 0, 1, 2}, apply(new Draw(1, 1, false)));
        assertArrayEquals(new byte[] {5, 6, 0, 0, 0, 0}, apply(new Draw(-1, -1, false)));
    }

    @Test
    void mirrorsBeforeTheShift() {
        assertArrayEquals(new byte[] {3, 2, 1, 6, 5, 4}, apply(new Draw(0, 0, true)));
        assertArrayEquals(new byte[] {0, 3, 2, 0, 6, 5}, apply(new Draw(1, 0, true)));
        assertArrayEquals(new byte[] {2, 1, 0, 5, 4, 0}, apply(new Draw(-1, 0, true)));
    }

    @Test
    void keepsChannelsTogetherAndOffsetsApart() {
        byte[] in = {9, 9, 1, 2, 3, 4};
        byte[] out = {7, 7, 7, 7, 7, 7};
        Augmentation.apply(new Shape(2, 1, 2), in, 2, new Draw(0, 0, true), out, 1);
        assertArrayEquals(new byte[] {7, 3, 4, 1, 2, 7}, out);
    }

    @Test
    void aShiftPastTheImageLeavesNothing() {
        assertArrayEquals(new byte[6], apply(new Draw(4, 0, false)));
        assertArrayEquals(new byte[6], apply(new Draw(0, -2, true)));
    }

    @Test
    void drawsFollowTheStatedRule() {
        // From the words of the kernels' philox.h at seed 1, epoch 2: e2fc8385 dcef9e27 … 67b5f04b for example 1 and
        // a90d81cc c4352515 … db8f9ab5 for example 5,000,000,000.
        Augmentation crop = Augmentation.parse("flip-crop");
        assertEquals(new Draw(-3, 4, true), crop.draw(1, 1, 2));
        assertEquals(new Draw(4, 3, true), crop.draw(1, 5_000_000_000L, 2));
        Augmentation shift = new Augmentation(Kind.SHIFT, 1);
        assertEquals(new Draw(0, 1, false), shift.draw(1, 1, 2));
        assertEquals(new Draw(0, 0, false), Augmentation.NONE.draw(1, 1, 2));
    }

    @Test
    void drawsCoverTheirRangeAsOftenAsStated() {
        int n = 20_000;
        for (Kind kind : Kind.values()) {
            Augmentation augmentation = Augmentation.parse(kind.label());
            int span = 2 * kind.reach() + 1;
            int[] perShift = new int[span];
            int flips = 0;
            for (int i = 0; i < n; i++) {
                Draw draw = augmentation.draw(1, i, 0);
                assertTrue(Math.abs(draw.dy()) <= kind.reach());
                perShift[draw.dx() + kind.reach()]++;
                flips += draw.flip() ? 1 : 0;
            }
            assertEquals(kind.flips() ? n / 2.0 : 0, flips, 300);
            for (int s = 0; s < span; s++) {
                double expected = augmentation.probability() * n / span
                        + (s == kind.reach() ? (1 - augmentation.probability()) * n : 0);
                assertEquals(expected, perShift[s], 300, kind + " shift " + (s - kind.reach()));
            }
        }
    }

    @Test
    void probabilityNoughtAndOneAreExact() {
        Augmentation never = new Augmentation(Kind.SHIFT, 0);
        for (int i = 0; i < 1000; i++) {
            assertEquals(new Draw(0, 0, false), never.draw(3, i, 0));
        }
        long moved = java.util.stream.IntStream.range(0, 9000)
                .filter(i -> !new Augmentation(Kind.SHIFT, 1).draw(3, i, 0).equals(new Draw(0, 0, false)))
                .count();
        assertEquals(8000, moved, 150, "eight of nine shifts move");
    }

    @Test
    void refusesUnknownNamesAndProbabilities() {
        assertEquals(
                "no augmentation is called `crop`; expected none, shift, flip-crop",
                assertThrows(DataException.class, () -> Augmentation.parse("crop"))
                        .getMessage());
        assertThrows(DataException.class, () -> new Augmentation(Kind.SHIFT, Float.NaN));
        assertThrows(DataException.class, () -> new Augmentation(Kind.SHIFT, 1.5f));
    }

    private static byte[] apply(Draw draw) {
        byte[] out = {99, 99, 99, 99, 99, 99};
        Augmentation.apply(SMALL, IMAGE, 0, draw, out, 0);
        return out;
    }
}
