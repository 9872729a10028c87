/*
 * Updates of the mixture's own parameters from the statistics of a step: by schedule, by damped EM, by gradient (METHOD).
 * A few hundred numbers: plain double arithmetic on one thread.
 *
 * With R_j = Σ r, A_j = Σ r (w − μ_j), B_j = Σ r (w − μ_j)², all at the mixture before this update:
 *   EM        π_j → (1 − π_0) R_j / Σ R,   μ_j → μ_j + A_j / R_j,   σ_j² → B_j / R_j − (A_j / R_j)² (zero component: B_0 / R_0)
 *   gradient  ∂/∂μ_j = −A_j / σ_j²,   ∂/∂log σ_j = R_j − B_j / σ_j² + 2 (α − 1) − 2 β / σ_j²,
 *             ∂/∂ρ_j = softmax(ρ)_j Σ R − R_j,   sums over the free components,
 *             and, for π_0 = sigmoid(ρ_0) if it is learned: π_0 Σ_all R − R_0 − (a − 1)(1 − π_0) + (b − 1) π_0
 * A σ that the schedule sets in this step is not learned in it. ρ_j is log π_j: its additive constant has no effect. With
 * a structured zero component the formula for π_0 leaves the offsets out; recipes with offsets keep π_0 fixed.
 */
#ifndef SOFTSHARE_MIXTURE_UPDATE_MATH_H
#define SOFTSHARE_MIXTURE_UPDATE_MATH_H

#include <math.h>

#include "softshare.h"

#ifdef __CUDACC__
#define SOFTSHARE_BOTH __host__ __device__
#elif !defined(SOFTSHARE_BOTH)
#define SOFTSHARE_BOTH
#endif

