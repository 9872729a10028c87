/* Kernels that treat each element by itself: a grid of threads that each take every n-th element. */
#ifndef SOFTSHARE_COMMON_ELEMENTWISE_H
#define SOFTSHARE_COMMON_ELEMENTWISE_H

#include "cuda.h"

namespace softshare::cuda {

constexpr int ELEMENT_THREADS = 256;
constexpr int64_t ELEMENT_BLOCKS = 4096;

/* Runs body(i) for i < count. Body: a struct with the arguments and a __device__ operator(). */
template <typename Body>
__global__ void __launch_bounds__(ELEMENT_THREADS, 1) each(int64_t count, Body body) {
    const int64_t stride = int64_t(gridDim.x) * ELEMENT_THREADS;
    for (int64_t i = int64_t(blockIdx.x) * ELEMENT_THREADS + threadIdx.x; i < count; i += stride) body(i);
}

template <typename Body>
int for_each(const char* where, int64_t context, int64_t count, Body body) {
    if (count < 0) return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": count must be 0 or more, found " + std::to_string(count));
    const int64_t blocks = (count + ELEMENT_THREADS - 1) / ELEMENT_THREADS;
    return launch(where, each<Body>, dim3(unsigned(blocks < ELEMENT_BLOCKS ? blocks : ELEMENT_BLOCKS)), ELEMENT_THREADS,
                  context_of(context)->stream, count, body);
}

}  // namespace softshare::cuda

#endif
