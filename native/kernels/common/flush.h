/* Numbers too small to matter become 0. */
#ifndef SOFTSHARE_COMMON_FLUSH_H
#define SOFTSHARE_COMMON_FLUSH_H

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace softshare::cpu {

/*
 * Numbers below 2^-126 become 0 within a scope. Shares and gradients that small count for nothing here, and each would cost
 * the processor a hundred cycles: with sure predictions, which give such gradients, a training step took 3 to 4 times as long.
 * Threads that start within the scope keep this for good, so every place where OpenMP may start some has it. The caller's
 * own setting comes back: Java's numbers are another matter.
 */
struct FlushTiny {
#if defined(__x86_64__)
    unsigned int before;
    inline __attribute__((always_inline)) FlushTiny() : before(_mm_getcsr()) { _mm_setcsr(before | 0x8040); }
    inline __attribute__((always_inline)) ~FlushTiny() { _mm_setcsr(before); }
    FlushTiny(const FlushTiny&) = delete;
    FlushTiny& operator=(const FlushTiny&) = delete;
#endif
};

}  // namespace softshare::cpu

#endif
