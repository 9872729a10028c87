/* The vector of simd_plain.h with AVX-512 (F, BW, DQ, VL): sixteen lanes. */
#ifndef SOFTSHARE_COMMON_SIMD_AVX512_H
#define SOFTSHARE_COMMON_SIMD_AVX512_H

// GCC takes the undefined operands of its own intrinsics for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#include <stdint.h>

#include "simd_common.h"

namespace softshare::cpu::avx512 {

constexpr int W = 16;
constexpr int UNROLL = 4;

typedef __m512 V;
typedef __mmask16 M;

SIMD V set1(float x) { return _mm512_set1_ps(x); }
SIMD V load(const float* p) { return _mm512_loadu_ps(p); }
SIMD void store(float* p, V v) { _mm512_storeu_ps(p, v); }
SIMD V load_part(const float* p, int n) { return _mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p); }
SIMD void store_part(float* p, V v, int n) { _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), v); }
/* v, in a register: what is used several times is loaded once. */
SIMD V pin(V v) {
    __asm__("" : "+v"(v));
    return v;
}
SIMD V add(V a, V b) { return _mm512_add_ps(a, b); }
SIMD V sub(V a, V b) { return _mm512_sub_ps(a, b); }
SIMD V mul(V a, V b) { return _mm512_mul_ps(a, b); }
SIMD V div(V a, V b) { return _mm512_div_ps(a, b); }
SIMD V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
SIMD V fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }
/* 1/a to about one unit in the last place: an estimate of 14 bits and a step of Newton's cost a fifth of a division. */
SIMD V inverse(V a) {
    V x = _mm512_rcp14_ps(a);
    return _mm512_fmadd_ps(x, _mm512_fnmadd_ps(a, x, set1(1.0f)), x);
}
SIMD M greater(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
SIMD V select(M m, V a, V b) { return _mm512_mask_blend_ps(m, b, a); }
SIMD V max(V a, V b) { return _mm512_max_ps(a, b); }
SIMD V min(V a, V b) { return _mm512_min_ps(a, b); }
SIMD V sqrt(V a) { return _mm512_sqrt_ps(a); }
SIMD M mask(uint32_t bits) { return M(bits); }
/* The instructions for fraction and scaling leave nothing to clamp: far below −126 the result is 0. */
SIMD V exp2(V t) {
    V x = _mm512_reduce_ps(t, 0x09);  // t − ⌊t⌋
    V p = set1(EXP2_5);
    p = fma(p, x, set1(EXP2_4));
    p = fma(p, x, set1(EXP2_3));
    p = fma(p, x, set1(EXP2_2));
    p = fma(p, x, set1(EXP2_1));
    p = fma(p, x, set1(1.0f));
    return _mm512_scalef_ps(p, t);
}
SIMD V split(V x, V* mantissa) {
    __m512i exponent = _mm512_srai_epi32(_mm512_sub_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x3f3504f3)), 23);
    *mantissa = _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_castps_si512(x), _mm512_slli_epi32(exponent, 23)));
    return _mm512_cvtepi32_ps(exponent);
}
SIMD float lowest(V v) { return _mm512_reduce_min_ps(v); }
SIMD float highest(V v) { return _mm512_reduce_max_ps(v); }
SIMD float total(V v) { return _mm512_reduce_add_ps(v); }
SIMD void fold(double* sums, V v) {
    __m512d a = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    __m512d b = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
    _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), a));
    _mm512_storeu_pd(sums + 8, _mm512_add_pd(_mm512_loadu_pd(sums + 8), b));
}
SIMD void compress(float* p, V v, uint32_t bits) { _mm512_mask_compressstoreu_ps(p, M(bits), v); }
SIMD uint32_t to_bits(M m) { return m; }

}  // namespace softshare::cpu::avx512

#endif
