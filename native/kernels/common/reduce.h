/* Sums over a block's threads in a fixed order: within warps by shuffles, then over warps in shared memory. */
#ifndef SOFTSHARE_COMMON_REDUCE_H
#define SOFTSHARE_COMMON_REDUCE_H

#include "cuda.h"

namespace softshare::cuda {

/* The warp's sum, in lane 0. All 32 lanes must come. */
template <typename T>
__device__ __forceinline__ T warp_sum(T value) {
    for (int delta = 16; delta > 0; delta >>= 1) value += __shfl_down_sync(0xffffffffu, value, unsigned(delta));
    return value;
}

/* The block's sum, in thread 0. room: a shared double a warp. All threads must come; blocks of whole warps. */
__device__ __forceinline__ double block_sum(double value, double* room) {
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = value;
    __syncthreads();
    double sum = 0;
    if (threadIdx.x == 0) {
        for (unsigned warp = 0; warp < blockDim.x / 32; warp++) sum += room[warp];
    }
    __syncthreads();
    return sum;
}

}  // namespace softshare::cuda

#endif
