/*
 * What the layers' test programs share: contexts of all instruction sets and thread counts, numbers with a fixed seed,
 * comparisons that say where and by how much. A program's main ends with `return layers_check::result()`.
 */
#ifndef SOFTSHARE_LAYERS_CHECK_H
#define SOFTSHARE_LAYERS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <functional>
#include <string>
#include <vector>

#include "device.h"
#include "softshare.h"

namespace layers_check {

typedef std::vector<float> Floats;
typedef std::vector<double> Doubles;

inline int& failures() {
    static int count = 0;
    return count;
}

inline void check(bool good, const std::string& what) {
    if (good) return;
    failures()++;
    fprintf(stderr, "FAILED: %s\n", what.c_str());
}

inline int result() {
    if (failures() == 0) printf("all good\n");
    return failures() == 0 ? 0 : 1;
}

/* A call that must succeed: without it nothing after makes sense. */
inline void ok(int status, const char* call) {
    if (status == SOFTSHARE_OK) return device::synchronize();
    device::skip_if_lacking(status, call);
    fprintf(stderr, "FAILED: %s: status %d: %s\n", call, status, softshare_error());
    exit(1);
}
#define OK(call) layers_check::ok(call, #call)

/* A call that must be refused with one line that holds `words`. */
inline void refused(int status, const char* words, const char* call) {
    const std::string text = softshare_error();
    check(status != SOFTSHARE_OK && text.find(words) != std::string::npos && text.find('\n') == std::string::npos,
          std::string(call) + " must be refused with '" + words + "', found status " + std::to_string(status) + ": " + text);
}
#define REFUSED(call, words) layers_check::refused(call, words, #call)

/* Numbers in (−1, 1), the same everywhere (splitmix64). */
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }
    float uniform() { return static_cast<float>(static_cast<double>(next() >> 40) * 0x1p-23 - 1.0); }
    Floats floats(size_t count, float scale = 1.0f) {
        Floats all(count);
        for (float& f : all) f = scale * uniform();
        return all;
    }

private:
    uint64_t state_;
};

inline Doubles wide(const Floats& x) { return Doubles(x.begin(), x.end()); }

/* |found − expected| ≤ absolute + relative·|expected| everywhere. */
inline void near(const std::string& what, const float* found, const Doubles& expected, double absolute, double relative) {
    size_t bad = 0, worst = 0;
    double most = -1;
    for (size_t i = 0; i < expected.size(); i++) {
        const double error = fabs(found[i] - expected[i]);
        if (!(error <= absolute + relative * fabs(expected[i]))) bad++;
        if (!(error <= most)) most = error, worst = i;
    }
    if (bad == 0) return;
    char text[200];
    snprintf(text, sizeof text, ": %zu of %zu differ, most at %zu: expected %.9g, found %.9g", bad, expected.size(), worst,
             expected[worst], static_cast<double>(found[worst]));
    check(false, what + text);
}
inline void near(const std::string& what, const Floats& found, const Doubles& expected, double absolute, double relative) {
    check(found.size() == expected.size(), what + ": sizes");
    near(what, found.data(), expected, absolute, relative);
}

/* |found − expected| ≤ bound, each element with its own. */
inline void within(const std::string& what, const Floats& found, const Doubles& expected, const Doubles& bounds) {
    check(found.size() == expected.size(), what + ": sizes");
    double most = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        const double share = fabs(found[i] - expected[i]) / bounds[i];
        if (!(share <= most)) most = share;
    }
    check(most <= 1, what + ": " + std::to_string(most) + " of the bound");
}

/* What a layer gives and its gradients, in double. */
struct LayerResult {
    Doubles y, dx, dweights, dbias;
};

/*
 * A layer with weights whose inputs are rounded, to 2^-11 by tensor cores and to 2^-8 in bf16: a product errs by twice that of its
 * size at most, and the sums as in FP32. sizes: what the layer's formulas give for the absolute values of all inputs.
 */
template <typename Forward, typename Data, typename Weights>
void within_rounded(const std::string& name, double rounding, int64_t operation, Forward forward, Data backward_data, Weights backward_weights,
                    const Floats& x, const Floats& weights, const Floats& bias, const Floats& dy, const LayerResult& expected,
                    const LayerResult& sizes) {
    const auto bounds = [=](Doubles all) {
        for (double& b : all) b = 2.15 * rounding * b + 1e-6;  // room for the sums
        return all;
    };
    Floats y(expected.y.size(), NAN), dx(x.size(), NAN), dweights(weights.size(), NAN), dbias(bias.size(), NAN);
    OK(on(operation, forward, x, weights, given(bias), y));
    OK(on(operation, backward_data, dy, weights, dx));
    OK(on(operation, backward_weights, x, dy, dweights, given(!bias.empty(), dbias)));
    within(name + ", y", y, expected.y, bounds(sizes.y));
    within(name + ", dx", dx, expected.dx, bounds(sizes.dx));
    within(name + ", dweights", dweights, expected.dweights, bounds(sizes.dweights));
    if (!bias.empty()) within(name + ", dbias", dbias, expected.dbias, bounds(sizes.dbias));
}

