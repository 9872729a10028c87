/* The codebook with AVX-512. */
#define SOFTSHARE_SIMD_AVX512
#include "codebook_kernels.h"
