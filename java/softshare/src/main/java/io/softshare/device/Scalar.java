package io.softshare.device;

/** Scalars of a step, in the order of SOFTSHARE_SCALAR_* in softshare.h, where each is explained. */
public enum Scalar {
    TAU,
    RATE_WEIGHTS,
    RATE_OTHER,
    RATE_CODEBOOK,
    CORRECTION_1,
    CORRECTION_2,
    RATE_MEANS,
    RATE_PRECISIONS,
    RATE_PROPORTIONS,
    EM,
    SIGMA_ZERO,
    SIGMA
}
