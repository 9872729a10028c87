/*
 * Tensor cores behind a wrapper with a host body: D = A·B + D of a warp, A 16×8, B 8×8, D 16×8, inputs TF32 (float32 rounded to
 * 10 bits of mantissa), sums in float32.
 *
 * Where a lane's elements lie is MmaLayout, the one table that kernels and the host body use. It is what NVIDIA's PTX ISA says in
 * "Matrix Fragments for mma.m16n8k8" (section 9.7.14.5.7 in version 9.0; the number moves with the version, the title does not):
 * A with .tf32 its figure 72, B with .tf32 its figure 75, C and D with .f32 its figure 77, with groupID = laneid >> 2 and
 * threadID_in_group = laneid % 4. native/test/simt/mma_test.cu holds the section's formulas one by one and compares all lanes.
 */
#ifndef SOFTSHARE_COMMON_MMA_H
#define SOFTSHARE_COMMON_MMA_H

#include "cuda.h"

namespace softshare::cuda {

/* x rounded to TF32, ties away from zero (cvt.rna); the bits of a float32 whose last 13 are 0. */
__device__ __forceinline__ unsigned to_tf32(float x) {
#ifdef __CUDACC__
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
#else
    const unsigned bits = __float_as_uint(x);
    return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & ~0x1fffu;
#endif
}

/* Row and column in A, B, D of a lane's register i. */
struct MmaLayout {
    __host__ __device__ static constexpr int a_row(int lane, int i) { return (lane >> 2) + 8 * (i & 1); }
    __host__ __device__ static constexpr int a_column(int lane, int i) { return lane % 4 + 4 * (i >> 1); }
    __host__ __device__ static constexpr int b_row(int lane, int i) { return lane % 4 + 4 * i; }
    __host__ __device__ static constexpr int b_column(int lane, int) { return lane >> 2; }
    __host__ __device__ static constexpr int d_row(int lane, int i) { return (lane >> 2) + 8 * (i >> 1); }
    __host__ __device__ static constexpr int d_column(int lane, int i) { return lane % 4 * 2 + (i & 1); }
};

/* A lane's part of the product. */
struct MmaFragments {
    float d[4];
    unsigned a[4], b[2];
};

#ifndef __CUDACC__
SIMT_WHOLE_WARP inline void mma_whole_warp(void* const* operands, unsigned) {
    float a[16][8], b[8][8], d[16][8];
    for (int lane = 0; lane < 32; lane++) {
        const MmaFragments& f = *static_cast<const MmaFragments*>(operands[lane]);
        for (int i = 0; i < 4; i++) {
            a[MmaLayout::a_row(lane, i)][MmaLayout::a_column(lane, i)] = __uint_as_float(f.a[i]);
            d[MmaLayout::d_row(lane, i)][MmaLayout::d_column(lane, i)] = f.d[i];
        }
        for (int i = 0; i < 2; i++) b[MmaLayout::b_row(lane, i)][MmaLayout::b_column(lane, i)] = __uint_as_float(f.b[i]);
    }
    for (int row = 0; row < 16; row++) {
        for (int column = 0; column < 8; column++) {
            for (int k = 0; k < 8; k++) d[row][column] += a[row][k] * b[k][column];
        }
    }
    for (int lane = 0; lane < 32; lane++) {
        MmaFragments& f = *static_cast<MmaFragments*>(operands[lane]);
        for (int i = 0; i < 4; i++) f.d[i] = d[MmaLayout::d_row(lane, i)][MmaLayout::d_column(lane, i)];
    }
}
#endif

/* d += a·b. All 32 lanes must come. */
__device__ __forceinline__ void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#ifdef __CUDACC__
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    MmaFragments all{{d[0], d[1], d[2], d[3]}, {a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
    simt::collective(0xffffffffu, &all, mma_whole_warp, {"mma", __builtin_FILE(), __builtin_LINE()});
    for (int i = 0; i < 4; i++) d[i] = all.d[i];
#endif
}

}  // namespace softshare::cuda

#endif
