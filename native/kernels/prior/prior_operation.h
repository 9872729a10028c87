/* The prior's operation on the CPU: its tensors, how they are cut into chunks, and its scratch memory. */
#ifndef SOFTSHARE_PRIOR_OPERATION_H
#define SOFTSHARE_PRIOR_OPERATION_H

#include <cstdlib>
#include <memory>
#include <vector>

#include "../common/cpu.h"
#include "prior.h"

namespace softshare::cpu {

struct PriorTensor {
    int64_t offset, rows, columns, kernel;
    int64_t row_groups, column_groups;
    int64_t first_chunk;
    int64_t rows_before, columns_before;  // of earlier tensors; columns not expanded
    int64_t expanded_before;              // columns · kernel of earlier tensors
    int64_t row_partials, column_partials;
};

struct FreeAligned {
    void operator()(void* p) const { std::free(p); }
};

struct PriorOperation : Operation {
    PriorOperation(Context* owner, int count, const int64_t* layout, int k, bool zero);

    const int components;
    const bool zero_component;
    int64_t weights = 0, rows = 0, columns = 0, expanded = 0;
    std::vector<PriorTensor> tensors;
    std::vector<PriorChunk> chunks;
    int64_t row_partials = 0, column_partials = 0;  // floats

    const char* implementation() const override { return ""; }
    const PriorKernels& kernels() const;
    /* Reads the mixture; fails with a line for people if it is none. */
    int read_mixture(const char* where, const double* mixture, PriorTerms* terms) const;
    /* Runs the job's chunks on the context's threads. Fills in the job's scratch pointers. */
    void run(PriorJob& job, double* statistics, float* row_counts, float* column_counts, int64_t* frozen);
    /* Sums what the chunks counted, in their order. */
    void merge_counts(const float* row_sums, const float* column_sums, float* row_counts, float* column_counts) const;
    void merge_statistics(const double* partials, double* statistics) const;
    /* Column offsets with a copy for each kernel position. */
    const float* expand(const float* column_offsets);
    /* Both or none, and only with a zero component. */
    int check_offsets(const char* where, const float* row_offsets, const float* column_offsets) const;

    std::vector<float> row_sums, column_sums;

  private:
    std::vector<float> expanded_offsets;
    std::vector<double> partial_statistics;
    std::vector<int64_t> partial_frozen;
    std::vector<std::unique_ptr<char, FreeAligned>> scratch;
};

/* The dispatcher reads a handle as a Handle, which in an operation lies behind the virtual table's pointer: handles are
 * addresses of that part. */
inline int64_t handle_of(PriorOperation* prior) { return reinterpret_cast<int64_t>(static_cast<Handle*>(prior)); }
inline PriorOperation& prior_of(int64_t handle) {
    return *static_cast<PriorOperation*>(reinterpret_cast<Handle*>(handle));
}

}  // namespace softshare::cpu

#endif
