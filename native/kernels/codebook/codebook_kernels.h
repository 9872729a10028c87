/* Nearest codebook entry under a penalty, for any vector wrapper: all distances, the first of equals wins. */
#ifndef SOFTSHARE_CODEBOOK_KERNELS_H
#define SOFTSHARE_CODEBOOK_KERNELS_H

#include "../common/simd.h"
#include "codebook.h"

namespace softshare::cpu::SIMD_NAMESPACE {

static void assign(int64_t begin, int64_t end, const float* weights, const uint32_t* live, int components,
                   const float* codebook, const float* penalty, int first, uint8_t* assignment) {
    for (int64_t i = begin; i < end; i += W) {
        const int m = end - i < W ? int(end - i) : W;
        const uint32_t bits = live == nullptr ? ~0u : live[i >> 5] >> (i & 31);
        if ((bits & (~0u >> (32 - W))) == 0) {
            memset(assignment + i, 0, size_t(m));
            continue;
        }
        const V w = m < W ? load_part(weights + i, m) : load(weights + i);
        V best = set1(__builtin_inff()), index = set1(float(first));
        for (int j = first; j < components; j++) {
            const V d = sub(w, set1(codebook[j]));
            const V cost = fma(d, d, set1(penalty != nullptr ? penalty[j] : 0.0f));
            const M better = greater(best, cost);
            best = select(better, cost, best);
            index = select(better, set1(float(j)), index);
        }
        float lanes[W];
        store(lanes, select(mask(bits), index, set1(0)));
        for (int u = 0; u < m; u++) assignment[i + u] = uint8_t(lanes[u]);
    }
}

const CodebookKernels codebook_kernels = {assign};

}  // namespace softshare::cpu::SIMD_NAMESPACE

#endif
