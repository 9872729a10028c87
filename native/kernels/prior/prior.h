/*
 * What the prior's API and its per-instruction-set loops hand each other: plain data and one table of functions.
 */
#ifndef SOFTSHARE_PRIOR_H
#define SOFTSHARE_PRIOR_H

#include <stdint.h>

namespace softshare::cpu {

constexpr int PRIOR_BLOCK = 256;       // weights that are worked on together; fits level 1 with 17 components
constexpr int PRIOR_COMPONENTS = 256;  // most components

/* The mixture as the loops read it, floats padded with absent components to a multiple of 16. */
struct PriorTerms {
    int components;
    int padded;
    float mean[PRIOR_COMPONENTS];       // high part of μ
    float mean_low[PRIOR_COMPONENTS];   // what is missing from it
    float slope[PRIOR_COMPONENTS];      // h
    float constant[PRIOR_COMPONENTS];   // c
    float reach[PRIOR_COMPONENTS];      // c + log2(σ_most / σ) + 3: what the bound for leaving out starts from
    float spread[PRIOR_COMPONENTS];     // 4 σ, or 0 where |μ| is larger: up to this |w| raw moments do not cancel
    float precision[PRIOR_COMPONENTS];  // 1 / σ²
    double mean_exact[PRIOR_COMPONENTS];
    float inner;     // within this distance of zero few components matter; 0: there is no such place
    float zero;      // π_0
    float not_zero;  // 1 − π_0
};

/* Rows [row, row_end) × expanded columns [column, column_end) of one tensor: what one thread does at a time. */
struct PriorChunk {
    int64_t offset;                 // of the tensor in the arena
    int64_t length;                 // of one row: columns · kernel
    int64_t row, row_end;           // within the tensor
    int64_t column, column_end;     // within [0, length)
    int64_t rows_before;            // of earlier tensors
    int64_t columns_before;         // expanded columns of earlier tensors
    int64_t row_partial;            // where the chunk's row sums go, less `row`
    int64_t column_partial;         // where the chunk's column sums go, less `column`
};

/* Adam's numbers. */
struct PriorAdam {
    float beta1, beta2, epsilon, rate, correction1, correction2, tau;
};

/* One call. Pointers that are NULL are not wanted. */
struct PriorJob {
    const PriorTerms* terms;
    const float* weights;
    float* weights_out;             // step and freeze: the same array
    const uint32_t* live;
    uint32_t* live_out;             // freeze
    const float* row_offsets;
    const float* column_offsets;    // expanded over kernel positions
    float* gradient;                // evaluate
    const float* task_gradient;     // step
    float* moment1;
    float* moment2;
    PriorAdam adam;
    float* responsibilities;
    uint8_t* assignment;
    int freeze;
    float threshold;
    double* statistics;             // chunks × (3·K + 1)
    int64_t* frozen;                // chunks
    float* row_sums;
    float* column_sums;
};

/* Bytes of scratch memory a thread needs, and the work on one chunk. */
struct PriorKernels {
    int64_t (*scratch)(int components);
    void (*chunk)(const PriorJob& job, const PriorChunk& chunk, int64_t index, void* scratch);
    /* Unfused passes over weights [begin, end). */
    void (*gradient)(const PriorTerms& terms, const float* weights, const uint32_t* live, const float* responsibilities,
                     int64_t begin, int64_t end, float* gradient);
    void (*statistics)(const PriorTerms& terms, const float* weights, const float* responsibilities, int64_t begin,
                       int64_t end, double* sums);
};

namespace plain {
extern const PriorKernels prior_kernels;
}
namespace avx2 {
extern const PriorKernels prior_kernels;
}
namespace avx512 {
extern const PriorKernels prior_kernels;
}

}  // namespace softshare::cpu

#endif
