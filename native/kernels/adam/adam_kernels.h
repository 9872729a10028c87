/* Adam and y += a·x over a piece of values, for any vector wrapper. */
#ifndef SOFTSHARE_ADAM_KERNELS_H
#define SOFTSHARE_ADAM_KERNELS_H

#include "adam.h"
#include "adam_math.h"

namespace softshare::cpu::SIMD_NAMESPACE {

/* `begin` is a multiple of 32, so that a vector's live bits lie in one word. */
static void update(const AdamNumbers& n, int64_t begin, int64_t end, float* values, const float* gradient,
                   float* moment1, float* moment2, const uint32_t* live) {
    FlushTiny flush;
    const Adam k = adam_of(n.beta1, n.beta2, n.epsilon, n.rate, n.correction1, n.correction2);
    for (int64_t i = begin; i < end; i += W) {
        const int m = end - i < W ? int(end - i) : W;
        uint32_t bits = m < W ? (1u << m) - 1 : ~0u >> (32 - W);
        if (live != nullptr) {
            if (live[i >> 5] == 0) {
                i = (i & ~int64_t(31)) + 32 - W;
                continue;
            }
            bits &= live[i >> 5] >> (i & 31);
        }
        if (m == W && bits == ~0u >> (32 - W)) {
            V w = load(values + i), a = load(moment1 + i), b = load(moment2 + i);
            adam_update(k, load(gradient + i), &w, &a, &b);
            store(values + i, w);
            store(moment1 + i, a);
            store(moment2 + i, b);
        } else {
            const M counts = mask(bits);
            V w = load_part(values + i, m), a = load_part(moment1 + i, m), b = load_part(moment2 + i, m);
            V new_w = w, new_a = a, new_b = b;
            adam_update(k, load_part(gradient + i, m), &new_w, &new_a, &new_b);
            store_part(values + i, select(counts, new_w, w), m);
            store_part(moment1 + i, select(counts, new_a, a), m);
            store_part(moment2 + i, select(counts, new_b, b), m);
        }
    }
}

static void add_scaled(float factor, int64_t begin, int64_t end, const float* x, float* y) {
    const V a = set1(factor);
    int64_t i = begin;
    for (; i + W <= end; i += W) store(y + i, fma(a, load(x + i), load(y + i)));
    if (i < end) {
        const int m = int(end - i);
        store_part(y + i, fma(a, load_part(x + i, m), load_part(y + i, m)), m);
    }
}

const AdamKernels adam_kernels = {update, add_scaled};

}  // namespace softshare::cpu::SIMD_NAMESPACE

#endif