namespace softshare::mixture {

constexpr int MOST_COMPONENTS = 256;
constexpr double BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

/* Views of the buffers. */
struct Mixture {
    int k;
    int first_free;  // 1 with a zero component, else 0
    double *pi, *mu, *sigma;
    const double* statistics;
    SOFTSHARE_BOTH double total(int j) const { return statistics[1 + 3 * j]; }
    SOFTSHARE_BOTH double first(int j) const { return statistics[2 + 3 * j]; }
    SOFTSHARE_BOTH double second(int j) const { return statistics[3 + 3 * j]; }
    SOFTSHARE_BOTH double free_share() const { return first_free == 1 ? 1 - pi[0] : 1.0; }
    SOFTSHARE_BOTH double free_total() const {
        double sum = 0;
        for (int j = first_free; j < k; j++) sum += total(j);
        return sum;
    }
};

/* Whether σ is learned, of the zero component and of the others. */
struct Learned {
    bool zero, others;
    SOFTSHARE_BOTH bool sigma(const Mixture& m, int j) const { return j < m.first_free ? zero : others; }
};

SOFTSHARE_BOTH inline void em(const Mixture& m, double damping, const Learned& learned) {
    const double all = m.free_total(), share = m.free_share();
    for (int j = 0; j < m.k; j++) {
        const double r = m.total(j);
        const double shift = j >= m.first_free && r > 1 ? m.first(j) / r : 0;
        if (r > 1 && learned.sigma(m, j)) {
            const double variance = fmax(m.second(j) / r - shift * shift, 0.0);
            m.sigma[j] += damping * (sqrt(variance) - m.sigma[j]);
        }
        if (j < m.first_free) continue;
        if (all > 0) m.pi[j] += damping * (share * r / all - m.pi[j]);
        m.mu[j] += damping * shift;
    }
}

/* One Adam step of one parameter: what to subtract. */
SOFTSHARE_BOTH inline double adam_step(double gradient, double* moment1, double* moment2, double rate, const float* scalars) {
    *moment1 = BETA1 * *moment1 + (1 - BETA1) * gradient;
    *moment2 = BETA2 * *moment2 + (1 - BETA2) * gradient * gradient;
    const double scale = sqrt(*moment2 * double(scalars[SOFTSHARE_SCALAR_CORRECTION_2])) + EPSILON;
    return rate * *moment1 * double(scalars[SOFTSHARE_SCALAR_CORRECTION_1]) / scale;
}

/* moments: K of ρ, K of μ, K of log σ; then the same again for second moments. rho: room for K. */
SOFTSHARE_BOTH inline void descend(const Mixture& m, double* moments, const float* scalars, const double* hyper, const Learned& learned,
                                   double* rho) {
    const int k = m.k;
    const double tau = scalars[SOFTSHARE_SCALAR_TAU];
    const double rate_means = scalars[SOFTSHARE_SCALAR_RATE_MEANS];
    const double rate_precisions = scalars[SOFTSHARE_SCALAR_RATE_PRECISIONS];
    const double rate_proportions = scalars[SOFTSHARE_SCALAR_RATE_PROPORTIONS];
    double* second = moments + 3 * k;

    if (rate_proportions > 0) {
        const double all = m.free_total(), old_share = m.free_share();
        double share = old_share;
        if (m.first_free == 1 && hyper[4] > 0) {
            const double p = m.pi[0];
            const double gradient = p * (all + m.total(0)) - m.total(0) - (hyper[4] - 1) * (1 - p) + (hyper[5] - 1) * p;
            const double step = adam_step(tau * gradient, moments, second, rate_proportions, scalars);
            const double odds = log(p) - log1p(-p) - step;
            m.pi[0] = 1 / (1 + exp(-odds));
            share = 1 / (1 + exp(odds));  // not 1 − π_0: that would lose digits near 1
        }
        // A component that has fallen to 0 stays there: its gradient is 0.
        double most = -HUGE_VAL, sum = 0;
        for (int j = m.first_free; j < k; j++) {
            rho[j] = -HUGE_VAL;
            if (!(m.pi[j] > 0)) continue;
            const double gradient = m.pi[j] / old_share * all - m.total(j);
            rho[j] = log(m.pi[j]) - adam_step(tau * gradient, moments + j, second + j, rate_proportions, scalars);
            most = fmax(most, rho[j]);
        }
        for (int j = m.first_free; j < k; j++) sum += m.pi[j] > 0 ? exp(rho[j] - most) : 0;
        for (int j = m.first_free; j < k; j++) {
            if (m.pi[j] > 0) m.pi[j] = share * exp(rho[j] - most) / sum;
        }
    }
    for (int j = 0; j < k; j++) {
        const double lambda = 1 / (m.sigma[j] * m.sigma[j]);
        if (rate_precisions > 0 && learned.sigma(m, j)) {
            const double* gamma = hyper + (j < m.first_free ? 0 : 2);
            double gradient = m.total(j) - m.second(j) * lambda;
            if (gamma[0] > 0) gradient += 2 * (gamma[0] - 1) - 2 * gamma[1] * lambda;
            m.sigma[j] *= exp(-adam_step(tau * gradient, moments + 2 * k + j, second + 2 * k + j, rate_precisions, scalars));
        }
        if (rate_means > 0 && j >= m.first_free) {
            const double gradient = -m.first(j) * lambda;
            m.mu[j] -= adam_step(tau * gradient, moments + k + j, second + k + j, rate_means, scalars);
        }
    }
}

/* The whole update; see softshare_mixture_update. room: K doubles, left with anything. */
SOFTSHARE_BOTH inline void update(int k, bool zero_component, double* mixture, double* moments, const double* statistics,
                                  const float* scalars, const double* hyper, int learn_sigma, double* room) {
    const Mixture m{k, zero_component ? 1 : 0, mixture, mixture + k, mixture + 2 * k, statistics};
    const double zero_sigma = scalars[SOFTSHARE_SCALAR_SIGMA_ZERO], sigma = scalars[SOFTSHARE_SCALAR_SIGMA];
    for (int j = 0; j < k; j++) {
        const double scheduled = j < m.first_free ? zero_sigma : sigma;
        if (scheduled > 0) m.sigma[j] = scheduled;
    }
    const Learned by_gradient{!(zero_sigma > 0), !(sigma > 0)};
    const Learned by_em{by_gradient.zero && learn_sigma != 0, by_gradient.others && learn_sigma != 0};
    if (scalars[SOFTSHARE_SCALAR_EM] > 0) em(m, scalars[SOFTSHARE_SCALAR_EM], by_em);
    descend(m, moments, scalars, hyper, by_gradient, room);
    for (int j = 0; j < k; j++) m.sigma[j] = fmax(m.sigma[j], hyper[6]);
}

}  // namespace softshare::mixture

#endif
