/*
 * Pooling on CUDA: a thread an element, channels along the lanes. Backward each element of dx gathers from the windows that it
 * lies in, in their order: no atomics, same bits always. Windows are clipped to the image: padding never wins, never counts.
 */
#include "../common/divisor.h"
#include "../common/elementwise.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

struct Shape {
    int channels, in_height, in_width, out_height, out_width;
    int kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width;
    Divisor by_channels, by_out_width, by_out_height, by_in_width, by_in_height, by_stride_height, by_stride_width;
};

/* Where element i of an NHWC array lies. */
struct Place {
    int image, y, x, channel;
};

__device__ __forceinline__ Place place_of(int i, const Divisor& channels, const Divisor& width, const Divisor& height) {
    Place p;
    const int pixel = channels.split(i, &p.channel), row = width.split(pixel, &p.x);
    p.image = height.split(row, &p.y);
    return p;
}

/* Rows and columns of the window of output (y, x), within the image. */
struct Window {
    int top, left, first_y, end_y, first_x, end_x;
    __device__ __forceinline__ Window(const Shape& s, int y, int x)
        : top(y * s.stride_height - s.pad_height), left(x * s.stride_width - s.pad_width), first_y(top < 0 ? 0 : top),
          end_y(top + s.kernel_height < s.in_height ? top + s.kernel_height : s.in_height), first_x(left < 0 ? 0 : left),
          end_x(left + s.kernel_width < s.in_width ? left + s.kernel_width : s.in_width) {}
    __device__ __forceinline__ float count() const { return float((end_y - first_y) * (end_x - first_x)); }
};

struct Forward {
    Shape s;
    const float* x;
    float* y;
    uint8_t* argmax;  // NULL: average
    __device__ void operator()(int64_t i) const {
        const Place at = place_of(int(i), s.by_channels, s.by_out_width, s.by_out_height);
        const Window window(s, at.y, at.x);
        const float* image = x + (int64_t(at.image) * s.in_height * s.in_width) * s.channels + at.channel;
        float best = 0, sum = 0;
        int winner = -1;
        for (int iy = window.first_y; iy < window.end_y; iy++) {
            for (int ix = window.first_x; ix < window.end_x; ix++) {
                const float value = image[(iy * s.in_width + ix) * s.channels];
                sum += value;
                if (winner < 0 || value > best || value != value) {  // NaN wins: a diverged run must be seen
                    best = value;
                    winner = (iy - window.top) * s.kernel_width + ix - window.left;
                }
            }
        }
        if (argmax != nullptr) argmax[i] = uint8_t(winner);
        y[i] = argmax != nullptr ? best : sum / window.count();
    }
};

struct Backward {
    Shape s;
    const float* dy;
    const uint8_t* argmax;
    float* dx;
    __device__ void operator()(int64_t i) const {
        const Place at = place_of(int(i), s.by_channels, s.by_in_width, s.by_in_height);
        // Windows that reach this pixel: the first begins no earlier than kernel − 1 before it.
        const int before_y = at.y + s.pad_height - s.kernel_height, before_x = at.x + s.pad_width - s.kernel_width;
        const int first_y = before_y < 0 ? 0 : s.by_stride_height.divide(before_y) + 1;
        const int first_x = before_x < 0 ? 0 : s.by_stride_width.divide(before_x) + 1;
        const int last_y = min(s.out_height - 1, s.by_stride_height.divide(at.y + s.pad_height));
        const int last_x = min(s.out_width - 1, s.by_stride_width.divide(at.x + s.pad_width));
        float sum = 0;
        for (int oy = first_y; oy <= last_y; oy++) {
            for (int ox = first_x; ox <= last_x; ox++) {
                const int64_t from = ((int64_t(at.image) * s.out_height + oy) * s.out_width + ox) * s.channels + at.channel;
                if (argmax == nullptr) {
                    sum += dy[from] / Window(s, oy, ox).count();
                } else {
                    const int own = (at.y - oy * s.stride_height + s.pad_height) * s.kernel_width + at.x - ox * s.stride_width + s.pad_width;
                    if (int(argmax[from]) == own) sum += dy[from];
                }
            }
        }
        dx[i] = sum;
    }
};

