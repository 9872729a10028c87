/*
 * Batch normalisation on CUDA; formulas in batchnorm_cpu.cpp. Two sums a channel over all positions, in double: blocks of 32
 * channels × 8 rows take a chunk of positions each, chunks by the sizes alone; a thread a channel then adds the chunks in order
 * and leaves the channel's factors where the elementwise pass reads them.
 */
#include <math.h>

#include "../common/divisor.h"
#include "../common/elementwise.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

constexpr int LANES = 32, ROWS = 8;
constexpr int64_t MOST_CHUNKS = 64;

/* The context's room: 2 sums a channel and chunk, then 3 factors a channel. */
struct Room {
    double *sums, *factors;
    int64_t chunks, rows_of_chunk;
};

Room room_of(const Context* context, int64_t count, int channels) {
    int64_t chunks = (int64_t(ROOM) / channels - 3) / 2;
    if (chunks > MOST_CHUNKS) chunks = MOST_CHUNKS;
    const int64_t useful = (count + 4 * ROWS - 1) / (4 * ROWS);
    if (chunks > useful) chunks = useful;
    const int64_t rows = (count + chunks - 1) / chunks;
    return {context->room, context->room + 2 * channels * chunks, (count + rows - 1) / rows, rows};
}

int checked(const char* where, int64_t count, int channels, float epsilon, int flags) {
    if ((flags & ~SOFTSHARE_RELU) != 0) {
        return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": of flags SOFTSHARE_RELU alone on CUDA, found " + std::to_string(flags));
    }
    if (int bad = require_sizes(where, 1, {{"count", count}, {"channels", channels}})) return bad;
    if (!(epsilon >= 0.0f)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": epsilon must be 0 or more, found " + std::to_string(epsilon));
    }
    if (channels > int(ROOM / 8)) {
        return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": " + std::to_string(ROOM / 8) + " channels at most, found " + std::to_string(channels));
    }
    if (double(count) * channels >= 0x1p31) {
        return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": below 2^31 elements; use a smaller batch");
    }
    return SOFTSHARE_OK;
}

/* What is summed at an element: a number, and a number to be multiplied with it for the second sum. */
struct Moments {
    const float* x;
    __device__ void operator()(int64_t i, int, double* first, double* second) const {
        const double value = x[i];
        *first += value;
        *second += value * value;
    }
};

struct GradientSums {
    const float *x, *y, *mean;  // y NULL: no mask
    float* dy;
    __device__ void operator()(int64_t i, int channel, double* first, double* second) const {
        float d = dy[i];
        if (y != nullptr) {
            d = y[i] > 0.0f ? d : 0.0f;
            dy[i] = d;
        }
        *first += double(d);
        *second += double(d) * double(x[i] - mean[channel]);
    }
};

template <typename Terms>
__global__ void __launch_bounds__(LANES* ROWS) two_sums(int64_t count, int channels, int64_t rows_of_chunk, Terms terms, double* sums) {
    SHARED_ARRAY(double, room, 2 * LANES * ROWS);
    const int lane = int(threadIdx.x) % LANES, row = int(threadIdx.x) / LANES, channel = int(blockIdx.x) * LANES + lane;
    const int64_t begin = int64_t(blockIdx.y) * rows_of_chunk, end = begin + rows_of_chunk < count ? begin + rows_of_chunk : count;
    double first = 0, second = 0;
    if (channel < channels) {
        for (int64_t i = begin + row; i < end; i += ROWS) terms(i * channels + channel, channel, &first, &second);
    }
    room[threadIdx.x] = first;
    room[LANES * ROWS + threadIdx.x] = second;
    __syncthreads();
    if (row > 1 || channel >= channels) return;
    // Row 0 adds the first sum's rows in order, row 1 the second's.
    double sum = 0;
    for (int r = 0; r < ROWS; r++) sum += room[row * LANES * ROWS + r * LANES + lane];
    sums[(int64_t(blockIdx.y) * 2 + row) * channels + channel] = sum;
}

template <typename Terms>
int sum_twice(const char* where, const Context* context, const Room& room, int64_t count, int channels, const Terms& terms) {
    return launch(where, two_sums<Terms>, dim3(unsigned((channels + LANES - 1) / LANES), unsigned(room.chunks)), LANES * ROWS,
                  context->stream, count, channels, room.rows_of_chunk, terms, room.sums);
}

/* Both sums of channel c over the chunks. */
struct Sums {
    const double* sums;
    int64_t chunks;
    int channels;
    __device__ void of(int64_t c, double* first, double* second) const {
        *first = 0;
        *second = 0;
        for (int64_t chunk = 0; chunk < chunks; chunk++) {
            *first += sums[(chunk * 2) * channels + c];
            *second += sums[(chunk * 2 + 1) * channels + c];
        }
    }
};

struct FinishForward {
    Sums sums;
    double count;
    const float* scale;
    float epsilon, momentum;
    float *mean, *variance, *running_mean, *running_variance;
    double* factors;
    __device__ void operator()(int64_t c) const {
        double sum, squares;
        sums.of(c, &sum, &squares);
        const double m = sum / count, square = squares / count - m * m;
        const double v = square < 0 ? 0 : square;  // NaN passes
        mean[c] = float(m);
        variance[c] = float(v);
        factors[c] = double(scale[c]) / sqrt(v + double(epsilon));
        if (running_mean != nullptr) {
            const double unbiased = count > 1 ? count / (count - 1) : 1.0;
            running_mean[c] = float((1.0 - double(momentum)) * double(running_mean[c]) + double(momentum) * m);
            running_variance[c] = float((1.0 - double(momentum)) * double(running_variance[c]) + double(momentum) * v * unbiased);
        }
    }
};

