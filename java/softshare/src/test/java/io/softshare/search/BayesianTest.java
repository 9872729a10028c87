package io.softshare.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BayesianTest {
    private static final Space SPACE = new Space(List.of(
            new Setting("a", 0, 1, Setting.Scale.LINEAR, false, List.of()),
            new Setting("b", 1e-3, 1, Setting.Scale.LOG, false, List.of()),
            new Setting("c", 2, 32, Setting.Scale.LOG, true, List.of()),
            new Setting("d", 0.9, 0.999, Setting.Scale.LOGIT, false, List.of())));

    /** Small files where the error is great; the least feasible bytes lie on a curve. d does nothing. */
    private static Observation measure(double[] point) {
        double[] x = SPACE.snap(point);
        double bytes = 4000 * Math.exp(-1.5 * x[0] + Math.pow(x[1] - 0.6, 2) + 0.3 * x[2]);
        double error = 1.2 * Math.exp(1.2 * x[0] + 2 * Math.pow(x[1] - 0.4, 2) - 0.5 * x[2]);
        return new Observation(x, error, bytes);
    }

    private static double best(Strategy strategy, int trials) {
        List<Observation> done = new ArrayList<>();
        for (int number = 1; number <= trials; number++) {
            done.add(measure(strategy.propose(number, done, List.of())));
        }
        return done.stream()
                .filter(o -> o.errorPercent() <= 1.9)
                .mapToDouble(Observation::bytes)
                .min()
                .orElse(Double.POSITIVE_INFINITY);
    }

    @Test
    void findsSmallerFeasibleFilesThanRandomSearch() {
        double[] bayes = new double[3];
        double[] random = new double[3];
        for (int seed = 0; seed < 3; seed++) {
            bayes[seed] = best(new Bayesian(SPACE, seed, 1.9), 16);
            random[seed] = best(new RandomSearch(SPACE, seed), 16);
        }
        Arrays.sort(bayes);
        Arrays.sort(random);
        assertTrue(bayes[1] < 0.97 * random[1], Arrays.toString(bayes) + " and " + Arrays.toString(random));
    }

    @Test
    void sameSeedSameProposals() {
        List<Observation> done = new ArrayList<>();
        for (int number = 1; number <= 9; number++) {
            double[] first = new Bayesian(SPACE, 7, 1.9).propose(number, done, List.of());
            assertArrayEquals(first, new Bayesian(SPACE, 7, 1.9).propose(number, done, List.of()));
            done.add(measure(first));
        }
        assertNotEquals(
                SPACE.at(new Bayesian(SPACE, 7, 1.9).propose(10, done, List.of())),
                SPACE.at(new Bayesian(SPACE, 8, 1.9).propose(10, done, List.of())));
        assertArrayEquals(
                new RandomSearch(SPACE, 7).propose(3, done, List.of()),
                new RandomSearch(SPACE, 7).propose(3, List.of(), List.of()));
    }

    @Test
    void nothingIsProposedTwiceUntilTheSpaceIsUsedUp() {
        Space small = new Space(List.of(new Setting("c", 1, 12, Setting.Scale.LINEAR, true, List.of())));
        Bayesian bayes = new Bayesian(small, 1, 5);
        List<Observation> done = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 2; i++) { // what the even spread already holds is none of the model's choosing
            seen.add(small.at(bayes.propose(i + 1, List.of(), List.of())).get("c"));
        }
        for (String c : seen) {
            double[] x = small.point(java.util.Map.of("c", c));
            done.add(new Observation(x, 4, 100 + Double.parseDouble(c)));
        }
        while (seen.size() < 12) {
            double[] x = small.snap(bayes.propose(done.size() + 3, done, List.of()));
            assertTrue(seen.add(small.at(x).get("c")), "again " + small.at(x));
            done.add(new Observation(x, 4, 100 + seen.size()));
        }
        assertEquals(12, seen.size());
    }

    @Test
    void failuresAndStoppedTrialsAreLearntFrom() {
        List<Observation> done = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            double[] x = {i / 8.0, 0.5, 0.5, 0.5};
            done.add(i < 4 ? new Observation(x, 1.5, 3000 - 100 * i) : new Observation(x, Double.NaN, Double.NaN));
        }
        Acquisition model = new Bayesian(SPACE, 1, 1.9).model(done, List.of(), new java.util.SplittableRandom(1));
        double well = model.feasibility(new double[] {0.2, 0.5, 0.5, 0.5});
        double badly = model.feasibility(new double[] {0.8, 0.5, 0.5, 0.5});
        assertTrue(well > 0.6 && badly < 0.2, well + " and " + badly);
    }
}
