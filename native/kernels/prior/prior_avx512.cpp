/* The prior's loops with AVX-512. */
#define SOFTSHARE_SIMD_AVX512
#include "prior_kernels.h"
