package io.softshare.search;

import java.util.List;

/** Chooses what to try next. Same arguments, same answer; no state is kept, so that any process can go on. */
public interface Strategy {
    /**
     * A point of the unit cube, not yet rounded to settings.
     *
     * @param number of the trial, from 1
     * @param done trials that ended, in the order of their numbers
     * @param pending points of trials that run, in the order of their numbers
     */
    double[] propose(int number, List<Observation> done, List<double[]> pending);
}
