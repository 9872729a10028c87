/* The rectifier on CUDA, and its mask. NaN passes: a diverged run must be seen at the loss. */
#include "../common/elementwise.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

struct Forward {
    const float* x;
    float* y;
    __device__ void operator()(int64_t i) const { y[i] = x[i] <= 0.0f ? 0.0f : x[i]; }
};

struct Backward {
    const float *y, *dy;
    float* dx;
    __device__ void operator()(int64_t i) const { dx[i] = y[i] > 0.0f ? dy[i] : 0.0f; }
};

}  // namespace

int relu_forward(int64_t context, int64_t count, const float* x, float* y) {
    if (int bad = require_pointers("relu_forward", {{"x", x}, {"y", y}})) return bad;
    return for_each("relu_forward", context, count, Forward{x, y});
}

int relu_backward(int64_t context, int64_t count, const float* y, const float* dy, float* dx) {
    if (int bad = require_pointers("relu_backward", {{"y", y}, {"dy", dy}, {"dx", dx}})) return bad;
    return for_each("relu_backward", context, count, Backward{y, dy, dx});
}

}  // namespace softshare::cuda
