package io.softshare.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AcquisitionTest {
    @ParameterizedTest
    @CsvSource({"0, 0, 1", "1, 3, 0.5", "-2, -2.5, 0.1", "7.1, 7.4, 2", "0, 6, 1", "3, -3, 0.01"})
    void expectedImprovementIsItsIntegral(double best, double mean, double deviation) {
        int steps = 200_000;
        double low = mean - 12 * deviation;
        double width = (best - low) / steps;
        double sum = 0;
        for (int i = 0; width > 0 && i < steps; i++) { // midpoints
            double y = low + (i + 0.5) * width;
            double z = (y - mean) / deviation;
            sum += (best - y) * Math.exp(-z * z / 2) / (deviation * Math.sqrt(2 * Math.PI)) * width;
        }
        double value = Acquisition.expectedImprovement(best, mean, deviation);
        assertEquals(sum, value, 1e-7 * Math.max(1, sum));
        assertTrue(value >= 0);
    }

    @Test
    void feasibilityAndPendingTrials() {
        Space space = new Space(List.of(new Setting("a", 0, 1, Setting.Scale.LINEAR, false, List.of())));
        Bayesian bayes = new Bayesian(space, 1, 2);
        // Error rises with a, from far below the limit of 2 to far above it; bytes fall.
        List<Observation> done = new java.util.ArrayList<>();
        for (double a = 0; a <= 1; a += 0.125) {
            done.add(new Observation(new double[] {a}, Math.exp(3 * a - 0.8), 9000 * Math.exp(-a)));
        }
        Acquisition free = bayes.model(done, List.of(), new SplittableRandom(1));
        assertTrue(free.feasibility(new double[] {0.05}) > 0.99, "" + free.feasibility(new double[] {0.05}));
        assertTrue(free.feasibility(new double[] {0.95}) < 0.01, "" + free.feasibility(new double[] {0.95}));
        // The limit is reached at a = (ln 2 + 0.8) / 3 = 0.498.
        assertEquals(0.5, free.feasibility(new double[] {0.498}), 0.3);
        double[] there = {0.47};
        Acquisition told = bayes.model(done, List.of(there), new SplittableRandom(1));
        assertTrue(told.at(there) < 0.5 * free.at(there), told.at(there) + " and " + free.at(there));
    }
}
