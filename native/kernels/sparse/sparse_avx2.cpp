/* The loops of sparse with AVX2. */
#define SOFTSHARE_SIMD_AVX2
#include "sparse_loops.h"
