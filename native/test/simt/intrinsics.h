/* Device functions for the host: collectives (handed to the runner with their sites), atomics, bits, rounding. */
#ifndef SOFTSHARE_SIMT_INTRINSICS_H
#define SOFTSHARE_SIMT_INTRINSICS_H

#include <math.h>
#include <string.h>

#include <algorithm>
#include <limits>

#include "runner.h"

#define SIMT_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()
#define SIMT_HERE(what) ::simt::Site{what, file, line}

/* ---------------------------------------------------------------- barriers and fences */

inline void __syncthreads(SIMT_SITE) { simt::barrier(0, SIMT_HERE("__syncthreads")); }
inline int __syncthreads_count(int predicate, SIMT_SITE) { return int(simt::barrier(predicate, SIMT_HERE("__syncthreads_count"))); }
inline int __syncthreads_or(int predicate, SIMT_SITE) { return simt::barrier(predicate, SIMT_HERE("__syncthreads_or")) != 0; }
inline int __syncthreads_and(int predicate, SIMT_SITE) { return simt::barrier(predicate == 0, SIMT_HERE("__syncthreads_and")) == 0; }
inline void __syncwarp(unsigned mask = 0xffffffffu, SIMT_SITE) { simt::syncwarp(mask, SIMT_HERE("__syncwarp")); }
inline void __threadfence() { __atomic_fetch_add(&simt::fence_word, 1u, __ATOMIC_ACQ_REL); }
inline void __threadfence_block() { __threadfence(); }
inline void __threadfence_system() { __threadfence(); }

/* ---------------------------------------------------------------- collectives of a warp */

namespace simt {

template <typename T>
T shuffled(Shuffle kind, unsigned mask, T value, unsigned lane, int width, Site site) {
    static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = shuffle(kind, mask, bits, lane, width, site);
    memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace simt

template <typename T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, SIMT_SITE) {
    return simt::shuffled(simt::shuffle_index, mask, value, unsigned(lane), width, SIMT_HERE("__shfl_sync"));
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, SIMT_SITE) {
    return simt::shuffled(simt::shuffle_up, mask, value, by, width, SIMT_HERE("__shfl_up_sync"));
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, SIMT_SITE) {
    return simt::shuffled(simt::shuffle_down, mask, value, by, width, SIMT_HERE("__shfl_down_sync"));
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int by, int width = 32, SIMT_SITE) {
    return simt::shuffled(simt::shuffle_xor, mask, value, unsigned(by), width, SIMT_HERE("__shfl_xor_sync"));
}
inline unsigned __ballot_sync(unsigned mask, int predicate, SIMT_SITE) { return simt::ballot(mask, predicate, SIMT_HERE("__ballot_sync")); }
inline int __any_sync(unsigned mask, int predicate, SIMT_SITE) { return simt::ballot(mask, predicate, SIMT_HERE("__any_sync")) != 0; }
inline int __all_sync(unsigned mask, int predicate, SIMT_SITE) { return simt::ballot(mask, predicate == 0, SIMT_HERE("__all_sync")) == 0; }
template <typename T>
unsigned __match_any_sync(unsigned mask, T value, SIMT_SITE) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    return simt::match(mask, bits, SIMT_HERE("__match_any_sync"));
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned value, SIMT_SITE) { return simt::reduce(simt::reduce_add, false, mask, value, SIMT_HERE("__reduce_add_sync")); }
inline int __reduce_add_sync(unsigned mask, int value, SIMT_SITE) { return int(simt::reduce(simt::reduce_add, true, mask, unsigned(value), SIMT_HERE("__reduce_add_sync"))); }
inline unsigned __reduce_min_sync(unsigned mask, unsigned value, SIMT_SITE) { return simt::reduce(simt::reduce_min, false, mask, value, SIMT_HERE("__reduce_min_sync")); }
inline int __reduce_min_sync(unsigned mask, int value, SIMT_SITE) { return int(simt::reduce(simt::reduce_min, true, mask, unsigned(value), SIMT_HERE("__reduce_min_sync"))); }
inline unsigned __reduce_max_sync(unsigned mask, unsigned value, SIMT_SITE) { return simt::reduce(simt::reduce_max, false, mask, value, SIMT_HERE("__reduce_max_sync")); }
inline int __reduce_max_sync(unsigned mask, int value, SIMT_SITE) { return int(simt::reduce(simt::reduce_max, true, mask, unsigned(value), SIMT_HERE("__reduce_max_sync"))); }
inline unsigned __reduce_and_sync(unsigned mask, unsigned value, SIMT_SITE) { return simt::reduce(simt::reduce_and, false, mask, value, SIMT_HERE("__reduce_and_sync")); }
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, SIMT_SITE) { return simt::reduce(simt::reduce_or, false, mask, value, SIMT_HERE("__reduce_or_sync")); }
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, SIMT_SITE) { return simt::reduce(simt::reduce_xor, false, mask, value, SIMT_HERE("__reduce_xor_sync")); }

/* ---------------------------------------------------------------- atomics (relaxed, as CUDA's) */

