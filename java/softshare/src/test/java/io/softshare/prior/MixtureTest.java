package io.softshare.prior;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MixtureTest {
    @Test
    void startSpreadsTheMeansEvenly() {
        Mixture mixture = Mixture.initial(4, 0.9, 0.01, 0.6, 0.2);
        assertEquals(5, mixture.size());
        assertEquals(0, mixture.mean(0));
        assertEquals(-0.6, mixture.mean(1), 1e-12);
        assertEquals(-0.2, mixture.mean(2), 1e-12);
        assertEquals(0.6, mixture.mean(4), 1e-12);
        assertEquals(0.025, mixture.proportion(3), 1e-12);
        assertArrayEquals(mixture.packed(), Mixture.of(mixture.packed()).packed());
    }

    @Test
    void mergeJoinsEqualComponentsAndTheZeroAbsorbs() {
        Mixture mixture =
                new Mixture(new double[] {0.9, 0.04, 0.03, 0.03}, new double[] {0, 0.001, 0.5, 0.5}, new double[] {
                    0.1, 0.1, 0.1, 0.1
                });
        Mixture merged = mixture.merge(1e-3);
        assertEquals(2, merged.size());
        assertEquals(0.94, merged.proportion(0), 1e-12);
        assertEquals(0, merged.mean(0));
        assertEquals(0.06, merged.proportion(1), 1e-12);
        assertEquals(0.5, merged.mean(1), 1e-12);
    }

    @Test
    void withoutZeroProportionsSumToOne() {
        Mixture rest = Mixture.initial(3, 0.99, 0.01, 1, 0.2).withoutZero();
        assertEquals(3, rest.size());
        assertEquals(1, rest.proportion(0) + rest.proportion(1) + rest.proportion(2), 1e-12);
    }
}
