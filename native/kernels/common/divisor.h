/* Division by a number that is known before the launch. */
#ifndef SOFTSHARE_COMMON_DIVISOR_H
#define SOFTSHARE_COMMON_DIVISOR_H

#include "cuda.h"

namespace softshare::cuda {

/* n / divisor for 0 ≤ n < 2^31 and 1 ≤ divisor < 2^31 by a multiplication (Granlund, Montgomery 1994). */
struct Divisor {
    unsigned divisor, multiplier, shift;
    Divisor() = default;
    explicit Divisor(unsigned by) : divisor(by), shift(0) {
        while ((1ull << shift) < by) shift++;
        multiplier = unsigned((((1ull << shift) - by) << 32) / by + 1);
    }
    __device__ __forceinline__ int divide(int n) const { return int((__umulhi(unsigned(n), multiplier) + unsigned(n)) >> shift); }
    /* Quotient and remainder. */
    __device__ __forceinline__ int split(int n, int* rest) const {
        const int quotient = divide(n);
        *rest = n - quotient * int(divisor);
        return quotient;
    }
};

}  // namespace softshare::cuda

#endif
