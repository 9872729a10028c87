/* Adam for every processor. */
#include "adam_kernels.h"
