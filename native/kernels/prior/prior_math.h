/*
 * The mixture prior's maths, element by element: shared by every instruction set, by the tests and by other devices.
 *
 * Symbols
 *   π_j, μ_j, σ_j    proportion, mean, standard deviation of component j; j = 0 is the zero component
 *   d_j = w − μ_j    taken as (w − high(μ_j)) − low(μ_j), two floats a mean, so that it is exact to rounding for w near μ_j
 *   h_j = log2(e) / (2 σ_j²),   c_j = log2 π_j − log2 σ_j − ½ log2 2π
 *   t_j = c_j − h_j d_j²        log2 of π_j N(w | μ_j, σ_j²); the square is never expanded: that cancels
 *   p_j = 2^(t_j − m)           m: the largest t_j of the weight, or a bound that serves a whole block
 *   E   = exp(clip(a + b, −4, 7))   factor of the odds of "not zero" in the structured zero component; else 1
 *   S   = p_0 + E Σ_{j≥1} p_j
 *   r_0 = p_0 / S,  r_j = E p_j / S
 *   ∂(−log p)/∂w = Σ_j r_j d_j / σ_j² = 2 ln 2 · Σ_j r_j h_j d_j
 *
 * The structured density. With q = 1 − π_0 and odds q/π_0 multiplied by E,
 *   p(w) = π_0' N_0(w) + (1 − π_0') Σ_{j≥1} (π_j/q) N_j(w),   π_0' = π_0 / (π_0 + q E),
 * so that p(w) = S 2^m / Q with Q = π_0 + q E: neither π_0 nor q is divided by, and E enters once a weight, after the sums over
 * components. −log p(w) = −ln 2 · (m + log2(S / Q)).
 */
#ifndef SOFTSHARE_PRIOR_MATH_H
#define SOFTSHARE_PRIOR_MATH_H

#include <math.h>

#if defined(__CUDACC__)
#define SOFTSHARE_HD static inline __host__ __device__
#else
#define SOFTSHARE_HD static inline __attribute__((unused))
#endif

namespace softshare::prior {

constexpr double LOG2E = 1.4426950408889634;
constexpr double LN2 = 0.6931471805599453;
constexpr double HALF_LOG2_2PI = 1.3257480647361593;

/* c of a component that takes no part: far below every real one, yet differences of it stay finite. */
constexpr double ABSENT = -1e30;

/* The structured offset's bounds. */
constexpr float OFFSET_LEAST = -4.0f;
constexpr float OFFSET_MOST = 7.0f;

/* A component is left out of a block of weights where its share times σ_most/σ_j is below 2^-SKIP_BITS everywhere. */
constexpr float SKIP_BITS = 40.0f;

/* h_j */
SOFTSHARE_HD double slope(double sigma) { return LOG2E / (2 * sigma * sigma); }

/* c_j */
SOFTSHARE_HD double constant(double proportion, double sigma) {
    return proportion > 0 ? log2(proportion) - log2(sigma) - HALF_LOG2_2PI : ABSENT;
}

/* t_j */
SOFTSHARE_HD float log_density(float w, float mean_high, float mean_low, float h, float c) {
    float d = (w - mean_high) - mean_low;
    return c - (h * d) * d;
}

/* clip(a + b) */
SOFTSHARE_HD float offset(float a, float b) {
    float o = a + b;
    return o < OFFSET_LEAST ? OFFSET_LEAST : o > OFFSET_MOST ? OFFSET_MOST : o;
}

}  // namespace softshare::prior

#endif
