/* The loops of sparse for every processor. */
#include "sparse_loops.h"
