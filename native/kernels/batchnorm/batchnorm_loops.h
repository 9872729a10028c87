/*
 * Loops of batch normalisation; compiled once for each instruction set (namespace SOFTSHARE_LOOPS), with the same bits:
 * vectors lie along the channels, each channel's sum takes its rows in order.
 */
#include <string.h>

#include "batchnorm.h"

namespace softshare::cpu::SOFTSHARE_LOOPS {

namespace {

/* A float's nearest bfloat16, ties to even; NaN stays NaN. */
struct Bf16 {
    uint16_t bits;
    Bf16& operator=(float value) {
        uint32_t word;
        memcpy(&word, &value, sizeof word);
        const uint32_t rounded = word + 0x7fffu + ((word >> 16) & 1u), quiet = word | 0x400000u;
        bits = static_cast<uint16_t>(((word & 0x7fffffffu) > 0x7f800000u ? quiet : rounded) >> 16);
        return *this;
    }
};

bool positive(float y) { return y > 0.0f; }

/* Above 0 and no NaN. */
bool positive(Bf16 y) { return static_cast<uint16_t>(y.bits - 1) < 0x7f80; }

/* What counts of a gradient at element i: without a branch, which would keep the loops below from becoming vectors. */
template <typename T>
struct Mask {
    const T* y;
    float masked(float d, int64_t i) const {
        uint32_t word;
        memcpy(&word, &d, sizeof word);
        word &= 0u - uint32_t(positive(y[i]));
        memcpy(&d, &word, sizeof word);
        return d;
    }
};
struct NoMask {
    float masked(float d, int64_t) const { return d; }
};

void moments(const BatchnormRows& rows, const float* x, double* __restrict sum, double* __restrict squares) {
    const int64_t channels = rows.channels;
    for (int64_t row = rows.begin; row < rows.end; row++) {
        const float* in = x + row * channels;
        for (int64_t c = 0; c < channels; c++) {
            const double value = in[c];
            sum[c] += value;
            squares[c] += value * value;
        }
    }
}

template <typename T>
void normalise_to(const BatchnormRows& rows, const float* x, const float* mean, const float* factor, const float* shift, bool relu,
                  T* __restrict y) {
    const int64_t channels = rows.channels;
    for (int64_t row = rows.begin; row < rows.end; row++) {
        const float* in = x + row * channels;
        T* out = y + row * channels;
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

void normalise(const BatchnormRows& rows, const float* x, const float* mean, const float* factor, const float* shift, bool relu, bool bf16,
               void* y) {
    if (bf16) {
        normalise_to(rows, x, mean, factor, shift, relu, static_cast<Bf16*>(y));
    } else {
        normalise_to(rows, x, mean, factor, shift, relu, static_cast<float*>(y));
    }
}

/* Calls body with what the mask is. */
template <typename Body>
void with(const BatchnormMask& mask, Body&& body) {
    if (mask.y == nullptr) {
        body(NoMask{});
    } else if (mask.bf16) {
        body(Mask<Bf16>{static_cast<const Bf16*>(mask.y)});
    } else {
        body(Mask<float>{static_cast<const float*>(mask.y)});
    }
}

void gradient_sums(const BatchnormRows& rows, const float* x, const BatchnormMask& mask, const float* dy, const float* mean,
                   double* __restrict sum, double* __restrict products) {
    const int64_t channels = rows.channels;
    with(mask, [=, &rows](const auto& by) {
        for (int64_t row = rows.begin; row < rows.end; row++) {
            const int64_t at = row * channels;
            for (int64_t c = 0; c < channels; c++) {
                const double d = by.masked(dy[at + c], at + c);
                sum[c] += d;
                products[c] += d * static_cast<double>(x[at + c] - mean[c]);
            }
        }
    });
}

void gradient(const BatchnormRows& rows, const float* x, const BatchnormMask& mask, const float* dy, const float* mean, const float* factor,
              const float* a, const float* b, bool bf16, void* dx) {
    const int64_t channels = rows.channels;
    with(mask, [=, &rows](const auto& by) {
        const auto write = [=, &rows](auto* __restrict to) {
            for (int64_t row = rows.begin; row < rows.end; row++) {
                const int64_t at = row * channels;
                for (int64_t c = 0; c < channels; c++) {
                    const float d = by.masked(dy[at + c], at + c);
                    to[at + c] = factor[c] * (d - a[c] - (x[at + c] - mean[c]) * b[c]);
                }
            }
        };
        if (bf16) {
            write(static_cast<Bf16*>(dx));
        } else {
            write(static_cast<float*>(dx));
        }
    });
}

}  // namespace

extern const BatchnormLoops batchnorm_loops;
const BatchnormLoops batchnorm_loops = {moments, normalise, gradient_sums, gradient};

}  // namespace softshare::cpu::SOFTSHARE_LOOPS
