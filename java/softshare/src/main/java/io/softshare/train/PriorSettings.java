package io.softshare.train;

/** The mixture at its start, or each of them, and its hyperpriors. */
public record PriorSettings(
        @Describe("free components J (the zero one comes on top)")
        int components,

        @Describe("mixing proportion pi_0 of the zero component")
        double zeroProportion,

        @Describe("means start evenly on ±range; 0: over the range of the trained weights")
        double meanRange,

        @Describe("sigma of the zero component at the start")
        double sigmaZero,

        @Describe("sigma of the others at the start") double sigma,

        @Describe("Gamma hyperprior on the zero component's precision: alpha; 0: none")
        double alphaZero,

        @Describe("... beta") double betaZero,

        @Describe("Gamma hyperprior on the others' precisions: alpha; 0: none")
        double alpha,

        @Describe("... beta") double beta,

        @Describe("Beta hyperprior on pi_0: a; 0: pi_0 stays")
        double betaA,

        @Describe("... b") double betaB,
        @Describe("floor of every sigma") double sigmaFloor,

        @Describe(
                "a mixture of its own, and then shared values of its own, for each layer's weights, rather than one for all")
        boolean perLayer) {

    /** METHOD.md's start, without hyperpriors. */
    public static final PriorSettings DEFAULTS =
            new PriorSettings(16, 0.999, 0.6, 0.02, 0.2, 0, 0, 0, 0, 0, 0, 1e-4, false);
}
