package io.softshare.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;

/** Median seconds of many runs of one thing, after warming up; with the 20th and 80th percentile. */
record Timing(double median, double low, double high, int runs) {
    private static final int LEAST = 5;

    /** Keeps results alive, so that no run can be optimised away. */
    static volatile Object sink;

    /** @param seconds to measure for; a third of that again for warming up. At least {@value #LEAST} runs. */
    static Timing of(double seconds, Callable<?> work) throws Exception {
        long warmUntil = System.nanoTime() + (long) (seconds / 3 * 1e9);
        do {
            sink = work.call();
        } while (System.nanoTime() < warmUntil);
        List<Double> times = new ArrayList<>();
        long until = System.nanoTime() + (long) (seconds * 1e9);
        while (times.size() < LEAST || System.nanoTime() < until) {
            long start = System.nanoTime();
            sink = work.call();
            times.add((System.nanoTime() - start) * 1e-9);
        }
        Collections.sort(times);
        return new Timing(at(times, 0.5), at(times, 0.2), at(times, 0.8), times.size());
    }

    private static double at(List<Double> sorted, double share) {
        return sorted.get((int) Math.round(share * (sorted.size() - 1)));
    }

    /** "12.3 (11.9 to 12.5)": million weights a second. */
    String millions(long weights) {
        return String.format(
                java.util.Locale.ROOT,
                "%s (%s to %s)",
                digits(weights / median / 1e6),
                digits(weights / high / 1e6),
                digits(weights / low / 1e6));
    }

    private static String digits(double value) {
        return String.format(java.util.Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    }
}
