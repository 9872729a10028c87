/* The runner's own kernels: a reduction with shuffles, a shared array and a last block; a tile transposed; votes. */
#include "simt_test.h"

namespace {

__device__ unsigned finished = 0;

__global__ void __launch_bounds__(256) reduce(int n, const float* x, double* partial, double* total) {
    SHARED_ARRAY(double, sums, 8);
    SHARED_ARRAY(bool, last, 1);
    double sum = 0;
    for (int i = int(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += int(gridDim.x * blockDim.x)) sum += double(x[i]);
    for (int by = 16; by > 0; by /= 2) sum += __shfl_down_sync(0xffffffffu, sum, by);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        double all = 0;
        for (int w = 0; w < 8; w++) all += sums[w];
        partial[blockIdx.x] = all;
        __threadfence();
        last[0] = atomicAdd(&finished, 1u) == gridDim.x - 1;
        __threadfence();
    }
    __syncthreads();
    if (last[0] && threadIdx.x == 0) {
        double all = 0;
        for (unsigned b = 0; b < gridDim.x; b++) all += partial[b];
        *total = all;
        finished = 0;
    }
}

__global__ void transpose(int n, const float* x, float* y) {
    SHARED_ARRAY(float, tile, 16 * 17);
    const int column = int(threadIdx.x), row = int(threadIdx.y);
    for (int t = 0; t < n; t++) {
        tile[row * 17 + column] = x[t * 256 + row * 16 + column];
        __syncthreads();
        y[t * 256 + row * 16 + column] = tile[column * 17 + row];
        __syncthreads();
    }
}

__global__ void votes(unsigned* out) {
    const unsigned lane = threadIdx.x % 32, full = 0xffffffffu;
    const unsigned even = __ballot_sync(full, lane % 2 == 0), same = __match_any_sync(full, lane / 4);
    const unsigned sum = __reduce_add_sync(full, lane), up = __shfl_up_sync(full, lane, 3u), cross = __shfl_xor_sync(full, lane, 5);
    const int three = __syncthreads_count(threadIdx.x % 3 == 0);
    out[threadIdx.x] = even ^ same ^ (sum << 8) ^ (up << 16) ^ (cross << 24) ^ unsigned(three);
}

}  // namespace

cudaError_t launch_reduce(int blocks, int n, const float* x, double* partial, double* total, cudaStream_t stream) {
    return simt::launch("reduce", reduce, blocks, 256, stream, n, x, partial, total);
}
cudaError_t launch_transpose(int n, const float* x, float* y, cudaStream_t stream) {
    return simt::launch("transpose", transpose, 1, dim3(16, 16), stream, n, x, y);
}
cudaError_t launch_votes(unsigned* out, cudaStream_t stream) { return simt::launch("votes", votes, 1, 96, stream, out); }
