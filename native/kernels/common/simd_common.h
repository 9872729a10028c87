/* What the vector wrappers share: how their functions are declared and the polynomial of 2^x. */
#ifndef SOFTSHARE_COMMON_SIMD_COMMON_H
#define SOFTSHARE_COMMON_SIMD_COMMON_H

#include <string.h>

#define SIMD static inline __attribute__((always_inline, unused))

#include "flush.h"

namespace softshare::cpu {

/* 2^x on [0, 1]: 1 + x·(EXP2_1 + x·(…)), minimax with the constant held at 1; relative error below 8.3e-8 before and
 * 1.2·2^-23 after rounding. */
constexpr float EXP2_1 = 0.693151295f;
constexpr float EXP2_2 = 0.240164444f;
constexpr float EXP2_3 = 0.0557999127f;
constexpr float EXP2_4 = 0.00901702978f;
constexpr float EXP2_5 = 0.00186713017f;

}  // namespace softshare::cpu

#endif
