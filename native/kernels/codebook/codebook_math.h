/* Adam on a codebook's shared values, entry by entry: shared by the CPU, by other devices and by the tests. */
#ifndef SOFTSHARE_CODEBOOK_MATH_H
#define SOFTSHARE_CODEBOOK_MATH_H

#include <math.h>

#include "softshare.h"

#if defined(__CUDACC__)
#define SOFTSHARE_HD static inline __host__ __device__
#elif !defined(SOFTSHARE_HD)
#define SOFTSHARE_HD static inline __attribute__((unused))
#endif

namespace softshare {

/* One entry j ≥ 1: first moment at moments[j], second at moments[components + j]; in double, since a sum over many weights
 * has more digits than a float. */
SOFTSHARE_HD void update_codebook_entry(int j, int components, double gradient, const float* scalars, float beta1,
                                        float beta2, float epsilon, double* moments, float* codebook) {
    const double m = double(beta1) * moments[j] + (1 - double(beta1)) * gradient;
    const double v = double(beta2) * moments[components + j] + (1 - double(beta2)) * gradient * gradient;
    moments[j] = m;
    moments[components + j] = v;
    const double step = double(scalars[SOFTSHARE_SCALAR_CORRECTION_1]) * m /
                        (sqrt(double(scalars[SOFTSHARE_SCALAR_CORRECTION_2]) * v) + double(epsilon));
    codebook[j] -= float(double(scalars[SOFTSHARE_SCALAR_RATE_CODEBOOK]) * step);
}

SOFTSHARE_HD void update_codebook(int components, const double* sums, const float* scalars, float beta1, float beta2,
                                  float epsilon, double* moments, float* codebook) {
    for (int j = 1; j < components; j++) {
        update_codebook_entry(j, components, sums[j], scalars, beta1, beta2, epsilon, moments, codebook);
    }
}

}  // namespace softshare

#endif
