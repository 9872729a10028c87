package io.softshare.pipeline;

import java.util.List;

/**
 * How many live weights the next attempt should have, from what attempts so far came to. Error falls and bytes grow with the number of
 * live weights, though not at every single step; the search is a bisection that only relies on the attempts which bound it.
 */
final class NextDensity {
    /** No more attempts than this: each costs a recovery. */
    static final int MOST = 8;

    /** No next attempt is worth its time. */
    static final long NONE = 0;

    /** Until the goal lies between two attempts, live weights change by this factor, and by its square next, and so on. */
    private static final double STEP = 0.6;
    /** Attempts whose live weights differ by a smaller factor are as good as one. */
    private static final double NEAR = 1.1;
    /** A file that fills so much of what it may have is as large as it should be. */
    private static final double FULL = 0.93;
    /** Share of the bytes that are aimed at. */
    private static final double AIM = 0.98;

    /** From two files that are too large on, at least so much sparser than the smaller one. */
    private static final double STEP_BACK = 0.93;
    /** No further than by this factor at once. */
    private static final double FURTHEST = 0.1;

    private NextDensity() {}

    /**
     * The next number of live weights for a limit of error.
     *
     * @param attempts at least one
     */
    static long forError(List<Attempt> attempts, Goal.Bounds bounds) {
        if (attempts.size() >= MOST) {
            return NONE;
        }
        long met = attempts.stream()
                .filter(bounds::met)
                .mapToLong(Attempt::liveWeights)
                .min()
                .orElse(NONE);
        if (met == NONE) {
            long densest =
                    attempts.stream().mapToLong(Attempt::liveWeights).max().orElseThrow();
            return Math.round(densest / Math.pow(STEP, attempts.size()));
        }
        long missed = attempts.stream()
                .mapToLong(Attempt::liveWeights)
                .filter(live -> live < met)
                .max()
                .orElse(NONE);
        if (missed == NONE) {
            return Math.max(1, Math.round(met * Math.pow(STEP, attempts.size())));
        }
        return (double) met / missed < NEAR ? NONE : Math.round(Math.sqrt((double) met * missed));
    }

    /** The first number of live weights for a limit of bytes: about a byte each is usual. */
    static long firstForBytes(Goal.Bounds bounds) {
        return Math.max(1, bounds.maxBytes());
    }

    /**
     * The next number of live weights for a limit of bytes.
     *
     * @param all at least one; those that were squeezed tell nothing about other densities
     */
    static long forBytes(List<Attempt> all, Goal.Bounds bounds) {
        if (all.size() >= MOST) {
            return NONE;
        }
        List<Attempt> attempts = all.stream().filter(a -> !a.squeezed()).toList();
        double aim = AIM * bounds.maxBytes();
        Attempt met = null; // the largest that fits
        Attempt missed = null; // the sparsest that does not, ...
        Attempt denser = null; // ... and the next one
        for (Attempt attempt : attempts) {
            if (attempt.failed()) {
                continue;
            }
            if (bounds.met(attempt)) {
                met = met == null || attempt.liveWeights() > met.liveWeights() ? attempt : met;
            } else if (missed == null || attempt.liveWeights() < missed.liveWeights()) {
                denser = missed;
                missed = attempt;
            } else if (denser == null || attempt.liveWeights() < denser.liveWeights()) {
                denser = attempt;
            }
        }
        if (met != null && met.fileBytes() >= FULL * bounds.maxBytes()) {
            return NONE;
        }
        if (met == null && missed == null || attempts.stream().anyMatch(Attempt::failed)) {
            return NONE; // training failed: another density of the same network will hardly help
        }
        if (met == null && denser != null) {
            return sparser(missed, denser, aim);
        }
        if (met == null || missed == null || missed.liveWeights() <= met.liveWeights()) {
            Attempt known = met != null ? met : missed;
            double factor = aim / known.fileBytes();
            return Math.max(1, Math.round(known.liveWeights() * Math.max(FURTHEST, Math.min(1 / FURTHEST, factor))));
        }
        double share = (aim - met.fileBytes()) / (missed.fileBytes() - met.fileBytes());
        return Math.round(met.liveWeights() + share * (missed.liveWeights() - met.liveWeights()));
    }

    /** Along the line through two files that are too large: part of a file does not depend on the number of live weights. */
    private static long sparser(Attempt missed, Attempt denser, double aim) {
        double slope =
                (double) (denser.fileBytes() - missed.fileBytes()) / (denser.liveWeights() - missed.liveWeights());
        double wanted = missed.liveWeights() - (missed.fileBytes() - aim) / Math.max(slope, 1e-3);
        double most = STEP_BACK * missed.liveWeights();
        return Math.max(1, Math.round(Math.max(FURTHEST * missed.liveWeights(), Math.min(most, wanted))));
    }
}