struct Pool final : Operation {
    Pool(Context* owner, int pool_kind, int64_t images, const Shape& given) : Operation(owner), kind(pool_kind), batch(images), shape(given) {}
    const int kind;
    const int64_t batch;
    const Shape shape;
};

}  // namespace

int pool_create(int64_t context, int kind, int batch, int channels, int in_height, int in_width, int kernel_height, int kernel_width,
                int stride_height, int stride_width, int pad_height, int pad_width, int64_t* operation) {
    const char* where = "pool_create";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
        *operation = 0;
        if (int bad = require_sizes(where, 1, {{"batch", batch}, {"channels", channels}, {"in_height", in_height}, {"in_width", in_width},
                                               {"kernel_height", kernel_height}, {"kernel_width", kernel_width},
                                               {"stride_height", stride_height}, {"stride_width", stride_width}})) {
            return bad;
        }
        if (int bad = require_sizes(where, 0, {{"pad_height", pad_height}, {"pad_width", pad_width}})) return bad;
        if (kind != SOFTSHARE_POOL_MAX && kind != SOFTSHARE_POOL_AVERAGE) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": unknown kind " + std::to_string(kind));
        }
        const std::string window = std::to_string(kernel_height) + "x" + std::to_string(kernel_width);
        // Half the window at most, as in PyTorch: no window then lies in the padding alone.
        if (pad_height > kernel_height / 2 || pad_width > kernel_width / 2) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": padding may be half the window at most, found " +
                                                        std::to_string(pad_height) + "x" + std::to_string(pad_width));
        }
        if (kind == SOFTSHARE_POOL_MAX && int64_t(kernel_height) * kernel_width > 256) {
            return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": windows for a maximum have 256 positions at most, found " + window);
        }
        const int64_t high = in_height + 2LL * pad_height - kernel_height, wide = in_width + 2LL * pad_width - kernel_width;
        if (high < 0 || wide < 0) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the " + window + " window does not fit into the padded " +
                                                        std::to_string(in_height) + "x" + std::to_string(in_width) + " input");
        }
        const int out_height = int(high / stride_height + 1), out_width = int(wide / stride_width + 1);
        if (double(batch) * channels * std::max(double(in_height) * in_width, double(out_height) * out_width) >= 0x1p31) {
            return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": input and output have below 2^31 elements each; use a smaller batch");
        }
        const Shape shape{channels, in_height, in_width, out_height, out_width, kernel_height, kernel_width, stride_height, stride_width,
                          pad_height, pad_width, Divisor(unsigned(channels)), Divisor(unsigned(out_width)), Divisor(unsigned(out_height)),
                          Divisor(unsigned(in_width)), Divisor(unsigned(in_height)), Divisor(unsigned(stride_height)), Divisor(unsigned(stride_width))};
        *operation = adopt(new Pool(context_of(context), kind, batch, shape));
        return SOFTSHARE_OK;
    });
}

int pool_forward(int64_t operation, const float* x, float* y, uint8_t* argmax) {
    const char* where = "pool_forward";
    const Pool* pool = require_operation<Pool>(where, operation);
    if (pool == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
    if (int bad = require_pointers(where, {{"x", x}, {"y", y}})) return bad;
    const bool maximum = pool->kind == SOFTSHARE_POOL_MAX;
    if (int bad = maximum ? require_pointers(where, {{"argmax", argmax}}) : SOFTSHARE_OK) return bad;
    const Shape& s = pool->shape;
    return for_each(where, reinterpret_cast<int64_t>(pool->context), pool->batch * s.out_height * s.out_width * s.channels,
                    Forward{s, x, y, maximum ? argmax : nullptr});
}

int pool_backward(int64_t operation, const float* dy, const uint8_t* argmax, float* dx) {
    const char* where = "pool_backward";
    const Pool* pool = require_operation<Pool>(where, operation);
    if (pool == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
    if (int bad = require_pointers(where, {{"dy", dy}, {"dx", dx}})) return bad;
    const bool maximum = pool->kind == SOFTSHARE_POOL_MAX;
    if (int bad = maximum ? require_pointers(where, {{"argmax", argmax}}) : SOFTSHARE_OK) return bad;
    const Shape& s = pool->shape;
    return for_each(where, reinterpret_cast<int64_t>(pool->context), pool->batch * s.in_height * s.in_width * s.channels,
                    Backward{s, dy, maximum ? argmax : nullptr, dx});
}

}  // namespace softshare::cuda
