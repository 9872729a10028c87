/* The table of one instruction set's loops; the last thing that its translation unit includes. */
#ifndef SOFTSHARE_PRIOR_KERNELS_H
#define SOFTSHARE_PRIOR_KERNELS_H

#include "prior_chunk.h"

namespace softshare::cpu::SIMD_NAMESPACE {

/* Unfused: gradient_i = Σ_j r_ij (w_i − μ_j) / σ_j² over the rows of the responsibilities' matrix. */
static void gradient_pass(const PriorTerms& k, const float* weights, const uint32_t* live, const float* responsibilities,
                          int64_t begin, int64_t end, float* gradient) {
    for (int64_t i = begin; i < end; i++) {
        if (live != nullptr && (live[i >> 5] >> (i & 31) & 1) == 0) {
            gradient[i] = 0;
            continue;
        }
        const float* r = responsibilities + i * k.components;
        const V w = set1(weights[i]);
        V sum = set1(0);
        for (int j = 0; j < k.components; j += W) {
            const int m = k.components - j;
            V d = sub(sub(w, load(k.mean + j)), load(k.mean_low + j));
            sum = fma(mul(m < W ? load_part(r + j, m) : load(r + j), load(k.precision + j)), d, sum);
        }
        gradient[i] = total(sum);
    }
}

/* Unfused: adds Σ r, Σ r d, Σ r d² of the weights to sums (3 × k.padded doubles); frozen weights have rows of zeros. */
static void statistics_pass(const PriorTerms& k, const float* weights, const float* responsibilities, int64_t begin,
                            int64_t end, double* sums) {
    for (int64_t from = begin; from < end; from += 64) {
        const int64_t to = from + 64 < end ? from + 64 : end;
        for (int j = 0; j < k.components; j += W) {
            const int m = k.components - j;
            const V mean = load(k.mean + j), low = load(k.mean_low + j);
            V s0 = set1(0), s1 = set1(0), s2 = set1(0);
            for (int64_t i = from; i < to; i++) {
                const float* row = responsibilities + i * k.components + j;
                V r = m < W ? load_part(row, m) : load(row);
                V d = sub(sub(set1(weights[i]), mean), low);
                V rd = mul(r, d);
                s0 = add(s0, r);
                s1 = add(s1, rd);
                s2 = fma(rd, d, s2);
            }
            fold(sums + j, s0);
            fold(sums + k.padded + j, s1);
            fold(sums + 2 * k.padded + j, s2);
        }
    }
}

const PriorKernels prior_kernels = {scratch_bytes, run_chunk, gradient_pass, statistics_pass};

}  // namespace softshare::cpu::SIMD_NAMESPACE

#endif
