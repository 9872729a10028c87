package io.softshare.search;

import java.util.List;

/** Uniform points: what a search is compared with. */
public final class RandomSearch implements Strategy {
    private final int dimensions;
    private final long seed;

    public RandomSearch(Space space, long seed) {
        dimensions = space.dimensions();
        this.seed = seed;
    }

    @Override
    public double[] propose(int number, List<Observation> done, List<double[]> pending) {
        return Randoms.of(seed, number).doubles(dimensions).toArray();
    }
}
