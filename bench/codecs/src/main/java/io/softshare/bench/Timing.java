package io.softshare.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Median processor seconds of many runs of one thing, after warming up; with the 20th and 80th percentile. Processor time
 * of all Java threads, so that neither a busy machine nor a helper thread makes one coder look like another.
 */
record Timing(double median, double low, double high, int samples) {
    private static final int LEAST = 5;
    private static final double SAMPLE_SECONDS = 2e-3;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** Keeps results alive, so that no run can be optimised away. */
    static volatile Object sink;

    /** @param seconds to measure for; a third of that again for warming up. At least {@value #LEAST} samples. */
    static Timing of(double seconds, Callable<?> work) throws Exception {
        long warmUntil = System.nanoTime() + (long) (seconds / 3 * 1e9);
        int runs = 1; // in a sample
        do {
            double taken = sample(runs, work) * runs;
            runs = taken < SAMPLE_SECONDS ? 2 * runs : runs;
        } while (System.nanoTime() < warmUntil);
        List<Double> times = new ArrayList<>();
        long until = System.nanoTime() + (long) (seconds * 1e9);
        while (times.size() < LEAST || System.nanoTime() < until) {
            times.add(sample(runs, work));
        }
        Collections.sort(times);
        return new Timing(at(times, 0.5), at(times, 0.2), at(times, 0.8), times.size());
    }

    /** Processor seconds a run. */
    private static double sample(int runs, Callable<?> work) throws Exception {
        long start = processorTime();
        for (int i = 0; i < runs; i++) {
            sink = work.call();
        }
        return (processorTime() - start) * 1e-9 / runs;
    }

    private static long processorTime() {
        long total = 0;
        for (long id : THREADS.getAllThreadIds()) {
            total += Math.max(0, THREADS.getThreadCpuTime(id)); // −1: it has ended
        }
        return total;
    }

    private static double at(List<Double> sorted, double share) {
        return sorted.get((int) Math.round(share * (sorted.size() - 1)));
    }

    /** "12.3 (11.9 to 12.5)": million weights a second of processor time. */
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
