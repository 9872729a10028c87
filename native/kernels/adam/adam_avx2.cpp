/* Adam with AVX2. */
#define SOFTSHARE_SIMD_AVX2
#include "adam_kernels.h"
