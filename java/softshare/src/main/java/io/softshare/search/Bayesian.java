package io.softshare.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.hipparchus.random.SobolSequenceGenerator;

/**
 * Bayesian optimisation after Snoek, Larochelle and Adams (2012): one Gaussian process on the logarithm of the file's bytes, one on
 * the logarithm of the validation error, and the point where {@link Acquisition} is greatest. The first trials are Sobol points,
 * shifted by the seed.
 */
public final class Bayesian implements Strategy {
    /** Errors that are further from the limit than this factor count as this far: how ruined a network is teaches nothing. */
    private static final double ERROR_CLIP = 4;

    private static final int FIRST_AT_MOST = 10;
    private static final int CANDIDATES = 1024;
    private static final int NEAR_BEST = 64; // candidates around the smallest feasible trial, at each radius
    private static final double[] RADII = {0.2, 0.07, 0.02};
    private static final int REFINED = 4;
    private static final int STEPS = 24; // of refinement, at each radius

    private final Space space;
    private final long seed;
    private final double maxErrorPercent;

    public Bayesian(Space space, long seed, double maxErrorPercent) {
        this.space = space;
        this.seed = seed;
        this.maxErrorPercent = maxErrorPercent;
    }

    /** Trials that are spread evenly before the model has its say. */
    int first() {
        return Math.min(FIRST_AT_MOST, space.dimensions() + 1);
    }

    @Override
    public double[] propose(int number, List<Observation> done, List<double[]> pending) {
        if (number <= first() || done.isEmpty()) {
            return sobol(Randoms.of(seed, 0), number, 1).get(0);
        }
        SplittableRandom random = Randoms.of(seed, number);
        Acquisition acquisition = model(done, pending, random);
        List<Scored> candidates = new ArrayList<>();
        for (double[] point : sobol(random, 1, CANDIDATES)) {
            score(point, acquisition, candidates);
        }
        double[] best = smallestFeasible(done);
        for (double radius : best == null ? new double[0] : RADII) {
            for (int i = 0; i < NEAR_BEST; i++) {
                score(near(best, radius, random), acquisition, candidates);
            }
        }
        candidates.sort(Comparator.comparingDouble(Scored::score).reversed());
        List<Scored> refined = new ArrayList<>();
        for (Scored start : candidates.subList(0, REFINED)) {
            refined.add(refine(start, acquisition, random));
        }
        refined.addAll(candidates);
        refined.sort(Comparator.comparingDouble(Scored::score).reversed());
        for (Scored candidate : refined) {
            if (isNew(candidate.point(), done, pending)) {
                return candidate.point();
            }
        }
        return refined.get(0).point(); // a space of a few whole numbers can be used up
    }

    private record Scored(double[] point, double score) {}

    private void score(double[] point, Acquisition acquisition, List<Scored> into) {
        double[] snapped = space.snap(point);
        into.add(new Scored(snapped, acquisition.at(snapped)));
    }

    private Scored refine(Scored start, Acquisition acquisition, SplittableRandom random) {
        Scored at = start;
        List<Scored> tried = new ArrayList<>();
        for (double radius : RADII) {
            for (int i = 0; i < STEPS; i++) {
                tried.clear();
                score(near(at.point(), radius, random), acquisition, tried);
                at = tried.get(0).score() > at.score() ? tried.get(0) : at;
            }
        }
        return at;
    }

    private double[] near(double[] point, double radius, SplittableRandom random) {
        double[] moved = point.clone();
        // One to three coordinates at a time: in a dozen dimensions a step along all of them seldom helps.
        int coordinates = 1 + random.nextInt(3);
        for (int i = 0; i < coordinates; i++) {
            int d = random.nextInt(moved.length);
            moved[d] = Math.min(1, Math.max(0, moved[d] + radius * (2 * random.nextDouble() - 1)));
        }
        return moved;
    }

    /** The models of what is known; package-private for the tests. */
    Acquisition model(List<Observation> done, List<double[]> pending, SplittableRandom random) {
        List<Observation> sized =
                done.stream().filter(o -> !Double.isNaN(o.bytes())).toList();
        Posteriors logBytes = new Posteriors(
                points(sized),
                sized.stream().mapToDouble(o -> Math.log(o.bytes())).toArray(),
                space.dimensions(),
                random);
        Posteriors logError = new Posteriors(
                points(done), done.stream().mapToDouble(this::logError).toArray(), space.dimensions(), random);
        double best = sized.stream()
                .filter(o -> o.errorPercent() <= maxErrorPercent)
                .mapToDouble(o -> Math.log(o.bytes()))
                .min()
                .orElse(Double.NaN);
        Acquisition known = new Acquisition(logBytes, logError, best);
        for (double[] point : pending) {
            // What runs is believed to come out as expected: to do a little better nearby is then no improvement.
            if (known.feasibility(point) >= 0.5) {
                double expected = known.expectedLogBytes(point);
                best = Double.isNaN(best) ? expected : Math.min(best, expected);
            }
        }
        return new Acquisition(logBytes.with(pending), logError.with(pending), best);
    }

    /** log(error / limit), clipped. */
    private double logError(Observation o) {
        if (Double.isNaN(o.errorPercent())) {
            return Math.log(ERROR_CLIP);
        }
        double ratio = o.errorPercent() / maxErrorPercent;
        return Math.log(Math.min(ERROR_CLIP, Math.max(1 / ERROR_CLIP, ratio)));
    }

    private static double[][] points(List<Observation> observations) {
        return observations.stream().map(Observation::point).toArray(double[][]::new);
    }

    private double[] smallestFeasible(List<Observation> done) {
        return done.stream()
                .filter(o -> o.errorPercent() <= maxErrorPercent && !Double.isNaN(o.bytes()))
                .min(Comparator.comparingDouble(Observation::bytes))
                .map(Observation::point)
                .orElse(null);
    }

    private boolean isNew(double[] point, List<Observation> done, List<double[]> pending) {
        String settings = space.at(point).toString();
        return done.stream().noneMatch(o -> space.at(o.point()).toString().equals(settings))
                && pending.stream().noneMatch(p -> space.at(p).toString().equals(settings));
    }

    /** Sobol points from a number on, shifted as a whole around the cube by one random vector. */
    private List<double[]> sobol(SplittableRandom random, int from, int count) {
        double[] shift = random.doubles(space.dimensions()).toArray();
        SobolSequenceGenerator sequence = new SobolSequenceGenerator(space.dimensions());
        sequence.skipTo(from);
        List<double[]> points = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double[] point = sequence.nextVector();
            for (int d = 0; d < point.length; d++) {
                point[d] = (point[d] + shift[d]) % 1;
            }
            points.add(point);
        }
        return points;
    }
}
