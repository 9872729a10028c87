/*
 * What batch normalisation and its loops share. Positions are rows of `channels` elements.
 * This header is compiled for several instruction sets: no inline functions here.
 */
#ifndef SOFTSHARE_BATCHNORM_H
#define SOFTSHARE_BATCHNORM_H

#include <stdint.h>

namespace softshare::cpu {

/* Rows begin … end − 1 of so many channels. */
struct BatchnormRows {
    int64_t begin, end, channels;
};

/* A rectifier's output, by which gradients are masked: float or bfloat16; NULL: no rectifier. */
struct BatchnormMask {
    const void* y;
    bool bf16;
};

/* Loops over rows. Sums (double, channels each) are added to. */
struct BatchnormLoops {
    /* sum += x, squares += x². */
    void (*moments)(const BatchnormRows& rows, const float* x, double* sum, double* squares);
    /* y (float, or bfloat16 rounded to even) = (x − mean)·factor + shift, then a rectifier if relu. */
    void (*normalise)(const BatchnormRows& rows, const float* x, const float* mean, const float* factor, const float* shift, bool relu,
                      bool bf16, void* y);
    /* With d = dy where the mask's y > 0, else 0: sum += d, products += d·(x − mean). */
    void (*gradient_sums)(const BatchnormRows& rows, const float* x, const BatchnormMask& mask, const float* dy, const float* mean,
                          double* sum, double* products);
    /* dx (float or bfloat16) = factor·(d − a − (x − mean)·b). */
    void (*gradient)(const BatchnormRows& rows, const float* x, const BatchnormMask& mask, const float* dy, const float* mean,
                     const float* factor, const float* a, const float* b, bool bf16, void* dx);
};

namespace plain {
extern const BatchnormLoops batchnorm_loops;
}
namespace avx2 {
extern const BatchnormLoops batchnorm_loops;
}
namespace avx512 {
extern const BatchnormLoops batchnorm_loops;
}

}  // namespace softshare::cpu

#endif
