/*
 * The fused step where it is used most: the global zero component (or none), dense or masked, K ≤ 32. Each thread takes four
 * neighbouring weights: loads and stores are 128 bits. Everything else runs through prior_passes_cuda.h, which is also the
 * explanation: this form leaves out what is not needed almost always.
 *
 * No maximum is sought: constants are such that t_j ≤ 0, so p_j = 2^t_j itself is taken, seven instructions a component:
 *   d = (w − μ_high) − μ_low,   v = h d,   t = c − v d,   p = ex2 t,   S += p,   pull += p v
 * A weight with S < 2^-90 (so far from every component that the p_j begin to underflow to 0) goes through the form with the
 * maximum, which is kept out of line. Above that what underflows is less than 2^-36 of S.
 *
 * Adam's square root and reciprocals are the approximate instructions: 2^-22 of an update, which itself is a rounding error's
 * size of the weight away from it.
 */
#ifndef SOFTSHARE_PRIOR_STEP_CUDA_H
#define SOFTSHARE_PRIOR_STEP_CUDA_H

#include "prior_passes_cuda.h"

namespace softshare::cuda {

namespace {

constexpr float LEAST_SUM = 0x1p-90f;

/* A weight that is far from every component: gradient, and the largest t_j with S relative to it. */
struct Far {
    float gradient, most, inverse, value;
};

template <bool FIRST>
#ifdef __CUDACC__
__noinline__
#endif
__device__ Far weigh_far(int slot, float w, int components) {
    const PriorTerms& terms = terms_of<FIRST>(slot);
    // t_j to the last bit as below: a maximum that was rounded otherwise would scale all shares.
    float most = -INFINITY, total = 0, pull = 0;
    for (int j = 0; j < components; j++) {
        const float own = (w - terms.mean[j]) - terms.mean_low[j];
        most = fmaxf(most, __fmaf_rn(-(terms.slope[j] * own), own, terms.constant[j]));
    }
    for (int j = 0; j < components; j++) {
        const float own = (w - terms.mean[j]) - terms.mean_low[j];
        const float v = terms.slope[j] * own;
        const float share = exp2_approx(__fmaf_rn(-v, own, terms.constant[j]) - most);
        total += share;
        pull = __fmaf_rn(share, v, pull);
    }
    Far far;
    far.most = most;
    far.inverse = 1.0f / total;
    far.gradient = float(2 * prior::LN2) * pull * far.inverse;
    far.value = -(terms.top + most + log2f(total));
    return far;
}

template <int N, bool STATISTICS>
struct FlatSums {
    float s0[STATISTICS ? N : 1], s1[STATISTICS ? N : 1], s2[STATISTICS ? N : 1];
    double value;
};

/* Gradient of one weight; its part of the sums where they are wanted and it is live. */
template <int N, bool STATISTICS, bool FIRST>
__device__ __forceinline__ float weigh_flat(const Pass& a, float w, bool counts, FlatSums<N, STATISTICS>& sums) {
    const PriorTerms& terms = terms_of<FIRST>(a.slot);
    float p[STATISTICS ? N : 1], d[STATISTICS ? N : 1], total = 0, pull = 0;
#pragma unroll
    for (int j = 0; j < N; j++) {
        const float own = (w - terms.mean[j]) - terms.mean_low[j];
        const float v = terms.slope[j] * own;
        const float share = exp2_approx(__fmaf_rn(-v, own, terms.constant[j]));
        total += share;
        pull = __fmaf_rn(share, v, pull);
        if (STATISTICS) {
            p[j] = share;
            d[j] = own;
        }
    }
    float inverse = rcp_approx(total), value = 0;
    float gradient = float(2 * prior::LN2) * pull * inverse;
    const bool near = total > LEAST_SUM;
    if (STATISTICS) value = -(terms.top + log2_approx(total));
    if (!near) {
        const Far far = weigh_far<FIRST>(a.slot, w, a.components);
        gradient = far.gradient;
        if (STATISTICS) {
            value = far.value;
            inverse = far.inverse;
#pragma unroll
            for (int j = 0; j < N; j++) p[j] = exp2_approx(__fmaf_rn(-(terms.slope[j] * d[j]), d[j], terms.constant[j]) - far.most);
        }
    }
    if (STATISTICS) {
        sums.value += counts ? double(value) : 0.0;
        inverse = counts ? inverse : 0.0f;
#pragma unroll
        for (int j = 0; j < N; j++) {
            const float share = p[j] * inverse, first = share * d[j];
            sums.s0[j] += share;
            sums.s1[j] += first;
            sums.s2[j] = __fmaf_rn(first, d[j], sums.s2[j]);
        }
    }
    return gradient;
}

/* What Adam needs beside the weight's own numbers, read once. */
struct FlatRates {
    float tau, rate, correction2;
};

__device__ __forceinline__ void adam_flat(const Pass& a, const FlatRates& s, float g, bool counts, float* w, float* m, float* v) {
    const float first = __fmaf_rn(a.beta1, *m, (1 - a.beta1) * g), second = __fmaf_rn(a.beta2, *v, ((1 - a.beta2) * g) * g);
    const float next = __fmaf_rn(-s.rate * first, rcp_approx(sqrt_approx(second * s.correction2) + a.epsilon), *w);
    *w = counts ? next : *w;
    *m = counts ? first : *m;
    *v = counts ? second : *v;
}

template <int N, bool STATISTICS, bool FIRST>
__global__ void __launch_bounds__(PRIOR_THREADS, 1) step_flat(Pass a, int64_t count) {
    FlatSums<N, STATISTICS> sums;
    sums.value = 0;
    if (STATISTICS) {
#pragma unroll
        for (int j = 0; j < N; j++) sums.s0[j] = sums.s1[j] = sums.s2[j] = 0;
    }
    const FlatRates rates{a.scalars[SOFTSHARE_SCALAR_TAU], a.scalars[SOFTSHARE_SCALAR_RATE_WEIGHTS] * a.scalars[SOFTSHARE_SCALAR_CORRECTION_1],
                          a.scalars[SOFTSHARE_SCALAR_CORRECTION_2]};
    const int64_t quads = count / 4, stride = int64_t(gridDim.x) * PRIOR_THREADS;
    for (int64_t quad = int64_t(blockIdx.x) * PRIOR_THREADS + threadIdx.x; quad < quads; quad += stride) {
        const unsigned alive = a.live == nullptr ? 15u : a.live[quad >> 3] >> (quad & 7) * 4 & 15u;
        if (alive == 0) continue;
        const float4 w4 = reinterpret_cast<const float4*>(a.updated)[quad], g4 = reinterpret_cast<const float4*>(a.task)[quad];
        const float4 m4 = reinterpret_cast<const float4*>(a.moment1)[quad], v4 = reinterpret_cast<const float4*>(a.moment2)[quad];
        float w[4] = {w4.x, w4.y, w4.z, w4.w}, m[4] = {m4.x, m4.y, m4.z, m4.w}, v[4] = {v4.x, v4.y, v4.z, v4.w};
        const float g[4] = {g4.x, g4.y, g4.z, g4.w};
#pragma unroll
        for (int k = 0; k < 4; k++) {
            const bool counts = (alive >> k & 1) != 0;
            const float pull = weigh_flat<N, STATISTICS, FIRST>(a, w[k], counts, sums);
            adam_flat(a, rates, __fmaf_rn(rates.tau, pull, g[k]), counts, &w[k], &m[k], &v[k]);
        }
        reinterpret_cast<float4*>(a.updated)[quad] = make_float4(w[0], w[1], w[2], w[3]);
        reinterpret_cast<float4*>(a.moment1)[quad] = make_float4(m[0], m[1], m[2], m[3]);
        reinterpret_cast<float4*>(a.moment2)[quad] = make_float4(v[0], v[1], v[2], v[3]);
    }
    const int64_t i = 4 * quads + threadIdx.x;
    if (blockIdx.x == 0 && i < count && is_live(a.live, i)) {  // up to three weights are left
        const float pull = weigh_flat<N, STATISTICS, FIRST>(a, a.updated[i], true, sums);
        adam_flat(a, rates, __fmaf_rn(rates.tau, pull, a.task[i]), true, &a.updated[i], &a.moment1[i], &a.moment2[i]);
    }
    if (STATISTICS) leave_sums<N>(a, sums.value, sums.s0, sums.s1, sums.s2);
}

}  // namespace

}  // namespace softshare::cuda

#endif
