/* The prior's loops for every processor. */
#include "prior_kernels.h"
