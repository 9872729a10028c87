/* CUDA's vector types, qualifiers and indices for the host. Alignments are CUDA's, so that UBSan sees a misaligned float4. */
#ifndef SOFTSHARE_SIMT_TYPES_H
#define SOFTSHARE_SIMT_TYPES_H

#include <stddef.h>
#include <stdint.h>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__

#define SIMT_VECTORS(type, name, two, four) \
    struct name##1 { type x; }; \
    struct alignas(two) name##2 { type x, y; }; \
    struct name##3 { type x, y, z; }; \
    struct alignas(four) name##4 { type x, y, z, w; }; \
    inline name##1 make_##name##1(type x) { return {x}; } \
    inline name##2 make_##name##2(type x, type y) { return {x, y}; } \
    inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; } \
    inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
SIMT_VECTORS(signed char, char, 2, 4)
SIMT_VECTORS(unsigned char, uchar, 2, 4)
SIMT_VECTORS(short, short, 4, 8)
SIMT_VECTORS(unsigned short, ushort, 4, 8)
SIMT_VECTORS(int, int, 8, 16)
SIMT_VECTORS(unsigned int, uint, 8, 16)
SIMT_VECTORS(float, float, 8, 16)
SIMT_VECTORS(long long, longlong, 16, 16)
SIMT_VECTORS(unsigned long long, ulonglong, 16, 16)
SIMT_VECTORS(double, double, 16, 16)
#undef SIMT_VECTORS

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

namespace simt {

/* What a running thread of a kernel sees of itself. */
struct Lane {
    uint3 thread, block;
    dim3 block_size, grid_size;
};

/* The thread that runs now; the runner sets it at every switch. NULL outside kernels. */
extern Lane* current;

}  // namespace simt

#define threadIdx (::simt::current->thread)
#define blockIdx (::simt::current->block)
#define blockDim (::simt::current->block_size)
#define gridDim (::simt::current->grid_size)
#define warpSize 32

#endif
