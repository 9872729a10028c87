/* The optimiser's loops over a piece of values, one table an instruction set. */
#ifndef SOFTSHARE_ADAM_H
#define SOFTSHARE_ADAM_H

#include <stdint.h>

namespace softshare::cpu {

struct AdamNumbers {
    float beta1, beta2, epsilon, rate, correction1, correction2;
};

struct AdamKernels {
    /* Values [begin, end). */
    void (*update)(const AdamNumbers& numbers, int64_t begin, int64_t end, float* values, const float* gradient,
                   float* moment1, float* moment2, const uint32_t* live);
    void (*add_scaled)(float factor, int64_t begin, int64_t end, const float* x, float* y);
};

namespace plain {
extern const AdamKernels adam_kernels;
}
namespace avx2 {
extern const AdamKernels adam_kernels;
}
namespace avx512 {
extern const AdamKernels adam_kernels;
}

}  // namespace softshare::cpu

#endif
