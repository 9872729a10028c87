/* The beginning of a step: its row of the epoch's table becomes the current scalars. */
#include <string.h>

#include "../common/require.h"

namespace softshare::cpu {

int step_begin(int64_t, const float* table, int64_t rows, int64_t* step, float* scalars) {
    const char* where = "step_begin";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"table", table}, {"step", step}, {"scalars", scalars}})) return bad;
        if (*step < 0 || *step >= rows) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": step " + std::to_string(*step) +
                                                        " is not in the table of " + std::to_string(rows) + " rows");
        }
        memcpy(scalars, table + *step * SOFTSHARE_SCALARS, SOFTSHARE_SCALARS * sizeof(float));
        ++*step;
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
