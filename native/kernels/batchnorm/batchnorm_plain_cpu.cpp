/* The loops of batchnorm for any processor. */
#define SOFTSHARE_LOOPS plain
#define SOFTSHARE_LANES 4
#include "batchnorm_loops.h"