struct InferenceFactor {
    const float *scale, *running_variance;
    float epsilon;
    double* factors;
    __device__ void operator()(int64_t c) const { factors[c] = double(scale[c]) / sqrt(double(running_variance[c]) + double(epsilon)); }
};

struct Normalise {
    Divisor by_channels;
    const float *x, *mean, *shift;
    const double* factors;
    bool relu;
    float* y;
    __device__ void operator()(int64_t i) const {
        int c;
        by_channels.split(int(i), &c);
        const float value = __fmaf_rn(x[i] - mean[c], float(factors[c]), shift[c]);
        y[i] = relu && value <= 0.0f ? 0.0f : value;
    }
};

struct FinishBackward {
    Sums sums;
    double count;
    const float *scale, *variance;
    float epsilon;
    float *dscale, *dshift;
    double* factors;  // 3 a channel: f, Σ dy/m, Σ dy·(x − mean)/(m·(variance + ε))
    __device__ void operator()(int64_t c) const {
        double sum, products;
        sums.of(c, &sum, &products);
        const double spread = double(variance[c]) + double(epsilon);
        dshift[c] = float(sum);
        dscale[c] = float(products / sqrt(spread));
        factors[3 * c] = double(scale[c]) / sqrt(spread);
        factors[3 * c + 1] = sum / count;
        factors[3 * c + 2] = products / (count * spread);
    }
};

struct Gradient {
    Divisor by_channels;
    const float *x, *dy, *mean;
    const double* factors;
    float* dx;
    __device__ void operator()(int64_t i) const {
        int c;
        by_channels.split(int(i), &c);
        const float f = float(factors[3 * c]), a = float(factors[3 * c + 1]), b = float(factors[3 * c + 2]);
        dx[i] = f * (dy[i] - a - (x[i] - mean[c]) * b);
    }
};

}  // namespace

int batchnorm_forward(int64_t handle, int64_t count, int channels, const float* x, const float* scale, const float* shift, float epsilon,
                      float momentum, int flags, void* y, float* mean, float* variance, float* running_mean, float* running_variance) {
    const char* where = "batchnorm_forward";
    if (int bad = require_pointers(where, {{"x", x}, {"scale", scale}, {"shift", shift}, {"y", y}, {"mean", mean}, {"variance", variance}})) {
        return bad;
    }
    if (int bad = checked(where, count, channels, epsilon, flags)) return bad;
    if ((running_mean == nullptr) != (running_variance == nullptr)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": pass both running statistics or neither");
    }
    const Context* context = context_of(handle);
    const Room room = room_of(context, count, channels);
    if (int bad = sum_twice(where, context, room, count, channels, Moments{x})) return bad;
    if (int bad = for_each(where, handle, channels, FinishForward{{room.sums, room.chunks, channels}, double(count), scale, epsilon, momentum,
                                                                  mean, variance, running_mean, running_variance, room.factors})) {
        return bad;
    }
    return for_each(where, handle, count * channels, Normalise{Divisor(unsigned(channels)), x, mean, shift, room.factors, flags == SOFTSHARE_RELU,
                                                                static_cast<float*>(y)});
}

int batchnorm_inference(int64_t handle, int64_t count, int channels, const float* x, const float* scale, const float* shift,
                        const float* running_mean, const float* running_variance, float epsilon, int flags, void* y) {
    const char* where = "batchnorm_inference";
    if (int bad = require_pointers(where, {{"x", x}, {"scale", scale}, {"shift", shift}, {"running_mean", running_mean},
                                           {"running_variance", running_variance}, {"y", y}})) {
        return bad;
    }
    if (int bad = checked(where, count, channels, epsilon, flags)) return bad;
    double* factors = context_of(handle)->room;
    if (int bad = for_each(where, handle, channels, InferenceFactor{scale, running_variance, epsilon, factors})) return bad;
    return for_each(where, handle, count * channels, Normalise{Divisor(unsigned(channels)), x, running_mean, shift, factors, flags == SOFTSHARE_RELU,
                                                                static_cast<float*>(y)});
}

int batchnorm_backward(int64_t handle, int64_t count, int channels, const float* x, const void* y, float* dy, const float* scale,
                       const float* mean, const float* variance, float epsilon, int flags, void* dx, float* dscale, float* dshift) {
    const char* where = "batchnorm_backward";
    if (int bad = require_pointers(where, {{"x", x}, {"dy", dy}, {"scale", scale}, {"mean", mean}, {"variance", variance}, {"dx", dx},
                                           {"dscale", dscale}, {"dshift", dshift}})) {
        return bad;
    }
    if (int bad = (flags & SOFTSHARE_RELU) != 0 ? require_pointers(where, {{"y", y}}) : SOFTSHARE_OK) return bad;
    if (int bad = checked(where, count, channels, epsilon, flags)) return bad;
    const Context* context = context_of(handle);
    const Room room = room_of(context, count, channels);
    const float* mask = flags == SOFTSHARE_RELU ? static_cast<const float*>(y) : nullptr;
    if (int bad = sum_twice(where, context, room, count, channels, GradientSums{x, mask, mean, dy})) return bad;
    if (int bad = for_each(where, handle, channels, FinishBackward{{room.sums, room.chunks, channels}, double(count), scale, variance, epsilon,
                                                                   dscale, dshift, room.factors})) {
        return bad;
    }
    return for_each(where, handle, count * channels, Gradient{Divisor(unsigned(channels)), x, dy, mean, room.factors, static_cast<float*>(dx)});
}

}  // namespace softshare::cuda
