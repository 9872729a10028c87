/* The sum of two branches of a residual block. */
#include "../common/require.h"

namespace softshare::cpu {

int add(int64_t context, int64_t count, const float* a, const float* b, float* y) {
    const char* where = "add";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"a", a}, {"b", b}, {"y", y}})) return bad;
        if (int bad = require_sizes(where, 0, {{"count", count}})) return bad;
        constexpr int64_t piece = 1 << 15;
        parallel_range(context_of(context), count, piece, [=](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) y[i] = a[i] + b[i];
        });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
