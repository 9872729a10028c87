/* The loops of batchnorm for AVX2. */
#define SOFTSHARE_LOOPS avx2
#define SOFTSHARE_LANES 8
#include "batchnorm_loops.h"
