#ifndef SOFTSHARE_SIMT_FAULTS_H
#define SOFTSHARE_SIMT_FAULTS_H

#include "simt.h"

enum Fault {
    NONE, MISSING_BARRIER, TILE_BARRIER, RACING_ADD, TWO_BLOCKS_ONE_PARTIAL, SHARED_PAST_END, GLOBAL_PAST_END, DIVERGENT_BARRIER,
    SKIPPED_BARRIER, HALF_WARP_SHUFFLE, MISSING_SYNCWARP, MISSING_THREADFENCE, UNINITIALISED_SHARED, MISALIGNED_FLOAT4,
    STACK_OVERFLOW, GRAPH_USES_FREED, READ_BEFORE_DONE, FAULTS
};
inline const char* const FAULT_NAMES[] = {
    "none", "missing-barrier", "tile-barrier", "racing-add", "two-blocks-one-partial", "shared-past-end", "global-past-end",
    "divergent-barrier", "skipped-barrier", "half-warp-shuffle", "missing-syncwarp", "missing-threadfence",
    "uninitialised-shared", "misaligned-float4", "stack-overflow", "graph-uses-freed", "read-before-done"
};

cudaError_t launch_total(int fault, int n, const float* x, float* partial, float* y);
cudaError_t launch_reverse(int fault, int tiles, const float* x, float* y);
cudaError_t launch_neighbours(int fault, const float* x, float* y);
cudaError_t launch_count(int fault, float* y);
cudaError_t launch_vectors(int fault, const float* x, float* y, cudaStream_t stream);
cudaError_t launch_local(int fault, float* y);

#endif
