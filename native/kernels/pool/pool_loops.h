/*
 * Loops of pooling over NHWC rows, vectors along the channels; compiled once for each instruction set, with the same
 * bits: no sum crosses lanes. SOFTSHARE_LOOPS: the namespace, SOFTSHARE_LANES: floats a vector.
 *
 * Backward is a gathering: each input position adds up the windows it lies in, in their order. Nothing is scattered, so
 * rows are independent.
 *
 * A pixel's channels are done in vectors; the last vector overlaps the one before (every result is written whole, so
 * twice is as good as once). Fewer channels than lanes are done one by one.
 */
#include "pool.h"

namespace softshare::cpu::SOFTSHARE_LOOPS {

namespace {

#define LOOP inline __attribute__((always_inline))

constexpr int lanes = SOFTSHARE_LANES;
typedef float Floats __attribute__((vector_size(4 * SOFTSHARE_LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * SOFTSHARE_LANES)));
typedef uint8_t Bytes __attribute__((vector_size(SOFTSHARE_LANES)));

/* The same operations on a vector of channels and on one channel. */
struct Many {
    typedef Floats F;
    typedef Ints I;
    static LOOP F load(const float* p) {
        F v;
        __builtin_memcpy(&v, p, sizeof v);
        return v;
    }
    static LOOP void store(float* p, F v) { __builtin_memcpy(p, &v, sizeof v); }
    static LOOP I load(const uint8_t* p) {
        Bytes b;
        __builtin_memcpy(&b, p, sizeof b);
        return __builtin_convertvector(b, I);
    }
    static LOOP void store(uint8_t* p, I v) {
        const Bytes b = __builtin_convertvector(v, Bytes);
        __builtin_memcpy(p, &b, sizeof b);
    }
};

struct One {
    typedef float F;
    typedef int32_t I;
    static LOOP F load(const float* p) { return *p; }
    static LOOP void store(float* p, F v) { *p = v; }
    static LOOP I load(const uint8_t* p) { return *p; }
    static LOOP void store(uint8_t* p, I v) { *p = static_cast<uint8_t>(v); }
};

/* body(set, first channel) over all channels. */
template <typename Body>
LOOP void over_channels(int64_t channels, Body body) {
    if (channels < lanes) {
        for (int64_t c = 0; c < channels; c++) body(One(), c);
        return;
    }
    int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) body(Many(), c);
    if (c < channels) body(Many(), channels - lanes);
}

/* A window clipped to the image, as positions of the image, and where it began before clipping. */
struct Span {
    int64_t origin, begin, end;
};

LOOP Span window(int64_t out, int64_t stride, int64_t pad, int64_t kernel, int64_t length) {
    const int64_t origin = out * stride - pad, end = origin + kernel;
    return {origin, origin < 0 ? 0 : origin, end > length ? length : end};
}

void max_forward(const PoolShape& s, int64_t row, const float* x, float* y, uint8_t* argmax) {
    const int64_t channels = s.channels;
    const float* image = x + row / s.out_height * s.in_height * s.in_width * channels;
    const Span v = window(row % s.out_height, s.stride_height, s.pad_height, s.kernel_height, s.in_height);
    for (int64_t ox = 0; ox < s.out_width; ox++) {
        const Span h = window(ox, s.stride_width, s.pad_width, s.kernel_width, s.in_width);
        const int64_t at = (row * s.out_width + ox) * channels;
        over_channels(channels, [=, &s](auto set, int64_t c) {
            using S = decltype(set);
            const float* from = image + c;
            typename S::F best = S::load(from + (v.begin * s.in_width + h.begin) * channels);
            typename S::I winner = typename S::I{} + static_cast<int32_t>((v.begin - v.origin) * s.kernel_width + h.begin - h.origin);
            for (int64_t iy = v.begin; iy < v.end; iy++) {
                for (int64_t ix = h.begin; ix < h.end; ix++) {
                    const typename S::F value = S::load(from + (iy * s.in_width + ix) * channels);
                    const typename S::I here = typename S::I{} + static_cast<int32_t>((iy - v.origin) * s.kernel_width + ix - h.origin);
                    winner = value > best ? here : winner;
                    best = value > best ? value : best;
                }
            }
            S::store(y + at + c, best);
            S::store(argmax + at + c, winner);
        });
    }
}

/* Windows side by side, as in most networks: each position lies in one, or beyond the last, and each window is looked up
 * once for its part of the row. */
void max_backward_disjoint(const PoolShape& s, int64_t row, const float* dy, const uint8_t* argmax, float* dx) {
    const int64_t channels = s.channels, kernel = s.kernel_width, iy = row % s.in_height, oy = iy / s.kernel_height;
    float* to = dx + row * s.in_width * channels;
    const int64_t covered = oy < s.out_height ? s.out_width : 0;
    const int64_t from = (row / s.in_height * s.out_height + oy) * s.out_width * channels;
    const int32_t first = static_cast<int32_t>(iy % s.kernel_height * kernel);
    for (int64_t ox = 0; ox < covered; ox++) {
        const float* values = dy + from + ox * channels;
        const uint8_t* winners = argmax + from + ox * channels;
        float* window = to + ox * kernel * channels;
        over_channels(channels, [=](auto set, int64_t c) {
            using S = decltype(set);
            const typename S::F value = S::load(values + c);
            const typename S::I winner = S::load(winners + c);
            for (int64_t x = 0; x < kernel; x++) {
                const typename S::I here = typename S::I{} + (first + static_cast<int32_t>(x));
                S::store(window + x * channels + c, winner == here ? value : typename S::F{});
            }
        });
    }
    for (int64_t i = covered * kernel * channels; i < s.in_width * channels; i++) to[i] = 0.0f;
}

void max_backward(const PoolShape& s, int64_t row, const float* dy, const uint8_t* argmax, float* dx) {
    if (s.kernel_height == s.stride_height && s.kernel_width == s.stride_width && s.pad_height == 0 && s.pad_width == 0) {
        max_backward_disjoint(s, row, dy, argmax, dx);
        return;
    }
    const int64_t channels = s.channels, iy = row % s.in_height;
    const int64_t image = row / s.in_height * s.out_height * s.out_width * channels;
    const PoolReach v = s.rows[iy];
    for (int64_t ix = 0; ix < s.in_width; ix++) {
        const PoolReach h = s.columns[ix];
        float* to = dx + (row * s.in_width + ix) * channels;
        over_channels(channels, [=, &s](auto set, int64_t c) {
            using S = decltype(set);
            typename S::F sum{};
            for (int64_t oy = v.first; oy <= v.last; oy++) {
                for (int64_t ox = h.first; ox <= h.last; ox++) {
                    const int64_t at = image + (oy * s.out_width + ox) * channels + c;
                    const int64_t position = (iy + s.pad_height - oy * s.stride_height) * s.kernel_width + ix + s.pad_width - ox * s.stride_width;
                    const typename S::I here = typename S::I{} + static_cast<int32_t>(position);
                    sum += S::load(argmax + at) == here ? S::load(dy + at) : typename S::F{};
                }
            }
            S::store(to + c, sum);
        });
    }
}

void average_forward(const PoolShape& s, int64_t row, const float* x, float* y) {
    const int64_t channels = s.channels;
    const float* image = x + row / s.out_height * s.in_height * s.in_width * channels;
    const Span v = window(row % s.out_height, s.stride_height, s.pad_height, s.kernel_height, s.in_height);
    for (int64_t ox = 0; ox < s.out_width; ox++) {
        const Span h = window(ox, s.stride_width, s.pad_width, s.kernel_width, s.in_width);
        const float positions = static_cast<float>((v.end - v.begin) * (h.end - h.begin));
        float* to = y + (row * s.out_width + ox) * channels;
        over_channels(channels, [=, &s](auto set, int64_t c) {
            using S = decltype(set);
            typename S::F sum{};
            for (int64_t iy = v.begin; iy < v.end; iy++) {
                for (int64_t ix = h.begin; ix < h.end; ix++) sum += S::load(image + (iy * s.in_width + ix) * channels + c);
            }
            S::store(to + c, sum / positions);
        });
    }
}

void average_backward(const PoolShape& s, int64_t row, const float* dy, float* dx) {
    const int64_t channels = s.channels;
    const float* image = dy + row / s.in_height * s.out_height * s.out_width * channels;
    const PoolReach v = s.rows[row % s.in_height];
    for (int64_t ix = 0; ix < s.in_width; ix++) {
        const PoolReach h = s.columns[ix];
        float* to = dx + (row * s.in_width + ix) * channels;
        over_channels(channels, [=, &s](auto set, int64_t c) {
            using S = decltype(set);
            typename S::F sum{};
            for (int64_t oy = v.first; oy <= v.last; oy++) {
                const Span high = window(oy, s.stride_height, s.pad_height, s.kernel_height, s.in_height);
                for (int64_t ox = h.first; ox <= h.last; ox++) {
                    const Span wide = window(ox, s.stride_width, s.pad_width, s.kernel_width, s.in_width);
                    const float positions = static_cast<float>((high.end - high.begin) * (wide.end - wide.begin));
                    sum += S::load(image + (oy * s.out_width + ox) * channels + c) / positions;
                }
            }
            S::store(to + c, sum);
        });
    }
}

#undef LOOP

}  // namespace

extern const PoolLoops pool_loops;
const PoolLoops pool_loops = {max_forward, max_backward, average_forward, average_backward};

}  // namespace softshare::cpu::SOFTSHARE_LOOPS
