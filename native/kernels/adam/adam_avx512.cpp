/* Adam with AVX-512. */
#define SOFTSHARE_SIMD_AVX512
#include "adam_kernels.h"
