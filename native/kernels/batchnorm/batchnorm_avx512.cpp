/* The loops of batchnorm for AVX-512. */
#define SOFTSHARE_LOOPS avx512
#define SOFTSHARE_LANES 16
#include "batchnorm_loops.h"
