/*
 * Adam (Kingma & Ba 2015) on one vector of values:
 *   m ← β1 m + (1 − β1) g,  v ← β2 v + (1 − β2) g²,  w ← w − rate · (m·correction1) / (√(v·correction2) + ε)
 * with correction_i = 1 / (1 − β_i^t). Include after ../common/simd.h.
 */
#ifndef SOFTSHARE_ADAM_MATH_H
#define SOFTSHARE_ADAM_MATH_H

#include "../common/simd.h"

namespace softshare::cpu::SIMD_NAMESPACE {

struct Adam {
    V beta1, beta2, rest1, rest2, epsilon, step, correction2;
};

SIMD Adam adam_of(float beta1, float beta2, float epsilon, float rate, float correction1, float correction2) {
    return {set1(beta1),   set1(beta2),              set1(1 - beta1),  set1(1 - beta2),
            set1(epsilon), set1(rate * correction1), set1(correction2)};
}

SIMD void adam_update(const Adam& k, V g, V* w, V* m, V* v) {
    *m = fma(k.beta1, *m, mul(k.rest1, g));
    *v = fma(k.beta2, *v, mul(mul(k.rest2, g), g));
    V scale = add(sqrt(mul(*v, k.correction2)), k.epsilon);
    *w = sub(*w, div(mul(k.step, *m), scale));
}

}  // namespace softshare::cpu::SIMD_NAMESPACE

#endif
