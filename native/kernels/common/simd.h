/*
 * Picks the vector wrapper of the instruction set that the including file is compiled for; the file's own templates go
 * into the namespace softshare::cpu::SIMD_NAMESPACE. Include it once a translation unit, and nothing else that defines
 * inline functions.
 */
#ifndef SOFTSHARE_COMMON_SIMD_H
#define SOFTSHARE_COMMON_SIMD_H

#if defined(SOFTSHARE_SIMD_AVX512)
#include "simd_avx512.h"
#define SIMD_NAMESPACE avx512
#elif defined(SOFTSHARE_SIMD_AVX2)
#include "simd_avx2.h"
#define SIMD_NAMESPACE avx2
#else
#include "simd_plain.h"
#define SIMD_NAMESPACE plain
#endif

namespace softshare::cpu::SIMD_NAMESPACE {

/* log2 x for positive normal x: x = 2^e·m, log2 m = 2/ln 2 · artanh(s), s = (m − 1)/(m + 1); five terms, |s| ≤ 0.172:
 * truncated below 1e-9, absolute error about 1e-7 · (1 + |e|). */
SIMD V log2(V x) {
    V m;
    V e = split(x, &m);
    V s = div(sub(m, set1(1.0f)), add(m, set1(1.0f)));
    V q = mul(s, s);
    V p = set1(0.320598898f);
    p = fma(p, q, set1(0.412198583f));
    p = fma(p, q, set1(0.577078016f));
    p = fma(p, q, set1(0.961796694f));
    p = fma(p, q, set1(2.88539008f));
    return fma(p, s, e);
}

}  // namespace softshare::cpu::SIMD_NAMESPACE

#endif
