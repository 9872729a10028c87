package io.softshare.cli;

import io.softshare.pipeline.Goal;
import io.softshare.pipeline.Settings;
import java.util.Map;
import picocli.CommandLine.Option;

/** What the file shall reach, instead of settings that lead there. */
final class GoalOptions {
    @Option(
            names = "--max-error-increase",
            paramLabel = "POINTS",
            description = "Make the file as small as it can be with a validation error of at most POINTS over the dense"
                    + " network's.")
    private Double maxErrorIncrease;

    @Option(
            names = "--target-ratio",
            paramLabel = "R",
            description = "Make the file at least R times smaller, with the lowest validation error.")
    private Double targetRatio;

    @Option(
            names = "--time-budget",
            paramLabel = "MINUTES",
            description = "With one of these two: what there is after so many minutes.")
    private Double timeBudget;

    /** Takes a resumed run's goal, if none is given: {@code --time-budget} may stand beside {@code --resume} alone. */
    void resume(Settings kept) {
        if (maxErrorIncrease == null && targetRatio == null) {
            maxErrorIncrease = number(kept.get(Goal.MAX_ERROR_INCREASE));
            targetRatio = number(kept.get(Goal.TARGET_RATIO));
        }
    }

    private static Double number(String text) {
        return text == null ? null : Double.valueOf(text);
    }

    /**
     * Adds them to a run's settings.
     *
     * @param command that was given
     * @param validation whether images are set aside for validation
     */
    void into(Map<String, String> values, String command, boolean validation) {
        if (maxErrorIncrease == null && targetRatio == null) {
            if (timeBudget != null) {
                throw new UsageException(
                        "--time-budget bounds a goal, and there is none; add --max-error-increase or --target-ratio");
            }
            return;
        }
        if (!command.equals("compress") && !command.equals("retrain")) {
            throw new UsageException((maxErrorIncrease != null ? "--max-error-increase" : "--target-ratio")
                    + " is a goal for compress or retrain, not for " + command + "; leave it out");
        }
        if (maxErrorIncrease != null && targetRatio != null) {
            throw new UsageException(
                    "--max-error-increase and --target-ratio are two goals, expected one; leave one out");
        }
        if (maxErrorIncrease != null && !(maxErrorIncrease >= 0 && maxErrorIncrease < 100)) {
            throw new UsageException(
                    "--max-error-increase is " + maxErrorIncrease + ", expected points from 0 to less than 100");
        }
        if (targetRatio != null && !(targetRatio > 1 && targetRatio <= 1e6)) {
            throw new UsageException("--target-ratio is " + targetRatio + ", expected more than 1, at most 1e6");
        }
        if (timeBudget != null && !(timeBudget > 0 && timeBudget <= 1e6)) {
            throw new UsageException("--time-budget is " + timeBudget + ", expected minutes, more than 0, at most 1e6");
        }
        if (!validation) {
            throw new UsageException(
                    "--validation is none, but a goal is judged by validation images; leave one of the two out");
        }
        put(values, Goal.MAX_ERROR_INCREASE, maxErrorIncrease);
        put(values, Goal.TARGET_RATIO, targetRatio);
        put(values, Goal.TIME_BUDGET, timeBudget);
    }

    private static void put(Map<String, String> values, String key, Double value) {
        if (value != null) {
            values.put(key, String.valueOf(value));
        }
    }
}
