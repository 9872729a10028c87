package io.softshare.train;

/** One stage of a recipe: every setting of its epochs. {@link #defaults} is what a recipe file need not say. */
public record Stage(
        @Describe("for people and metrics") String name,

        @Describe(
                "plain: no prior; prior: under the zero component and the others; recover: live weights under the others"
                        + " alone; regrow: the same, pruning the smallest after each epoch and regrowing where gradients are"
                        + " great; prune: no prior, the smallest weights are cut off in rounds; surgery: no prior, what was cut"
                        + " off may grow back above a threshold; soften: live weights under shared values found by k-means; hard: weights are shared values")
        Kind kind,

        @Describe("epochs, 0 skips the stage") int epochs,

        @Describe("Adam's learning rate of the weights at the start")
        double rateStart,

        @Describe("... and at the end") double rateEnd,

        @Describe("way of the rate: linear, geometric or cosine")
        Schedule.Shape rateShape,

        @Describe("learning rate of biases and batch-norm as a multiple of the weights'")
        double rateOther,

        @Describe("share k of the teacher in the loss, 0 to 1; 0: labels only")
        double teacherShare,

        @Describe("temperature T of the teacher") double temperature,

        @Describe("tau at the start: L = loss per example + tau/N · complexity")
        double tauStart,

        @Describe("tau at the end") double tauEnd,

        @Describe("share of the stage over which tau rises linearly to its value; 0: at once")
        double tauRamp,

        @Describe("sigma of the zero component at the start; 0: not scheduled")
        double sigmaZeroStart,

        @Describe("... at the end") double sigmaZeroEnd,

        @Describe("sigma of the other components at the start; 0: not scheduled")
        double sigmaStart,

        @Describe("... at the end") double sigmaEnd,

        @Describe("zero component structured by rows and columns (METHOD: offsets)")
        boolean structured,

        @Describe("steps between updates of the mixture; 0: never")
        int mixtureEvery,

        @Describe("damping of an EM update, 0 to 1; 0: no EM")
        double em,

        @Describe("Adam's rate for the means; 0: not by gradient")
        double rateMeans,

        @Describe("... for log sigma") double ratePrecisions,
        @Describe("... for the mixing proportions' logits") double rateProportions,

        @Describe("zero responsibility above which weights are frozen at 0 after an epoch; 1: none")
        double freezeAbove,

        @Describe(
                "stop where so few weights are live, or up to a tenth fewer; 0: no such stop. regrow, prune, surgery: how many are to be left")
        long targetNonZero,

        @Describe("regrow: share of the live weights that is regrown after the first epoch, falling to none")
        double regrowShare,

        @Describe(
                "regrow: share of the stage at whose end the pattern of zeros is settled; pruning ends a little before")
        double regrowUntil,

        @Describe(
                "regrow: power of the weights expected in a cell from its row and column, by which gradients are multiplied"
                        + " when weights are chosen to grow (0.6 of it where they are chosen to stay): greater, and fewer rows and"
                        + " columns hold them, which takes fewer bytes; 0: none")
        double regrowOccupancy,

        @Describe("prune: rounds of pruning") int rounds,

        @Describe("prune: epochs of a round") int roundEpochs,

        @Describe(
                "prune: share of the live weights that a round leaves; surgery: share of the weights that is above the threshold"
                        + " at the start; both unless targetNonZero says how many")
        double keptShare,

        @Describe("surgery: share of the stage at whose end masks are settled")
        double spliceUntil,

        @Describe("surgery: weight decay") double weightDecay,

        @Describe("stop when validation error rose by so many points over the start's; 0: no such stop")
        double stopErrorIncrease,

        @Describe("number K of shared values (soften; hard, where no soften stage comes right before it)")
        int components,

        @Describe("k-means starts from values evenly spread over the range of the weights, else from quantiles")
        boolean spreadStart,

        @Describe("symmetric KL divergence below which components are merged when the stage begins; 0: none")
        double mergeBelow,

        @Describe("hard: assignment by nearest value, or by responsibility once at the start (the paper's)")
        Assignment assignment,

        @Describe("hard: width of the entropy penalty -2·width²·log pi_j added to the squared distance; 0: none")
        double entropyWidth,

        @Describe("hard: share of the stage at whose end assignments freeze")
        double freezeAssignmentsAt,

        @Describe("hard: once assignments are frozen, lambda of a rate-distortion choice among shared values; 0: none")
        double rateDistortion,

        @Describe("hard: fractional bits of biases, -1: as they are; batch-norm is never rounded in training")
        int biasBits) {

    /** What a stage does. */
    public enum Kind {
        PLAIN,
        PRIOR,
        RECOVER,
        REGROW,
        PRUNE,
        SURGERY,
        SOFTEN,
        HARD
    }

    /** How weights meet shared values. */
    public enum Assignment {
        NEAREST,
        RESPONSIBILITY
    }

    /** Settings of a stage that says nothing but its kind. */
    public static Stage defaults(Kind kind) {
        boolean prior = switch (kind) {
            case PLAIN, PRUNE, SURGERY, HARD -> false;
            case PRIOR, RECOVER, REGROW, SOFTEN -> true;
        };
        return new Stage(
                kind.name().toLowerCase(java.util.Locale.ROOT),
                kind,
                1,
                1e-3,
                1e-4,
                Schedule.Shape.COSINE,
                1,
                0,
                2,
                0,
                0,
                0,
                0,
                0,
                prior ? 0.2 : 0,
                prior ? 0.2 : 0,
                kind == Kind.PRIOR,
                prior ? 43 : 0,
                prior ? 0.3 : 0,
                0,
                0,
                0,
                kind == Kind.PRIOR ? 0.5 : 1,
                0,
                0.15,
                0.7,
                0.25,
                0,
                1,
                kind == Kind.SURGERY ? 0.03 : 0.6,
                0.5,
                5e-4,
                0,
                16,
                false,
                0,
                Assignment.NEAREST,
                0.03,
                0.3,
                0,
                5);
    }

    /** The same settings as a stage under a zero component: for assigning by responsibility. */
    Stage asPrior() {
        return new Stage(
                name,
                Kind.PRIOR,
                epochs,
                rateStart,
                rateEnd,
                rateShape,
                rateOther,
                teacherShare,
                temperature,
                tauStart,
                tauEnd,
                tauRamp,
                sigmaZeroStart,
                sigmaZeroEnd,
                sigmaStart,
                sigmaEnd,
                structured,
                mixtureEvery,
                em,
                rateMeans,
                ratePrecisions,
                rateProportions,
                freezeAbove,
                targetNonZero,
                regrowShare,
                regrowUntil,
                regrowOccupancy,
                rounds,
                roundEpochs,
                keptShare,
                spliceUntil,
                weightDecay,
                stopErrorIncrease,
                components,
                spreadStart,
                mergeBelow,
                assignment,
                entropyWidth,
                freezeAssignmentsAt,
                rateDistortion,
                biasBits);
    }

    /** Whether {@code targetNonZero} ends the stage; others know how to get there. */
    public boolean endsAtTarget() {
        return targetNonZero > 0 && kind != Kind.REGROW && kind != Kind.PRUNE && kind != Kind.SURGERY;
    }

    Schedule rate() {
        return new Schedule(rateStart, rateEnd, rateShape);
    }

    Schedule tau() {
        return new Schedule(tauStart, tauEnd, Schedule.Shape.GEOMETRIC);
    }

    Schedule sigmaZero() {
        return new Schedule(sigmaZeroStart, sigmaZeroEnd, Schedule.Shape.GEOMETRIC);
    }

    Schedule sigma() {
        return new Schedule(sigmaStart, sigmaEnd, Schedule.Shape.GEOMETRIC);
    }
}
