/*
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011): ten rounds turn a
 * counter of 128 bits and a key of 64 into 128 random bits. No state: CPU and CUDA, any thread, any order draw the same.
 */
#ifndef SOFTSHARE_COMMON_PHILOX_H
#define SOFTSHARE_COMMON_PHILOX_H

#include <stdint.h>

#ifdef __CUDACC__
#define SOFTSHARE_BOTH __host__ __device__
#else
#define SOFTSHARE_BOTH
#endif

namespace softshare {

struct Philox {
    uint32_t r[4];
};

SOFTSHARE_BOTH inline Philox philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t seed) {
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = static_cast<uint64_t>(0xD2511F53u) * c0;
        uint64_t p1 = static_cast<uint64_t>(0xCD9E8D57u) * c2;
        uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
        c1 = static_cast<uint32_t>(p1);
        c3 = static_cast<uint32_t>(p0);
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;  // golden ratio
        k1 += 0xBB67AE85u;  // √3 − 1
    }
    return {{c0, c1, c2, c3}};
}

}  // namespace softshare

#endif
