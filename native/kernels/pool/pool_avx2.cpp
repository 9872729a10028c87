/* The loops of pool for AVX2. */
#define SOFTSHARE_LOOPS avx2
#define SOFTSHARE_LANES 8
#include "pool_loops.h"
