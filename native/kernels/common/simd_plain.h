/*
 * A small vector of floats, plain C++: four lanes in the compiler's own vector type, which every processor has. The
 * explanation of simd_avx2.h and simd_avx512.h, which offer the same functions in their own namespaces. A file compiled for an
 * instruction set includes no inline function of external linkage besides these, so that the linker can never hand
 * its code to another processor.
 */
#ifndef SOFTSHARE_COMMON_SIMD_PLAIN_H
#define SOFTSHARE_COMMON_SIMD_PLAIN_H

#include <stdint.h>
#include <string.h>

#include "simd_common.h"

namespace softshare::cpu::plain {

constexpr int W = 4;      // lanes
constexpr int UNROLL = 2; // vectors that the inner loops work on side by side

typedef float V __attribute__((vector_size(16)));
typedef int32_t I __attribute__((vector_size(16)));
typedef I M;  // all ones where true

SIMD V set1(float x) { return V{x, x, x, x}; }
SIMD V load(const float* p) {
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}
SIMD void store(float* p, V v) { memcpy(p, &v, sizeof v); }
/* The first n < W lanes; the others are 0 and stay unwritten. */
SIMD V load_part(const float* p, int n) {
    V v = set1(0);
    for (int i = 0; i < n; i++) v[i] = p[i];
    return v;
}
SIMD void store_part(float* p, V v, int n) {
    for (int i = 0; i < n; i++) p[i] = v[i];
}
/* v, in a register: what is used several times is loaded once. */
SIMD V pin(V v) { return v; }
SIMD V add(V a, V b) { return a + b; }
SIMD V sub(V a, V b) { return a - b; }
SIMD V mul(V a, V b) { return a * b; }
SIMD V div(V a, V b) { return a / b; }
/* a·b + c and c − a·b, each rounded twice: without the instruction a true fused multiply-add is a slow library call. */
SIMD V fma(V a, V b, V c) { return a * b + c; }
SIMD V fnma(V a, V b, V c) { return c - a * b; }
/* 1/a to about one unit in the last place. */
SIMD V inverse(V a) { return div(set1(1.0f), a); }
SIMD M greater(V a, V b) { return a > b; }
SIMD V select(M m, V a, V b) { return V((I(a) & m) | (I(b) & ~m)); }
SIMD V max(V a, V b) { return select(a > b, a, b); }
SIMD V min(V a, V b) { return select(a < b, a, b); }
SIMD V sqrt(V a) {
    V r;
    for (int i = 0; i < W; i++) r[i] = __builtin_sqrtf(a[i]);
    return r;
}
/* Lane i is true where bit i is set. */
SIMD M mask(uint32_t bits) {
    const I lane = {1, 2, 4, 8};
    return (I{int32_t(bits), int32_t(bits), int32_t(bits), int32_t(bits)} & lane) != 0;
}
/* 2^t for t ≤ about 0, at least about 2^-126; t = NaN gives some number. */
SIMD V exp2(V t) {
    t = max(t, set1(-126.0f));
    const V magic = set1(12582912.0f);  // 1.5·2^23: adding it rounds to an integer
    V n = (t - set1(0.5f) + magic) - magic;
    V x = t - n;
    V p = set1(EXP2_5);
    p = fma(p, x, set1(EXP2_4));
    p = fma(p, x, set1(EXP2_3));
    p = fma(p, x, set1(EXP2_2));
    p = fma(p, x, set1(EXP2_1));
    p = fma(p, x, set1(1.0f));
    return V(I(p) + (__builtin_convertvector(n, I) << 23));
}
/* x = 2^exponent · mantissa, mantissa in [√½, √2), for positive normal x. */
SIMD V split(V x, V* mantissa) {
    I bits = I(x) - 0x3f3504f3;
    I exponent = bits >> 23;
    *mantissa = V(I(x) - (exponent << 23));
    return __builtin_convertvector(exponent, V);
}
SIMD float lowest(V v) {
    float m = v[0];
    for (int i = 1; i < W; i++) m = v[i] < m ? v[i] : m;
    return m;
}
SIMD float highest(V v) {
    float m = v[0];
    for (int i = 1; i < W; i++) m = v[i] > m ? v[i] : m;
    return m;
}
SIMD float total(V v) { return (v[0] + v[1]) + (v[2] + v[3]); }
/* Adds the lanes to W doubles. */
SIMD void fold(double* sums, V v) {
    for (int i = 0; i < W; i++) sums[i] += v[i];
}
/* Packs the lanes whose bit is set to the front of p (writes up to W floats). */
SIMD void compress(float* p, V v, uint32_t bits) {
    for (int i = 0; i < W; i++) {
        if (bits >> i & 1) *p++ = v[i];
    }
}
/* The bits of the lanes that are true. */
SIMD uint32_t to_bits(M m) { return (m[0] & 1) | (m[1] & 2) | (m[2] & 4) | (m[3] & 8); }

}  // namespace softshare::cpu::plain

#endif
