/* The rectifier by itself, and its mask. NaN passes: a diverged run must be seen at the loss. */
#include "../common/require.h"

namespace softshare::cpu {

namespace {

constexpr int64_t piece = 1 << 15;  // elements a chunk: some µs, so that small layers wake no thread

}  // namespace

int relu_forward(int64_t context, int64_t count, const float* x, float* y) {
    const char* where = "relu_forward";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"x", x}, {"y", y}})) return bad;
        if (int bad = require_sizes(where, 0, {{"count", count}})) return bad;
        parallel_range(context_of(context), count, piece, [=](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) y[i] = x[i] <= 0.0f ? 0.0f : x[i];
        });
        return SOFTSHARE_OK;
    });
}

int relu_backward(int64_t context, int64_t count, const float* y, const float* dy, float* dx) {
    const char* where = "relu_backward";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"y", y}, {"dy", dy}, {"dx", dx}})) return bad;
        if (int bad = require_sizes(where, 0, {{"count", count}})) return bad;
        parallel_range(context_of(context), count, piece, [=](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                float d = dy[i];
                dx[i] = y[i] > 0.0f ? d : 0.0f;
            }
        });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