namespace simt {

template <typename T, typename Change>
T atomically(T* at, Change change) {
    T old;
    __atomic_load(at, &old, __ATOMIC_RELAXED);
    T next = change(old);
    while (!__atomic_compare_exchange(at, &old, &next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) next = change(old);
    return old;
}

template <typename T>
struct Same {
    typedef T type;
};

}  // namespace simt

#define SIMT_ATOMIC(name, expression) \
    template <typename T> \
    T name(T* at, typename simt::Same<T>::type value) { \
        return simt::atomically(at, [value](T old) -> T { return expression; }); \
    }
SIMT_ATOMIC(atomicAdd, T(old + value))
SIMT_ATOMIC(atomicSub, T(old - value))
SIMT_ATOMIC(atomicExch, (void(old), value))
SIMT_ATOMIC(atomicMin, value < old ? value : old)
SIMT_ATOMIC(atomicMax, value > old ? value : old)
SIMT_ATOMIC(atomicAnd, T(old & value))
SIMT_ATOMIC(atomicOr, T(old | value))
SIMT_ATOMIC(atomicXor, T(old ^ value))
SIMT_ATOMIC(atomicInc, old >= value ? T(0) : T(old + 1))
SIMT_ATOMIC(atomicDec, old == 0 || old > value ? value : T(old - 1))
#undef SIMT_ATOMIC
template <typename T>
T atomicCAS(T* at, typename simt::Same<T>::type expected, typename simt::Same<T>::type value) {
    return simt::atomically(at, [=](T old) { return old == expected ? value : old; });
}

/* ---------------------------------------------------------------- loads and stores with cache hints */

template <typename T>
T __ldg(const T* at) { return *at; }
template <typename T>
T __ldcg(const T* at) { return *at; }
template <typename T>
T __ldca(const T* at) { return *at; }
template <typename T>
T __ldcs(const T* at) { return *at; }
template <typename T>
void __stcs(T* at, T value) { *at = value; }
template <typename T>
void __stcg(T* at, T value) { *at = value; }
template <typename T>
void __stwt(T* at, T value) { *at = value; }

/* ---------------------------------------------------------------- bits */

namespace simt {

template <typename To, typename From>
To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

}  // namespace simt

inline unsigned __float_as_uint(float x) { return simt::same_bits<unsigned>(x); }
inline int __float_as_int(float x) { return simt::same_bits<int>(x); }
inline float __uint_as_float(unsigned x) { return simt::same_bits<float>(x); }
inline float __int_as_float(int x) { return simt::same_bits<float>(x); }
inline long long __double_as_longlong(double x) { return simt::same_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return simt::same_bits<double>(x); }
inline int __double2hiint(double x) { return int(simt::same_bits<uint64_t>(x) >> 32); }
inline int __double2loint(double x) { return int(simt::same_bits<uint64_t>(x)); }
inline double __hiloint2double(int high, int low) { return simt::same_bits<double>(uint64_t(unsigned(high)) << 32 | unsigned(low)); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
    unsigned y = 0;
    for (int i = 0; i < 32; i++) y |= (x >> i & 1u) << (31 - i);
    return y;
}
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((uint64_t(a) * b) >> 32); }
inline int __mulhi(int a, int b) { return int((int64_t(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)(((unsigned __int128)a * b) >> 64); }
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) { return unsigned(((uint64_t(high) << 32 | low) << (by & 31)) >> 32); }
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) { return unsigned((uint64_t(high) << 32 | low) >> (by & 31)); }

/* ---------------------------------------------------------------- arithmetic */

inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __saturatef(float a) { return a > 0 ? (a < 1 ? a : 1.0f) : 0.0f; }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline float rsqrtf(float a) { return float(1.0 / sqrt(double(a))); }
inline double rsqrt(double a) { return 1.0 / sqrt(a); }
inline float __frsqrt_rn(float a) { return rsqrtf(a); }

namespace simt {

/* CUDA's conversions saturate and take NaN to 0. */
template <typename To>
To saturated(double x) {
    if (!(x == x)) return 0;
    if (x <= double(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (x >= double(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return To(x);
}

}  // namespace simt

inline int __float2int_rn(float x) { return simt::saturated<int>(nearbyint(double(x))); }
inline int __float2int_rz(float x) { return simt::saturated<int>(trunc(double(x))); }
inline int __float2int_rd(float x) { return simt::saturated<int>(floor(double(x))); }
inline int __float2int_ru(float x) { return simt::saturated<int>(ceil(double(x))); }
inline unsigned __float2uint_rn(float x) { return simt::saturated<unsigned>(nearbyint(double(x))); }
inline unsigned __float2uint_rz(float x) { return simt::saturated<unsigned>(trunc(double(x))); }
inline float __int2float_rn(int x) { return float(x); }
inline float __uint2float_rn(unsigned x) { return float(x); }
inline float __double2float_rn(double x) { return float(x); }
inline int __double2int_rn(double x) { return simt::saturated<int>(nearbyint(x)); }

using std::max;
using std::min;
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

#endif
