package io.softshare.quantize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SharedValuesTest {
    @Test
    void tidyDropsWhatIsUnusedAndSortsTheRest() {
        SharedValues tidy = new SharedValues(
                        new float[] {0, 0.5f, -1, 7, 0.5f, 0, 0.25f},
                        List.of(new int[] {1, 2, 0, 4}, new int[] {5, 6, 0}),
                        List.of(new float[4], new float[3]))
                .tidy();
        assertArrayEquals(new float[] {0, -1, 0.25f, 0.5f}, tidy.codebook());
        assertArrayEquals(new int[] {3, 1, 0, 3}, tidy.indices().get(0));
        assertArrayEquals(new int[] {0, 2, 0}, tidy.indices().get(1));
    }

    /** Two values that are alike, one of them rare: the rare one's weights move as λ grows, far ones stay. */
    @Test
    void rateDistortionMovesWhatCostsLittle() {
        Random random = new Random(1);
        int n = 4000;
        int[] indices = new int[n];
        float[] latent = new float[n];
        float[] codebook = {0, -0.5f, 0.40f, 0.44f};
        for (int i = 0; i < n; i++) {
            indices[i] = i % 10 == 0 ? 3 : i % 2 == 0 ? 2 : i % 4 == 1 ? 1 : 0;
            latent[i] = indices[i] == 0 ? 0 : codebook[indices[i]] + 0.03f * (float) random.nextGaussian();
        }
        SharedValues start = new SharedValues(codebook, List.of(indices), List.of(latent));
        int[] little = start.rateDistortion(1e-9).indices().get(0);
        SharedValues much = start.rateDistortion(1);
        assertTrue(count(little, 3) > 300, "with hardly any weight on bits the values keep their own");
        assertEquals(3, much.codebook().length, "the rare value is given up: " + Arrays.toString(much.codebook()));
        assertEquals(-0.5f, much.codebook()[1]);
        for (int i = 0; i < n; i++) {
            assertEquals(
                    indices[i] == 0, much.indices().get(0)[i] == 0, "zero stays zero, at this λ nothing else falls");
            assertEquals(indices[i] == 1, much.indices().get(0)[i] == 1);
        }
    }

    @Test
    void nothingToMove() {
        SharedValues none = new SharedValues(new float[] {0}, List.of(new int[5]), List.of(new float[5]));
        assertArrayEquals(new int[5], none.rateDistortion(1).indices().get(0));
        assertEquals(1, none.rounded(3).codebook().length);
    }

    @Test
    void mantissasAreRoundedToTheNearest() {
        assertEquals(1.25f, SharedValues.roundMantissa(1.2f, 2));
        assertEquals(-1.25f, SharedValues.roundMantissa(-1.2f, 2));
        assertEquals(2f, SharedValues.roundMantissa(1.99f, 3), "a carry into the exponent");
        assertEquals(1.2f, SharedValues.roundMantissa(1.2f, 23));
        assertEquals(0f, SharedValues.roundMantissa(0f, 4));
        assertTrue(Float.isFinite(SharedValues.roundMantissa(Float.MAX_VALUE, 4)));
        Random random = new Random(2);
        for (int i = 0; i < 1000; i++) {
            float value = (float) Math.exp(8 * random.nextGaussian());
            float rounded = SharedValues.roundMantissa(value, 5);
            assertEquals(0, Float.floatToRawIntBits(rounded) & (1 << 18) - 1);
            assertTrue(Math.abs(rounded - value) <= value / 64, value + " to " + rounded);
        }
    }

    private static int count(int[] indices, int value) {
        return (int) Arrays.stream(indices).filter(i -> i == value).count();
    }
}
