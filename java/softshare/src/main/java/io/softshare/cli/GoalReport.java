package io.softshare.cli;

import io.softshare.pipeline.Attempt;
import io.softshare.pipeline.GoalRun;
import io.softshare.pipeline.RecipeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What became of a goal, for people and as values. */
final class GoalReport {
    private GoalReport() {}

    /** For {@code --json}. */
    static Map<String, Object> values(GoalRun.Outcome outcome) {
        Map<String, Object> values = new LinkedHashMap<>();
        if (!Double.isNaN(outcome.goal().maxErrorIncrease())) {
            values.put("maxErrorIncrease", outcome.goal().maxErrorIncrease());
        } else {
            values.put("targetRatio", outcome.goal().targetRatio());
        }
        if (!Double.isNaN(outcome.goal().timeBudgetMinutes())) {
            values.put("timeBudgetMinutes", outcome.goal().timeBudgetMinutes());
            values.put("cutByTime", outcome.cut());
        }
        values.put("met", outcome.met());
        values.put("startValidationErrorPercent", rounded(outcome.startErrorPercent()));
        values.put("validationErrorPercent", rounded(outcome.chosen().validationErrorPercent()));
        List<Map<String, Object>> tries = new ArrayList<>();
        for (Attempt attempt : outcome.attempts()) {
            boolean file = attempt.fileBytes() > 0;
            Map<String, Object> described = new LinkedHashMap<>();
            described.put("try", (long) attempt.number());
            described.put("liveWeights", attempt.liveWeights());
            described.put("validationErrorPercent", file ? rounded(attempt.validationErrorPercent()) : null);
            described.put("fileBytes", file ? attempt.fileBytes() : null);
            described.put("seconds", Math.round(attempt.seconds() * 10) / 10.0);
            described.put("chosen", attempt.number() == outcome.chosen().number());
            tries.add(described);
        }
        values.put("tries", tries);
        return values;
    }

    /** Lines about the tries. */
    static String table(GoalRun.Outcome outcome) {
        StringBuilder lines =
                new StringBuilder(String.format("%-5s %14s %12s %12s%n", "try", "live weights", "validation", "bytes"));
        for (Attempt attempt : outcome.attempts()) {
            lines.append(
                    attempt.fileBytes() == 0
                            ? String.format(
                                    Locale.ROOT, "%-5d %,14d %12s%n", attempt.number(), attempt.liveWeights(), "failed")
                            : String.format(
                                    Locale.ROOT,
                                    "%-5d %,14d %10.2f %% %,12d%s%n",
                                    attempt.number(),
                                    attempt.liveWeights(),
                                    attempt.validationErrorPercent(),
                                    attempt.fileBytes(),
                                    attempt.number() == outcome.chosen().number() ? "   kept" : ""));
        }
        return lines.toString();
    }

    /** One line: the goal was not met, what was kept, what to do. */
    static RecipeException missed(GoalRun.Outcome outcome, String out) {
        boolean error = !Double.isNaN(outcome.goal().maxErrorIncrease());
        return new RecipeException(String.format(
                Locale.ROOT,
                "the goal was not met, %s: the best of %d %s, %s, is %.1f times smaller with a validation error %.2f points over"
                        + " the dense network's; %s",
                outcome.goal(),
                outcome.attempts().size(),
                outcome.attempts().size() == 1 ? "try" : "tries",
                out,
                outcome.result().file().compressionRatio(),
                outcome.chosen().validationErrorPercent() - outcome.startErrorPercent(),
                outcome.cut() ? "give a longer --time-budget" : error ? "allow more" : "ask for less"));
    }

    private static double rounded(double value) {
        return Math.round(value * 1e4) / 1e4;
    }
}
