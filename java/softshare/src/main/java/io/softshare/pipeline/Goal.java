package io.softshare.pipeline;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What a file shall reach: the fewest bytes at no more than so many points of validation error over the dense network's, or the lowest
 * validation error at no less than a ratio. Errors are those of the decoded file on the validation images.
 *
 * @param maxErrorIncrease points; NaN: the goal is a ratio
 * @param targetRatio 4 bytes a trainable parameter over the file's bytes, above 1; NaN: the goal is an error
 * @param timeBudgetMinutes all the time there is; NaN: no limit
 */
public record Goal(double maxErrorIncrease, double targetRatio, double timeBudgetMinutes) {
    /** Names of settings that make a goal. */
    public static final String MAX_ERROR_INCREASE = "maxErrorIncrease";

    public static final String TARGET_RATIO = "targetRatio";
    public static final String TIME_BUDGET = "timeBudget";

    /** Errors are quotients; two that differ by less are the same number of wrong answers. */
    private static final double ROUNDING = 1e-9;

    /** The goal that a run's settings name, or null. */
    public static Goal of(Settings settings) {
        Goal goal = new Goal(
                number(settings, MAX_ERROR_INCREASE), number(settings, TARGET_RATIO), number(settings, TIME_BUDGET));
        return goal.isError() || goal.isRatio() ? goal : null;
    }

    private static double number(Settings settings, String key) {
        return settings.get(key) == null ? Double.NaN : Double.parseDouble(settings.get(key));
    }

    boolean isError() {
        return !Double.isNaN(maxErrorIncrease);
    }

    boolean isRatio() {
        return !Double.isNaN(targetRatio);
    }

    /** The highest validation error that a file may have, in per cent; NaN: any. */
    double maxErrorPercent(double startErrorPercent) {
        return isError() ? startErrorPercent + maxErrorIncrease + ROUNDING : Double.NaN;
    }

    /** The most bytes that a file may have; 0: any number. */
    long maxBytes(long originalBytes) {
        return isRatio() ? (long) Math.floor(originalBytes / targetRatio) : 0;
    }

    /** Bounds of a goal for one network. */
    record Bounds(double maxErrorPercent, long maxBytes) {
        boolean met(Attempt attempt) {
            return !attempt.failed()
                    && (maxBytes > 0
                            ? attempt.fileBytes() <= maxBytes
                            : attempt.validationErrorPercent() <= maxErrorPercent);
        }

        /** The attempt whose file is kept: the best that meets the goal or, where none does, that comes nearest. Null: there is no file. */
        Attempt best(List<Attempt> attempts) {
            Comparator<Attempt> bySize = Comparator.comparingLong(Attempt::fileBytes);
            Comparator<Attempt> byError = Comparator.comparingDouble(Attempt::validationErrorPercent);
            List<Attempt> files = attempts.stream().filter(a -> !a.failed()).toList();
            List<Attempt> good = files.stream().filter(this::met).toList();
            boolean smallest = maxBytes > 0 == good.isEmpty();
            Comparator<Attempt> order = smallest ? bySize.thenComparing(byError) : byError.thenComparing(bySize);
            return (good.isEmpty() ? files : good).stream().min(order).orElse(null);
        }
    }

    Bounds bounds(double startErrorPercent, long originalBytes) {
        return new Bounds(maxErrorPercent(startErrorPercent), maxBytes(originalBytes));
    }

    @Override
    public String toString() {
        return isError()
                ? String.format(
                        Locale.ROOT,
                        "at most %s points over the dense network's validation error",
                        shortest(maxErrorIncrease))
                : String.format(Locale.ROOT, "at least %s times smaller", shortest(targetRatio));
    }

    private static String shortest(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }
}
