/*
 * The beginning of a step on CUDA: its row of the epoch's table becomes the current scalars. A step beyond the table, which the
 * host cannot see from here, leaves NaN in the scalars: the loss then stops the run.
 */
#include "../common/elementwise.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

__global__ void begin(const float* table, int64_t rows, int64_t* step, float* scalars) {
    const int i = int(threadIdx.x);
    const int64_t row = *step;
    scalars[i] = row >= 0 && row < rows ? table[row * SOFTSHARE_SCALARS + i] : NAN;
    __syncwarp(0xffffu);
    if (i == 0) *step = row + 1;
}

}  // namespace

int step_begin(int64_t context, const float* table, int64_t rows, int64_t* step, float* scalars) {
    const char* where = "step_begin";
    if (int bad = require_pointers(where, {{"table", table}, {"step", step}, {"scalars", scalars}})) return bad;
    static_assert(SOFTSHARE_SCALARS == 16, "the kernel is half a warp");
    return launch(where, begin, 1, SOFTSHARE_SCALARS, context_of(context)->stream, table, rows, step, scalars);
}

}  // namespace softshare::cuda
