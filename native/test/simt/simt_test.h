#ifndef SOFTSHARE_SIMT_TEST_H
#define SOFTSHARE_SIMT_TEST_H

#include "simt.h"

cudaError_t launch_reduce(int blocks, int n, const float* x, double* partial, double* total, cudaStream_t stream);
cudaError_t launch_transpose(int n, const float* x, float* y, cudaStream_t stream);
cudaError_t launch_votes(unsigned* out, cudaStream_t stream);

#endif
