package io.softshare.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The search for a density, on made-up networks whose error and bytes are known functions of the number of live weights. */
class NextDensityTest {
    private static final long WEIGHTS = 100_000;

    /** Rises from 1 % where weights run out. */
    private static double error(long live) {
        return 1 + 1e4 / live;
    }

    private static double bytes(long live) {
        return 300 + 1.4 * live;
    }

    private static List<Attempt> search(Goal.Bounds bounds, long first, LongToDoubleFunction error) {
        List<Attempt> attempts = new ArrayList<>();
        long live = first;
        while (live != NextDensity.NONE) {
            live = Math.min(live, WEIGHTS);
            long now = live;
            if (attempts.stream().anyMatch(a -> a.liveWeights() == now)) {
                return attempts;
            }
            attempts.add(new Attempt(
                    attempts.size() + 1,
                    live,
                    false,
                    error.applyAsDouble(live),
                    Math.round(bytes(live)),
                    1,
                    List.of(),
                    false));
            live = bounds.maxBytes() > 0
                    ? NextDensity.forBytes(attempts, bounds)
                    : NextDensity.forError(attempts, bounds);
        }
        return attempts;
    }

    @ParameterizedTest
    @ValueSource(longs = {500, 3_000, 9_000, 12_000, 50_000, WEIGHTS})
    void fewestBytesWithinAnError(long first) {
        Goal.Bounds bounds = new Goal(1, Double.NaN, Double.NaN).bounds(1, 4 * WEIGHTS); // exactly 10,000 live weights
        List<Attempt> attempts = search(bounds, first, NextDensityTest::error);
        Attempt best = bounds.best(attempts);
        assertTrue(bounds.met(best), attempts.toString());
        boolean far = first <= 500 || first >= 50_000; // the way there takes attempts too
        assertTrue(best.liveWeights() <= (far ? 12_500 : 11_000), attempts.toString());
        assertTrue(attempts.size() <= NextDensity.MOST, attempts.toString());
    }

    @ParameterizedTest
    @CsvSource({"10, 0.93", "100, 0.93", "300, 0.93"})
    void lowestErrorAtARatio(double ratio, double filled) {
        Goal.Bounds bounds = new Goal(Double.NaN, ratio, Double.NaN).bounds(1, 4 * WEIGHTS);
        List<Attempt> attempts = search(bounds, NextDensity.firstForBytes(bounds), NextDensityTest::error);
        Attempt best = bounds.best(attempts);
        assertTrue(bounds.met(best), attempts.toString());
        assertTrue(best.fileBytes() >= filled * bounds.maxBytes(), attempts.toString());
        assertTrue(attempts.size() <= 4, attempts.toString());
    }

    @Test
    void outOfReachTakesFewAttemptsAndKeepsTheNearest() {
        Goal.Bounds error = new Goal(0.01, Double.NaN, Double.NaN).bounds(1, 4 * WEIGHTS);
        List<Attempt> attempts = search(error, 20_000, NextDensityTest::error);
        assertEquals(WEIGHTS, error.best(attempts).liveWeights(), attempts.toString());
        assertTrue(!error.met(error.best(attempts)) && attempts.size() <= 5, attempts.toString());

        Goal.Bounds ratio =
                new Goal(Double.NaN, 1_400, Double.NaN).bounds(1, 4 * WEIGHTS); // 285 bytes, below the fixed part
        attempts = search(ratio, NextDensity.firstForBytes(ratio), NextDensityTest::error);
        assertEquals(1, ratio.best(attempts).liveWeights(), attempts.toString());
        assertTrue(!ratio.met(ratio.best(attempts)), attempts.toString());
    }

    /** An error that rises at one place and falls again beyond must not lead the search astray from a density that is good. */
    @Test
    void aBumpOnTheDenseSideDoesNotHideASparserGoodOne() {
        Goal.Bounds bounds = new Goal(1, Double.NaN, Double.NaN).bounds(1, 4 * WEIGHTS);
        List<Attempt> attempts = search(bounds, 30_000, live -> live > 25_000 && live < 40_000 ? 5 : error(live));
        assertTrue(bounds.met(bounds.best(attempts)), attempts.toString());
    }

    @Test
    void failedAttemptsHaveNoFileToKeep() {
        Goal.Bounds bounds = new Goal(50, Double.NaN, Double.NaN).bounds(60, 4 * WEIGHTS);
        Attempt failed = new Attempt(1, 10, false, 100, 0, 1, List.of(), false);
        Attempt bad = new Attempt(2, 20, false, 99, 50, 1, List.of(), false);
        assertTrue(!bounds.met(failed), "an error of 100 % is within the bound, but there is no file");
        assertEquals(bad, bounds.best(List.of(failed, bad)));
        assertEquals(null, bounds.best(List.of(failed)));
    }
}
