/*
 * Batch normalisation (Ioffe, Szegedy 2015), per channel over m positions:
 *   y = (x − mean)·f + shift, f = scale / √(variance + ε)
 *   dshift = Σ dy, dscale = Σ dy·(x − mean) / √(variance + ε)
 *   dx = f·(dy − Σ dy/m − (x − mean)·Σ dy·(x − mean)/(m·(variance + ε)))
 * Sums are in double: Σ x² − (Σ x)²/m then loses nothing that a float holds. Positions are cut into at most 64 chunks, by
 * the sizes alone, and the chunks' sums are added in order.
 */
#include "batchnorm.h"

#include <math.h>

#include <algorithm>
#include <vector>

#include "../common/require.h"

namespace softshare::cpu {

namespace {

const BatchnormLoops& loops_of(const Context* context) {
    return context->isa == Isa::avx512 ? avx512::batchnorm_loops
           : context->isa == Isa::avx2 ? avx2::batchnorm_loops
                                       : plain::batchnorm_loops;
}

/* Rows a chunk where each chunk leaves sums behind: few chunks, none tiny. */
int64_t rows_with_sums(int64_t count, int64_t channels) {
    return std::max({(count + 63) / 64, (1 << 14) / channels, int64_t(1)});
}

/* Rows a chunk of a plain pass. */
int64_t rows_of_pass(int64_t channels) { return std::max<int64_t>(1, (1 << 14) / channels); }

bool has(int flags, int flag) { return (flags & flag) != 0; }

/* Memory of the calling thread for doubles and floats of a call; it grows once and stays. */
double* doubles(int64_t size) {
    static thread_local std::vector<double> memory;
    memory.resize(std::max<size_t>(memory.size(), size));
    return memory.data();
}

float* floats(int64_t size) {
    static thread_local std::vector<float> memory;
    memory.resize(std::max<size_t>(memory.size(), size));
    return memory.data();
}

/* Two sums a channel over all rows: body(begin, end, first, second) adds a chunk's. They begin at the result. */
template <typename Body>
double* two_sums(const Context* context, int64_t count, int64_t channels, Body&& body) {
    const int64_t piece = rows_with_sums(count, channels), chunks = (count + piece - 1) / piece;
    double* sums = doubles(2 * channels * chunks);
    parallel(context, chunks, [&, sums](int64_t chunk) {
        double* own = sums + 2 * channels * chunk;
        std::fill(own, own + 2 * channels, 0.0);
        body(chunk * piece, std::min(count, (chunk + 1) * piece), own, own + channels);
    });
    for (int64_t chunk = 1; chunk < chunks; chunk++) {
        for (int64_t c = 0; c < 2 * channels; c++) sums[c] += sums[2 * channels * chunk + c];
    }
    return sums;
}

/* flags: expected among `allowed`. */
int checked(const char* where, int64_t count, int channels, float epsilon, int flags, int allowed) {
    if ((flags & ~allowed) != 0) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": expected flags among " + std::to_string(allowed) + ", found " + std::to_string(flags));
    }
    if (int bad = require_sizes(where, 1, {{"count", count}, {"channels", channels}})) return bad;
    if (!(epsilon >= 0.0f)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": epsilon must be 0 or more, found " + std::to_string(epsilon));
    }
    return SOFTSHARE_OK;
}

}  // namespace

int batchnorm_forward(int64_t handle, int64_t count, int channels, const float* x, const float* scale,
                      const float* shift, float epsilon, float momentum, int flags, void* y, float* mean,
                      float* variance, float* running_mean, float* running_variance) {
    const char* where = "batchnorm_forward";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"x", x}, {"scale", scale}, {"shift", shift}, {"y", y}, {"mean", mean},
                                               {"variance", variance}})) {
            return bad;
        }
        if (int bad = checked(where, count, channels, epsilon, flags, SOFTSHARE_RELU | SOFTSHARE_BF16_Y)) return bad;
        if ((running_mean == nullptr) != (running_variance == nullptr)) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": pass both running statistics or neither");
        }
        const Context* context = context_of(handle);
        const BatchnormLoops& loops = loops_of(context);
        const double* sums = two_sums(context, count, channels, [&](int64_t begin, int64_t end, double* sum, double* squares) {
            loops.moments({begin, end, channels}, x, sum, squares);
        });
        float* factor = floats(channels);
        const double unbiased = count > 1 ? static_cast<double>(count) / static_cast<double>(count - 1) : 1.0;
        for (int64_t c = 0; c < channels; c++) {
            const double m = sums[c] / static_cast<double>(count);
            const double square = sums[channels + c] / static_cast<double>(count) - m * m;
            const double v = square < 0 ? 0 : square;
            mean[c] = static_cast<float>(m);
            variance[c] = static_cast<float>(v);
            factor[c] = static_cast<float>(scale[c] / sqrt(v + epsilon));
            if (running_mean != nullptr) {
                running_mean[c] = static_cast<float>((1.0 - momentum) * running_mean[c] + momentum * m);
                running_variance[c] = static_cast<float>((1.0 - momentum) * running_variance[c] + momentum * v * unbiased);
            }
        }
        parallel_range(context, count, rows_of_pass(channels), [=, &loops](int64_t begin, int64_t end) {
            loops.normalise({begin, end, channels}, x, mean, factor, shift, has(flags, SOFTSHARE_RELU), has(flags, SOFTSHARE_BF16_Y), y);
        });
        return SOFTSHARE_OK;
    });
}

