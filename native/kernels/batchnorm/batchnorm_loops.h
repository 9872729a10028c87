/*
 * Loops of batch normalisation; compiled once for each instruction set (namespace SOFTSHARE_LOOPS), with the same bits:
 * vectors lie along the channels, each channel's sum takes its rows in order.
 */
#include "batchnorm.h"

namespace softshare::cpu::SOFTSHARE_LOOPS {

namespace {

void moments(int64_t begin, int64_t end, int64_t channels, const float* x, double* __restrict sum,
             double* __restrict squares) {
    for (int64_t row = begin; row < end; row++) {
        const float* in = x + row * channels;
        for (int64_t c = 0; c < channels; c++) {
            const double value = in[c];
            sum[c] += value;
            squares[c] += value * value;
        }
    }
}

void normalise(int64_t begin, int64_t end, int64_t channels, const float* x, const float* mean, const float* factor,
               const float* shift, bool relu, float* __restrict y) {
    for (int64_t row = begin; row < end; row++) {
        const float* in = x + row * channels;
        float* out = y + row * channels;
        if (relu) {
            for (int64_t c = 0; c < channels; c++) {
                const float value = (in[c] - mean[c]) * factor[c] + shift[c];
                out[c] = value <= 0.0f ? 0.0f : value;
            }
        } else {
            for (int64_t c = 0; c < channels; c++) out[c] = (in[c] - mean[c]) * factor[c] + shift[c];
        }
    }
}

void gradient_sums(int64_t begin, int64_t end, int64_t channels, const float* x, const float* y, float* __restrict dy,
                   const float* mean, double* __restrict sum, double* __restrict products) {
    for (int64_t row = begin; row < end; row++) {
        const float* in = x + row * channels;
        float* d = dy + row * channels;
        if (y != nullptr) {
            const float* out = y + row * channels;
            for (int64_t c = 0; c < channels; c++) {
                const float value = d[c];
                d[c] = out[c] > 0.0f ? value : 0.0f;
            }
        }
        for (int64_t c = 0; c < channels; c++) {
            const double value = d[c];
            sum[c] += value;
            products[c] += value * static_cast<double>(in[c] - mean[c]);
        }
    }
}

void gradient(int64_t begin, int64_t end, int64_t channels, const float* x, const float* dy, const float* mean,
              const float* factor, const float* a, const float* b, float* __restrict dx) {
    for (int64_t row = begin; row < end; row++) {
        const float* in = x + row * channels;
        const float* d = dy + row * channels;
        float* out = dx + row * channels;
        for (int64_t c = 0; c < channels; c++) out[c] = factor[c] * (d[c] - a[c] - (in[c] - mean[c]) * b[c]);
    }
}

}  // namespace

extern const BatchnormLoops batchnorm_loops;
const BatchnormLoops batchnorm_loops = {moments, normalise, gradient_sums, gradient};

}  // namespace softshare::cpu::SOFTSHARE_LOOPS
