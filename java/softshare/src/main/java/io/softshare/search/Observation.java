package io.softshare.search;

/**
 * What a trial showed.
 *
 * @param point in the unit cube
 * @param errorPercent validation error; of a trial that was stopped early, what it was heading for; NaN: it came to nothing, which
 *     counts as far too great an error
 * @param bytes of the file; NaN: there is none
 */
public record Observation(double[] point, double errorPercent, double bytes) {}
