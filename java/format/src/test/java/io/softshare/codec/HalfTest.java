package io.softshare.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HalfTest {
    @Test
    void everyHalfIsAFloatAndBack() {
        for (int half = 0; half < 1 << 16; half++) {
            float value = Half.toFloat(half);
            if (!Float.isNaN(value)) {
                assertEquals(half, Half.fromFloat(value), "half " + half);
                assertTrue(Half.isExact(value));
            }
        }
        assertEquals(1f, Half.toFloat(0x3C00));
        assertEquals(65504f, Half.toFloat(0x7BFF));
        assertEquals(0x1p-24f, Half.toFloat(1));
    }

    @Test
    void roundsToNearestAndTiesToEven() {
        assertEquals(0x3C00, Half.fromFloat(1 + 0x1p-11f));
        assertEquals(0x3C02, Half.fromFloat(1 + 3 * 0x1p-11f));
        assertEquals(0x3C01, Half.fromFloat(1 + 0x1.8p-11f));
        assertEquals(0x7C00, Half.fromFloat(65520));
        assertEquals(0x7BFF, Half.fromFloat(65519.996f));
        assertEquals(0xFC00, Half.fromFloat(Float.NEGATIVE_INFINITY));
        assertEquals(0, Half.fromFloat(0x1p-25f));
        assertEquals(0x8001, Half.fromFloat(-0x1.8p-25f));
        assertTrue(Float.isNaN(Half.toFloat(Half.fromFloat(Float.NaN))));
    }
}
