/* The loops of pool for any processor. */
#define SOFTSHARE_LOOPS plain
#define SOFTSHARE_LANES 4
#include "pool_loops.h"
