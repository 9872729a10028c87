/*
 * The approximate instructions of a GPU (one issue slot of the special-function units) behind names with a host body. On a device:
 * the PTX ISA gives ex2.approx.ftz and rsqrt.approx.ftz about 2^-22 relative error, rcp.approx.ftz 1 ulp, lg2.approx.ftz 2^-22
 * absolute near 1 and relative elsewhere; all flush denormals to zero. The host body rounds the exact value, flushes as they do,
 * and can disturb it by ± k ulp (SIMT_ULP=k), so that a test whose tolerance leaves no room for the device is seen.
 */
#ifndef SOFTSHARE_COMMON_APPROX_H
#define SOFTSHARE_COMMON_APPROX_H

#include "cuda.h"

namespace softshare::cuda {

#ifndef __CUDA_ARCH__
namespace approx {

inline float flush(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0.0f, x) : x; }

/* Flushed first: noise on a denormal's bits would make anything of it. */
inline float give(float x) {
    x = flush(x);
#ifndef __CUDACC__
    if (simt::noise_ulp > 0 && x != 0 && fabsf(x) < 0x1p127f) {
        const unsigned bits = __float_as_uint(x);
        const unsigned mixed = (bits ^ bits >> 15) * 0x2c1b3c6du;
        const int by = int((mixed >> 8) % unsigned(2 * simt::noise_ulp + 1)) - simt::noise_ulp;
        x = flush(__uint_as_float(bits + unsigned(by)));
    }
#endif
    return x;
}

}  // namespace approx
#endif

/* 2^x */
__host__ __device__ __forceinline__ float exp2_approx(float x) {
#ifdef __CUDA_ARCH__
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#else
    return approx::give(exp2f(approx::flush(x)));
#endif
}

/* log2 x */
__host__ __device__ __forceinline__ float log2_approx(float x) {
#ifdef __CUDA_ARCH__
    float y;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#else
    return approx::give(log2f(approx::flush(x)));
#endif
}

/* 1/x */
__host__ __device__ __forceinline__ float rcp_approx(float x) {
#ifdef __CUDA_ARCH__
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#else
    return approx::give(1.0f / approx::flush(x));
#endif
}

/* 1/√x */
__host__ __device__ __forceinline__ float rsqrt_approx(float x) {
#ifdef __CUDA_ARCH__
    float y;
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#else
    return approx::give(float(1.0 / sqrt(double(approx::flush(x)))));
#endif
}

/* √x */
__host__ __device__ __forceinline__ float sqrt_approx(float x) {
#ifdef __CUDA_ARCH__
    float y;
    asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#else
    return approx::give(sqrtf(approx::flush(x)));
#endif
}

}  // namespace softshare::cuda

#endif
