/* The vector of simd_plain.h with AVX2 and FMA: eight lanes. */
#ifndef SOFTSHARE_COMMON_SIMD_AVX2_H
#define SOFTSHARE_COMMON_SIMD_AVX2_H

// GCC takes the undefined operands of its own intrinsics for a mistake.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#include <stdint.h>

#include "simd_common.h"

namespace softshare::cpu::avx2 {

constexpr int W = 8;
constexpr int UNROLL = 2;

typedef __m256 V;
typedef __m256 M;

SIMD V set1(float x) { return _mm256_set1_ps(x); }
SIMD V load(const float* p) { return _mm256_loadu_ps(p); }
SIMD void store(float* p, V v) { _mm256_storeu_ps(p, v); }
SIMD __m256i first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
SIMD V load_part(const float* p, int n) { return _mm256_maskload_ps(p, first(n)); }
SIMD void store_part(float* p, V v, int n) { _mm256_maskstore_ps(p, first(n), v); }
/* v, in a register: what is used several times is loaded once. */
SIMD V pin(V v) {
    __asm__("" : "+x"(v));
    return v;
}
SIMD V add(V a, V b) { return _mm256_add_ps(a, b); }
SIMD V sub(V a, V b) { return _mm256_sub_ps(a, b); }
SIMD V mul(V a, V b) { return _mm256_mul_ps(a, b); }
SIMD V div(V a, V b) { return _mm256_div_ps(a, b); }
SIMD V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
SIMD V fnma(V a, V b, V c) { return _mm256_fnmadd_ps(a, b, c); }
/* 1/a to about one unit in the last place. */
SIMD V inverse(V a) { return div(set1(1.0f), a); }
SIMD M greater(V a, V b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
SIMD V select(M m, V a, V b) { return _mm256_blendv_ps(b, a, m); }
SIMD V max(V a, V b) { return _mm256_max_ps(a, b); }
SIMD V min(V a, V b) { return _mm256_min_ps(a, b); }
SIMD V sqrt(V a) { return _mm256_sqrt_ps(a); }
SIMD M mask(uint32_t bits) {
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(int(bits)), lane), lane));
}
SIMD V exp2(V t) {
    t = _mm256_max_ps(t, set1(-126.0f));
    V n = _mm256_floor_ps(t);
    V x = _mm256_sub_ps(t, n);
    V p = set1(EXP2_5);
    p = fma(p, x, set1(EXP2_4));
    p = fma(p, x, set1(EXP2_3));
    p = fma(p, x, set1(EXP2_2));
    p = fma(p, x, set1(EXP2_1));
    p = fma(p, x, set1(1.0f));
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23)));
}
SIMD V split(V x, V* mantissa) {
    __m256i exponent = _mm256_srai_epi32(_mm256_sub_epi32(_mm256_castps_si256(x), _mm256_set1_epi32(0x3f3504f3)), 23);
    *mantissa = _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_castps_si256(x), _mm256_slli_epi32(exponent, 23)));
    return _mm256_cvtepi32_ps(exponent);
}
SIMD float lowest(V v) {
    __m128 m = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_min_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_min_ss(m, _mm_movehdup_ps(m)));
}
SIMD float highest(V v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
SIMD float total(V v) {
    __m128 m = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_add_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_add_ss(m, _mm_movehdup_ps(m)));
}
SIMD void fold(double* sums, V v) {
    __m256d a = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
    __m256d b = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
    _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), a));
    _mm256_storeu_pd(sums + 4, _mm256_add_pd(_mm256_loadu_pd(sums + 4), b));
}
SIMD void compress(float* p, V v, uint32_t bits) {
    float lanes[W];
    store(lanes, v);
    for (; bits != 0; bits &= bits - 1) *p++ = lanes[__builtin_ctz(bits)];
}
SIMD uint32_t to_bits(M m) { return uint32_t(_mm256_movemask_ps(m)); }

}  // namespace softshare::cpu::avx2

#endif
