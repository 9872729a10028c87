/*
 * What the native tests share: comparisons that name the first differences, the greatest error and how many differ; contexts on
 * every instruction set that the processor has, or on the CUDA library under test (device.h); reproducible random numbers. A
 * test program returns finish().
 */
#ifndef SOFTSHARE_TEST_CHECK_H
#define SOFTSHARE_TEST_CHECK_H

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "device.h"
#include "softshare.h"

namespace check {

inline int& failures() {
    static int count = 0;
    return count;
}

inline void fail(const std::string& text) {
    failures()++;
    if (failures() <= 40) std::printf("FAILED %s\n", text.c_str());
}

inline void is(bool condition, const std::string& text) {
    if (!condition) fail(text);
}

/* A call of softshare.h must succeed. */
inline void ok(int status, const std::string& what) {
    device::skip_if_lacking(status, what);
    if (status == SOFTSHARE_OK) device::synchronize();
    if (status != SOFTSHARE_OK) fail(what + ": status " + std::to_string(status) + ", " + softshare_error());
}

/* A call must fail with this status and have something to say. */
inline void refused(int status, int expected, const std::string& what) {
    is(status == expected && softshare_error()[0] != 0,
       what + ": expected status " + std::to_string(expected) + ", found " + std::to_string(status));
}

/* |found − expected| ≤ bound(i) for all i; returns the greatest error as a share of its bound. */
template <typename Found, typename Expected, typename Bound>
double close(const std::string& what, int64_t count, const Found* found, const Expected* expected, Bound bound) {
    double worst = 0;
    int64_t worst_at = -1, wrong = 0;
    for (int64_t i = 0; i < count; i++) {
        double error = std::fabs(double(found[i]) - double(expected[i])) / bound(i);
        if (!(error <= 1) && double(found[i]) != double(expected[i])) wrong++;
        if (error > worst || (std::isnan(error) && worst_at < 0)) {
            worst = error;
            worst_at = i;
        }
    }
    if (wrong > 0) {
        char line[400];
        std::snprintf(line, sizeof line, "%s: %lld of %lld differ; worst at %lld: found %.9g, expected %.9g, bound %.3g",
                      what.c_str(), (long long)wrong, (long long)count, (long long)worst_at, double(found[worst_at]),
                      double(expected[worst_at]), double(bound(worst_at)));
        fail(line);
    }
    return worst;
}

/* Bit for bit. */
template <typename T>
void same(const std::string& what, int64_t count, const T* found, const T* expected) {
    int64_t wrong = 0, at = -1;
    for (int64_t i = 0; i < count; i++) {
        if (std::memcmp(found + i, expected + i, sizeof(T)) != 0 && wrong++ == 0) at = i;
    }
    if (wrong > 0) {
        char line[300];
        std::snprintf(line, sizeof line, "%s: %lld of %lld differ in bits; first at %lld: found %.9g, expected %.9g",
                      what.c_str(), (long long)wrong, (long long)count, (long long)at, double(found[at]), double(expected[at]));
        fail(line);
    }
}

/* splitmix64 */
struct Random {
    uint64_t state;
    explicit Random(uint64_t seed) : state(seed) {}
    uint64_t next() {
        uint64_t z = (state += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    double uniform() { return double(next() >> 11) * 0x1p-53; }
    double uniform(double from, double to) { return from + (to - from) * uniform(); }
    double normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform()); }
};

struct Context {
    int64_t handle = 0;
    std::string name;
    Context(int threads, int isa) {
        int status = device::open(threads, isa, &handle);
        if (status != SOFTSHARE_OK && status != SOFTSHARE_NOT_SUPPORTED) ok(status, "open");
        static const char* const names[] = {"auto", "plain", "avx2", "avx512"};
        name = std::string(device::cuda() != nullptr ? "cuda" : names[isa]) + ", " + std::to_string(threads) +
               (device::emulated() ? " as order" : " threads");
    }
    ~Context() {
        if (handle != 0) softshare_close(handle);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
};

/* The instruction sets to test (of CUDA: one, AUTO); says which the processor lacks. */
inline std::vector<int> instruction_sets() {
    std::vector<int> all;
    if (device::cuda() != nullptr) return {SOFTSHARE_ISA_AUTO};
    for (int isa = SOFTSHARE_ISA_PLAIN; isa <= SOFTSHARE_ISA_AVX512; isa++) {
        Context context(1, isa);
        if (context.handle != 0) {
            all.push_back(isa);
        } else {
            std::printf("skipped %s: %s\n", context.name.c_str(), softshare_error());
        }
    }
    return all;
}

inline int finish() {
    if (failures() > 0) {
        std::printf("%d checks failed\n", failures());
        return 1;
    }
    std::printf("all checks passed\n");
    return 0;
}

}  // namespace check

#endif
