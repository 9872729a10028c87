/* The codebook with AVX2. */
#define SOFTSHARE_SIMD_AVX2
#include "codebook_kernels.h"
