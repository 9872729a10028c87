/*
 * The prior's operation on CUDA: tensors, their chunks and the scratch memory, all on the device, made once.
 *
 * A chunk is a stretch of at most CHUNK weights of one tensor. A block takes every gridDim-th chunk; its threads take neighbouring
 * weights (prior_step_cuda.h, which needs no tensors, cuts the arena into fours). Sums go from threads to warps to blocks to the
 * grid in a fixed order, so that the same device gives the same bits.
 */
#ifndef SOFTSHARE_PRIOR_CUDA_H
#define SOFTSHARE_PRIOR_CUDA_H

#include <memory>
#include <vector>

#include "../common/cuda.h"
#include "prior_math.h"

namespace softshare::cuda {

constexpr int PRIOR_COMPONENTS = 256;
constexpr int PRIOR_REGISTERS = 32;  // components up to which a weight's sums stay in registers
constexpr int PRIOR_THREADS = 256;
constexpr int PRIOR_CHUNK = 4096;
constexpr int PRIOR_SLOTS = 8;  // of constant memory, which has room for 15

/* A chunk: weights [begin, begin + count) of the arena; the first lies `start` elements into row `row` (of all tensors). */
struct PriorChunk {
    int64_t begin;
    int64_t row;
    int64_t columns_before;  // of earlier tensors
    int32_t count, start;
    int32_t length, kernel;  // elements of a row, of which a column has `kernel`
};

/* A tensor for the sums over rows and columns. */
struct PriorTensor {
    int64_t offset, rows, columns, kernel, rows_before, columns_before;
};

/* What the kernels read of the mixture, derived once a call from the doubles: prior_math.h has the symbols. */
struct PriorTerms {
    float mean[PRIOR_COMPONENTS], mean_low[PRIOR_COMPONENTS], slope[PRIOR_COMPONENTS], constant[PRIOR_COMPONENTS];
    float zero, not_zero;  // π_0, 1 − π_0
    float top;             // max c_j; constant[j] is c_j − top, so that no t_j is above 0
};

struct PriorOperation : Operation {
    PriorOperation(Context* owner, int count, const int64_t* layout, int k, bool zero);

    const int components;
    const bool zero_component;
    // Of this context's constants in constant memory: given back when the last prior of the context is freed, after its memory (which
    // waits for the device). A kernel that runs reads no other context's constants.
    const std::shared_ptr<const int> slot;
    int64_t weights = 0, rows = 0, columns = 0;
    int chunk_count = 0, tensor_count = 0, blocks = 0;
    DeviceArray<PriorChunk> chunks;
    DeviceArray<PriorTensor> tensors;
    DeviceArray<PriorTerms> terms;
    DeviceArray<double> partials;  // blocks × (3 K + 1)
    DeviceArray<float> shares;     // 1 − r_0 of each weight, for the counts
    DeviceArray<float> norms;      // above PRIOR_REGISTERS components: see normalise()
    DeviceArray<unsigned long long> frozen;
};

inline PriorOperation& prior_of(int64_t handle) {
    return *static_cast<PriorOperation*>(reinterpret_cast<Handle*>(handle));
}

}  // namespace softshare::cuda

#endif
