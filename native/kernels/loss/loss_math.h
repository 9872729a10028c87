/*
 * e^x for x ≤ 0, in plain arithmetic that a compiler vectorises and that gives the same bits on every processor:
 * x = n·ln 2 + r, |r| ≤ ½ ln 2, Taylor to the seventh power (relative error below 1e-8 before rounding), times 2^n.
 * Below −87 it stays at e^−87, about 1e-38; NaN gives NaN.
 */
#ifndef SOFTSHARE_LOSS_MATH_H
#define SOFTSHARE_LOSS_MATH_H

#include <stdint.h>
#include <string.h>

namespace softshare {

static inline float exp_nonpositive(float x) {
    x = x < -87.0f ? -87.0f : x;
    const float magic = 12582912.0f;  // 1.5·2^23: adding it rounds to an integer, which then lies in the low bits
    const float shifted = x * 1.44269504f + magic;
    const float n = shifted - magic;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;  // ln 2 in two parts: the first product is exact
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;  // the bits of magic above the integer are shifted out
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

}  // namespace softshare

#endif
