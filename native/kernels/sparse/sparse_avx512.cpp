/* The loops of sparse with AVX-512. */
#define SOFTSHARE_SIMD_AVX512
#include "sparse_loops.h"
