/* The prior's loops with AVX2. */
#define SOFTSHARE_SIMD_AVX2
#include "prior_kernels.h"
