/* The loops of pool for AVX-512. */
#define SOFTSHARE_LOOPS avx512
#define SOFTSHARE_LANES 16
#include "pool_loops.h"
