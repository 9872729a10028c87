/* The codebook for every processor. */
#include "codebook_kernels.h"
