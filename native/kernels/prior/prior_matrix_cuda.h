/*
 * The unfused prior on CUDA from the matrix of responsibilities on (weights × components, row-major), which a pass of
 * prior_passes_cuda.h has written: sums, shares and gradients, each with a read of the whole matrix.
 */
#ifndef SOFTSHARE_PRIOR_MATRIX_CUDA_H
#define SOFTSHARE_PRIOR_MATRIX_CUDA_H

#include "prior_passes_cuda.h"

namespace softshare::cuda {

namespace {

/* The sums of a pass, but for the value, which comes with the matrix. Sums of component blockIdx.y by block blockIdx.x. */
template <bool FIRST>
__global__ void __launch_bounds__(PRIOR_THREADS) statistics_of_matrix(int slot, const float* weights, const float* responsibilities,
                                                                      int64_t count, int components, double* partials) {
    const PriorTerms& terms = terms_of<FIRST>(slot);
    const int j = int(blockIdx.y);
    double s0 = 0, s1 = 0, s2 = 0;
    const int64_t stride = int64_t(gridDim.x) * PRIOR_THREADS;
    for (int64_t i = int64_t(blockIdx.x) * PRIOR_THREADS + threadIdx.x; i < count; i += stride) {
        float d;
        density(terms, j, weights[i], &d);
        const float r = responsibilities[i * components + j];
        s0 += double(r);
        s1 += double(r * d);
        s2 += double(r * d) * double(d);
    }
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    double* out = partials + int64_t(blockIdx.x) * (3 * components + 1);
    s0 = block_sum(s0, room);
    s1 = block_sum(s1, room);
    s2 = block_sum(s2, room);
    if (threadIdx.x != 0) return;
    out[1 + 3 * j] = s0;
    out[2 + 3 * j] = s1;
    out[3 + 3 * j] = s2;
}

/* 1 − r_0 of each weight from the matrix of responsibilities: what is left of component 0 counts as not zero. */
__global__ void shares_of_matrix(const float* responsibilities, const uint32_t* live, int64_t count, int components, float* shares) {
    const int64_t stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
        // Not 1 − r_0, which would lose what is left of it near 1.
        double sum = 0;
        for (int j = 1; j < components && is_live(live, i); j++) sum += double(responsibilities[i * components + j]);
        shares[i] = float(sum);
    }
}

/* Unfused: gradient_i = Σ_j r_ij (w_i − μ_j) / σ_j². */
template <bool FIRST>
__global__ void __launch_bounds__(PRIOR_THREADS) gradient_of_matrix(int slot, const float* weights, const uint32_t* live, const float* responsibilities,
                                                                    int64_t count, int components, float* gradient) {
    const PriorTerms& terms = terms_of<FIRST>(slot);
    const int64_t stride = int64_t(gridDim.x) * PRIOR_THREADS;
    for (int64_t i = int64_t(blockIdx.x) * PRIOR_THREADS + threadIdx.x; i < count; i += stride) {
        float sum = 0;
        if (is_live(live, i)) {
            for (int j = 0; j < components; j++) {
                float d;
                density(terms, j, weights[i], &d);
                sum = __fmaf_rn(responsibilities[i * components + j] * terms.slope[j], d, sum);
            }
        }
        gradient[i] = float(2 * prior::LN2) * sum;
    }
}

}  // namespace

}  // namespace softshare::cuda

#endif
