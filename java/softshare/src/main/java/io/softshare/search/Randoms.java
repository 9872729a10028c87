package io.softshare.search;

import java.util.SplittableRandom;

/** Streams of random numbers: one a trial, so that a proposal depends on nothing that was drawn before it. */
final class Randoms {
    private Randoms() {}

    static SplittableRandom of(long seed, int trial) {
        return new SplittableRandom(new SplittableRandom(seed).nextLong() + 0x9E3779B97F4A7C15L * trial);
    }
}
