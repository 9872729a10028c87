/*
 * What batch normalisation and its loops share. Positions are rows of `channels` floats.
 * This header is compiled for several instruction sets: no inline functions here.
 */
#ifndef SOFTSHARE_BATCHNORM_H
#define SOFTSHARE_BATCHNORM_H

#include <stdint.h>

namespace softshare::cpu {

/* Loops over rows begin … end − 1. Sums (double, channels each) are added to. */
struct BatchnormLoops {
    /* sum += x, squares += x². */
    void (*moments)(int64_t begin, int64_t end, int64_t channels, const float* x, double* sum, double* squares);
    /* y = (x − mean)·factor + shift, then a rectifier if relu. */
    void (*normalise)(int64_t begin, int64_t end, int64_t channels, const float* x, const float* mean, const float* factor,
                      const float* shift, bool relu, float* y);
    /* dy masked by y > 0 in place if y is given; sum += dy, products += dy·(x − mean). */
    void (*gradient_sums)(int64_t begin, int64_t end, int64_t channels, const float* x, const float* y, float* dy,
                          const float* mean, double* sum, double* products);
    /* dx = factor·(dy − a − (x − mean)·b). */
    void (*gradient)(int64_t begin, int64_t end, int64_t channels, const float* x, const float* dy, const float* mean,
                     const float* factor, const float* a, const float* b, float* dx);
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
