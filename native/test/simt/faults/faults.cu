/*
 * Kernels with a fault planted by number (0: none, the kernels are right). Each fault is one that compiles everywhere and often works:
 * what catches it is the runner or a sanitizer. See run beside.
 */
#include "faults.h"

namespace {

__device__ unsigned finished = 0;

/* y[0] = Σ x: shuffles, a shared array, the last block sums the partial sums. */
__global__ void total(int fault, int n, const float* x, float* partial, float* y) {
    SHARED_ARRAY(float, sums, 2);
    SHARED_ARRAY(int, last, 1);
    float sum = 0;
    for (int i = int(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += int(gridDim.x * blockDim.x)) sum += x[i];
    if (fault != HALF_WARP_SHUFFLE || threadIdx.x % 32 < 16) {
        for (int by = 16; by > 0; by /= 2) sum += __shfl_down_sync(0xffffffffu, sum, by);
    }
    if (threadIdx.x % 32 == 0 && !(fault == UNINITIALISED_SHARED && threadIdx.x == 32)) sums[threadIdx.x / 32] = sum;
    if (fault == SHARED_PAST_END && threadIdx.x == 0) sums[threadIdx.x + blockDim.x / 32] = 0;
    if (fault == SKIPPED_BARRIER && threadIdx.x >= 32) return;
    if (fault == DIVERGENT_BARRIER && threadIdx.x >= 32) {
        __syncthreads();
    } else if (fault != MISSING_BARRIER) {
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        partial[fault == TWO_BLOCKS_ONE_PARTIAL ? blockIdx.x / 2 : blockIdx.x] = sums[0] + sums[1];
        if (fault != MISSING_THREADFENCE) __threadfence();
        last[0] = atomicAdd(&finished, 1u) == gridDim.x - 1;
        if (fault != MISSING_THREADFENCE) __threadfence();
        if (last[0] != 0) {
            float all = 0;
            for (unsigned b = 0; b < gridDim.x; b++) all += partial[b];
            y[0] = all;
            finished = 0;
        }
    }
}

/* Tiles of 64, each reversed. */
__global__ void reverse(int fault, int tiles, const float* x, float* y) {
    SHARED_ARRAY(float, tile, 64);
    for (int t = 0; t < tiles; t++) {
        tile[threadIdx.x] = x[t * 64 + int(threadIdx.x)];
        __syncthreads();
        y[t * 64 + int(threadIdx.x)] = tile[63 - threadIdx.x];
        if (fault != TILE_BARRIER) __syncthreads();
    }
    if (fault == GLOBAL_PAST_END && threadIdx.x == 63) y[tiles * 64] = 1;
}

/* Neighbours' values through shared memory within a warp. */
__global__ void neighbours(int fault, const float* x, float* y) {
    SHARED_ARRAY(float, values, 64);
    values[threadIdx.x] = x[threadIdx.x];
    if (fault != MISSING_SYNCWARP) __syncwarp();
    y[threadIdx.x] = values[threadIdx.x ^ 1];
}

__global__ void count(int fault, float* y) {
    if (fault == RACING_ADD) {
        y[0] += 1;
    } else {
        atomicAdd(y, 1.0f);
    }
}

__global__ void copy_vectors(int fault, const float* x, float* y) {
    const float4 v = *reinterpret_cast<const float4*>(x + 4 * threadIdx.x + (fault == MISALIGNED_FLOAT4 ? 1 : 0));
    *reinterpret_cast<float4*>(y + 4 * threadIdx.x) = v;
}

template <int COUNT>
__device__ __attribute__((noinline)) float through_local(int i) {
    volatile float local[COUNT];
    for (int k = 0; k < COUNT; k++) local[k] = float(k);
    return local[i];
}

__global__ void local_array(int fault, float* y) {
    y[threadIdx.x] = fault == STACK_OVERFLOW ? through_local<100000>(int(threadIdx.x)) : through_local<32>(int(threadIdx.x));
}

}  // namespace

cudaError_t launch_total(int fault, int n, const float* x, float* partial, float* y) { return simt::launch("total", total, 4, 64, nullptr, fault, n, x, partial, y); }
cudaError_t launch_reverse(int fault, int tiles, const float* x, float* y) { return simt::launch("reverse", reverse, 1, 64, nullptr, fault, tiles, x, y); }
cudaError_t launch_neighbours(int fault, const float* x, float* y) { return simt::launch("neighbours", neighbours, 1, 64, nullptr, fault, x, y); }
cudaError_t launch_count(int fault, float* y) { return simt::launch("count", count, 2, 64, nullptr, fault, y); }
cudaError_t launch_vectors(int fault, const float* x, float* y, cudaStream_t stream) { return simt::launch("copy_vectors", copy_vectors, 1, 16, stream, fault, x, y); }
cudaError_t launch_local(int fault, float* y) { return simt::launch("local_array", local_array, 1, 32, nullptr, fault, y); }