int batchnorm_inference(int64_t handle, int64_t count, int channels, const float* x, const float* scale,
                        const float* shift, const float* running_mean, const float* running_variance, float epsilon,
                        int flags, void* y) {
    const char* where = "batchnorm_inference";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"x", x}, {"scale", scale}, {"shift", shift}, {"running_mean", running_mean},
                                               {"running_variance", running_variance}, {"y", y}})) {
            return bad;
        }
        if (int bad = checked(where, count, channels, epsilon, flags, SOFTSHARE_RELU | SOFTSHARE_BF16_Y)) return bad;
        const Context* context = context_of(handle);
        const BatchnormLoops& loops = loops_of(context);
        float* factor = floats(channels);
        for (int64_t c = 0; c < channels; c++) {
            factor[c] = static_cast<float>(scale[c] / sqrt(static_cast<double>(running_variance[c]) + epsilon));
        }
        parallel_range(context, count, rows_of_pass(channels), [=, &loops](int64_t begin, int64_t end) {
            loops.normalise({begin, end, channels}, x, running_mean, factor, shift, has(flags, SOFTSHARE_RELU), has(flags, SOFTSHARE_BF16_Y), y);
        });
        return SOFTSHARE_OK;
    });
}

int batchnorm_backward(int64_t handle, int64_t count, int channels, const float* x, const void* y, float* dy,
                       const float* scale, const float* mean, const float* variance, float epsilon, int flags, void* dx,
                       float* dscale, float* dshift) {
    const char* where = "batchnorm_backward";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"x", x}, {"dy", dy}, {"scale", scale}, {"mean", mean},
                                               {"variance", variance}, {"dx", dx}, {"dscale", dscale},
                                               {"dshift", dshift}})) {
            return bad;
        }
        if (int bad = has(flags, SOFTSHARE_RELU) ? require_pointers(where, {{"y", y}}) : SOFTSHARE_OK) return bad;
        if (int bad = checked(where, count, channels, epsilon, flags, SOFTSHARE_RELU | SOFTSHARE_BF16_Y | SOFTSHARE_BF16_DX)) return bad;
        const Context* context = context_of(handle);
        const BatchnormLoops& loops = loops_of(context);
        const BatchnormMask mask{has(flags, SOFTSHARE_RELU) ? y : nullptr, has(flags, SOFTSHARE_BF16_Y)};
        const double* sums = two_sums(context, count, channels, [&](int64_t begin, int64_t end, double* sum, double* products) {
            loops.gradient_sums({begin, end, channels}, x, mask, dy, mean, sum, products);
        });
        float* factor = floats(3 * channels);
        float* a = factor + channels;
        float* b = a + channels;
        for (int64_t c = 0; c < channels; c++) {
            const double spread = static_cast<double>(variance[c]) + epsilon;
            dshift[c] = static_cast<float>(sums[c]);
            dscale[c] = static_cast<float>(sums[channels + c] / sqrt(spread));
            factor[c] = static_cast<float>(scale[c] / sqrt(spread));
            a[c] = static_cast<float>(sums[c] / static_cast<double>(count));
            b[c] = static_cast<float>(sums[channels + c] / (static_cast<double>(count) * spread));
        }
        parallel_range(context, count, rows_of_pass(channels), [=, &loops](int64_t begin, int64_t end) {
            loops.gradient({begin, end, channels}, x, mask, dy, mean, factor, a, b, has(flags, SOFTSHARE_BF16_DX), dx);
        });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
