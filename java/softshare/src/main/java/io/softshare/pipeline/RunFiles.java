package io.softshare.pipeline;

/** Names of what a run's folder keeps. */
public final class RunFiles {
    /** Every setting of the recipe in force, as TOML. */
    public static final String RECIPE = "recipe.toml";

    /** What the run was asked for beside its recipe: one JSON object of texts. */
    public static final String SETTINGS = "settings.json";

    /**
     * One JSON object a line, a line an epoch: loss, errors, live weights, mixture (or mixtures, one of each weight tensor in the
     * graph's order, where the recipe has {@code perLayer}).
     */
    public static final String METRICS = "metrics.jsonl";

    /** The dense network where compression began. */
    public static final String START = "start.safetensors";

    /** The compressed network with its units in the order of training; only where the file has another order. */
    public static final String END = "end.safetensors";

    /** A copy of the file that was written. */
    public static final String MODEL = "model.sws";

    /** What {@code compress --json} prints. */
    public static final String RESULT = "result.json";

    /**
     * Where several runs were tried: a JSON array, an object a trial with {@code validationErrorPercent} and
     * {@code fileBytes} and, if wished, {@code trial} (a number) and {@code chosen} (this run is that trial).
     */
    public static final String TRIALS = "trials.json";

    /** Of a run with a goal: what was asked for, and all attempts; what {@code --resume} goes on from. */
    public static final String GOAL = "goal.json";

    private RunFiles() {}
}