template <typename Forward, typename Data, typename Weights>
void within_tf32(const std::string& name, int64_t operation, Forward forward, Data backward_data, Weights backward_weights, const Floats& x,
                 const Floats& weights, const Floats& bias, const Floats& dy, const LayerResult& expected, const LayerResult& sizes) {
    check(std::string(softshare_implementation(operation)).find("tf32") != std::string::npos, name + " uses tensor cores");
    within_rounded(name + ", tf32", 0x1p-11, operation, forward, backward_data, backward_weights, x, weights, bias, dy, expected, sizes);
}

/* A context in bf16, 0 where there is none: on a GPU, or a processor without the instructions, which is told once. */
inline int64_t bf16_context(int threads) {
    int64_t context = 0;
    if (device::cuda() != nullptr) return 0;
    OK(device::open(threads, SOFTSHARE_ISA_AUTO, &context));
    if (softshare_precision(context, SOFTSHARE_PRECISION_BF16) == SOFTSHARE_OK) return context;
    static bool told = false;
    if (!told) printf("SKIPPED: bf16: %s\n", softshare_error());
    told = true;
    OK(softshare_close(context));
    return 0;
}

/* The nearest bfloat16 values, ties to even, by arithmetic: 8 bits of mantissa are kept. For numbers that are not tiny. */
inline std::vector<uint16_t> to_bf16(const Floats& values) {
    std::vector<uint16_t> all;
    for (float value : values) {
        int exponent;
        const float mantissa = frexpf(value, &exponent);
        const float rounded = static_cast<float>(ldexp(nearbyint(ldexp(double(mantissa), 8)), exponent - 8));
        uint32_t word;
        memcpy(&word, &rounded, sizeof word);
        check((word & 0xffff) == 0, "a bfloat16 has 16 bits");
        all.push_back(static_cast<uint16_t>(word >> 16));
    }
    return all;
}

inline Floats absolute(Floats values) {
    for (float& v : values) v = fabsf(v);
    return values;
}

/* Bit for bit. */
template <typename T>
void same(const std::string& what, const std::vector<T>& found, const std::vector<T>& expected) {
    check(found.size() == expected.size() &&
              (found.empty() || memcmp(found.data(), expected.data(), found.size() * sizeof(T)) == 0),
          what + ": bits differ");
}

/* Runs body(context, name) for each instruction set that the processor has, with 1, 2 and 3 threads; or on the CUDA library
 * under test (device.h), with three orders of threads where they are emulated. */
inline void each_context(const std::function<void(int64_t, const std::string&)>& body) {
    for (int order = 1; device::cuda() != nullptr && order <= (device::emulated() ? 3 : 1); order++) {
        int64_t context = 0;
        ok(device::open(order, SOFTSHARE_ISA_AUTO, &context), "softshare_open");
        body(context, "cuda, order " + std::to_string(order));
        OK(softshare_close(context));
    }
    if (device::cuda() != nullptr) return;
    const char* names[] = {"auto", "plain", "avx2", "avx512"};
    for (int isa = SOFTSHARE_ISA_PLAIN; isa <= SOFTSHARE_ISA_AVX512; isa++) {
        for (int threads = 1; threads <= 3; threads++) {
            int64_t context = 0;
            const int status = softshare_open(SOFTSHARE_CPU_LIBRARY, threads, isa, &context);
            if (status == SOFTSHARE_NOT_SUPPORTED) {
                printf("skipped: %s\n", softshare_error());
                break;
            }
            ok(status, "softshare_open");
            body(context, std::string(names[isa]) + ", " + std::to_string(threads) + " threads");
            OK(softshare_close(context));
        }
    }
}

/* A context with the best instruction set. */
inline int64_t open(int threads) {
    int64_t context = 0;
    OK(device::open(threads, SOFTSHARE_ISA_AUTO, &context));
    return context;
}

/*
 * Finite differences: gradient (by the reference) of Σ value·cotangent against (f(x + h) − f(x − h)) / 2h, all in double.
 */
inline void derivative(const std::string& what, Doubles x, const Doubles& gradient, const std::function<double(const Doubles&)>& f) {
    const double h = 1e-5;
    for (size_t i = 0; i < x.size(); i++) {
        const double here = x[i];
        x[i] = here + h;
        const double above = f(x);
        x[i] = here - h;
        const double below = f(x);
        x[i] = here;
        const double slope = (above - below) / (2 * h);
        check(fabs(slope - gradient[i]) <= 1e-7 + 1e-6 * fabs(slope),
              what + ": reference's derivative " + std::to_string(i) + " is " + std::to_string(gradient[i]) +
                  ", finite differences give " + std::to_string(slope));
    }
}

inline double dot(const Doubles& a, const Doubles& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
    return sum;
}

}  // namespace layers_check

#endif
