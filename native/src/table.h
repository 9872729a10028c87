/*
 * The versioned table of functions by which a kernel library (CPU, CUDA) is called: each library exports one symbol,
 * softshare_kernel_table, so that several live in one process and a mismatch of versions is one clear line.
 */
#ifndef SOFTSHARE_TABLE_H
#define SOFTSHARE_TABLE_H

#include "softshare.h"

/* Every function of softshare.h that a kernel library implements itself, by its name without the prefix. */
#define SOFTSHARE_KERNEL_FUNCTIONS(X) \
    X(stream) \
    X(precision) \
    X(step_begin) \
    X(gather_images) \
    X(gather_labels) \
    X(gather_rows) \
    X(convolution_create) \
    X(convolution_bf16) \
    X(convolution_forward) \
    X(convolution_backward_data) \
    X(convolution_backward_weights) \
    X(convolution_backward) \
    X(convolution_pool_create) \
    X(convolution_pool_forward) \
    X(convolution_pool_backward) \
    X(linear_create) \
    X(linear_forward) \
    X(linear_backward_data) \
    X(linear_backward_weights) \
    X(linear_backward) \
    X(pool_create) \
    X(pool_forward) \
    X(pool_backward) \
    X(batchnorm_forward) \
    X(batchnorm_inference) \
    X(batchnorm_backward) \
    X(relu_forward) \
    X(relu_backward) \
    X(add) \
    X(flatten) \
    X(unflatten) \
    X(loss) \
    X(prior_create) \
    X(prior_evaluate) \
    X(prior_step) \
    X(prior_responsibilities) \
    X(prior_gradient) \
    X(prior_statistics) \
    X(prior_assign) \
    X(prior_freeze) \
    X(prior_offsets) \
    X(mixture_update) \
    X(add_scaled) \
    X(adam) \
    X(compact) \
    X(expand) \
    X(codebook_assign) \
    X(codebook_values) \
    X(codebook_gradient) \
    X(codebook_update) \
    X(round) \
    X(sparse_create) \
    X(sparse_live) \
    X(sparse_forward) \
    X(sparse_backward)
namespace softshare {

struct Table {
    uint32_t abi;
    int (*open)(int threads, int isa, int64_t* context);
    int (*close)(int64_t context);
    const char* (*error)();
    const char* (*describe)(int64_t context);
    int (*destroy)(int64_t operation);
    const char* (*implementation)(int64_t operation);
#define X(name) decltype(&softshare_##name) name;
    SOFTSHARE_KERNEL_FUNCTIONS(X)
#undef X
};

/* What a handle points to begins with the table of the library that made it. */
struct Handle {
    const Table* table;
};

}  // namespace softshare

/* The one symbol of a kernel library: its table, or NULL if it cannot serve this ABI. */
extern "C" const softshare::Table* softshare_kernel_table(uint32_t abi);

#endif
