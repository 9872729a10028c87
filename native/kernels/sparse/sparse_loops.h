/*
 * The loops of sparse.h with the vectors of one instruction set. Sixteen lanes are N of its vectors. Each sum runs in an order
 * that does not depend on the vector's length; AVX2 and AVX-512 give the same bits (plain C++ rounds a multiply-add twice).
 */
#include "../common/simd.h"
#include "sparse.h"

namespace softshare::cpu::SIMD_NAMESPACE {

namespace {

constexpr int LANES = int(SPARSE_LANES);
constexpr int N = LANES / W;
constexpr int BLOCK = 8 / N > 0 ? 8 / N : 1;  // output positions that are summed side by side
constexpr int EDGES = BLOCK;                  // edges whose gradients are summed side by side

/* Sixteen lanes. */
struct Lanes {
    V v[N];
};

SIMD Lanes zero() {
    Lanes r;
    for (int n = 0; n < N; n++) r.v[n] = set1(0);
    return r;
}
SIMD Lanes read(const float* p) {
    Lanes r;
    for (int n = 0; n < N; n++) r.v[n] = load(p + n * W);
    return r;
}
SIMD void write(float* p, const Lanes& a) {
    for (int n = 0; n < N; n++) store(p + n * W, a.v[n]);
}
SIMD void accumulate(Lanes& sum, V w, const float* x) {
    for (int n = 0; n < N; n++) sum.v[n] = fma(w, load(x + n * W), sum.v[n]);
}
SIMD void accumulate(Lanes& sum, const Lanes& a, const float* x) {
    for (int n = 0; n < N; n++) sum.v[n] = fma(a.v[n], load(x + n * W), sum.v[n]);
}
/* The lanes' sum: halves added until one is left, in the same order for every vector length. */
SIMD float sum_of(const Lanes& a) {
    float lane[LANES];
    write(lane, a);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    return lane[0];
}

/* `count` positions of a row from x on, `step` floats apart, summed over the edges: out (count · 16 floats). */
template <int count>
SIMD void positions(const SparseLayer& s, const float* x, int64_t step, int64_t from, int64_t to, const float* weights, float start,
                    float* out) {
    Lanes sum[count];
    for (int b = 0; b < count; b++)
        for (int n = 0; n < N; n++) sum[b].v[n] = set1(start);
    for (int64_t e = from; e < to; e++) {
        const V w = set1(weights[e]);
        const float* tap = x + s.taps[e];
        for (int b = 0; b < count; b++) accumulate(sum[b], w, tap + b * step);
    }
    for (int b = 0; b < count; b++) write(out + b * LANES, sum[b]);
}

/* One position: four sums side by side hide the latency of the addition. */
SIMD Lanes single(const SparseLayer& s, const float* x, int64_t from, int64_t to, const float* weights, float start) {
    Lanes sum[4] = {zero(), zero(), zero(), zero()};
    for (int n = 0; n < N; n++) sum[0].v[n] = set1(start);
    int64_t e = from;
    for (; e + 4 <= to; e += 4)
        for (int k = 0; k < 4; k++) accumulate(sum[k], set1(weights[e + k]), x + s.taps[e + k]);
    for (; e < to; e++) accumulate(sum[0], set1(weights[e]), x + s.taps[e]);
    for (int n = 0; n < N; n++) sum[0].v[n] = add(add(sum[0].v[n], sum[1].v[n]), add(sum[2].v[n], sum[3].v[n]));
    return sum[0];
}

SIMD void rectify(Lanes& a) {
    for (int n = 0; n < N; n++) a.v[n] = max(a.v[n], set1(0));
}

/* Maximum of each window (the first of equals wins), and which position of the window it was. */
SIMD void pool_forward(const SparseLayer& s, const float* map, float* y, uint8_t* argmax) {
    for (int64_t oy = 0; oy < s.out_height; oy++) {
        for (int64_t ox = 0; ox < s.out_width; ox++) {
            const float* window = map + ((oy * s.pool_stride_height) * s.width + ox * s.pool_stride_width) * LANES;
            Lanes best = read(window);
            Lanes at = zero();
            for (int64_t k = 1; k < s.pool_height * s.pool_width; k++) {
                const Lanes x = read(window + (k / s.pool_width * s.width + k % s.pool_width) * LANES);
                for (int n = 0; n < N; n++) {
                    const M above = greater(x.v[n], best.v[n]);
                    best.v[n] = select(above, x.v[n], best.v[n]);
                    at.v[n] = select(above, set1(float(k)), at.v[n]);
                }
            }
            if (s.relu) rectify(best);
            write(y + oy * s.y.row + ox * LANES, best);
            float position[LANES];
            write(position, at);
            for (int i = 0; i < LANES; i++) argmax[i] = uint8_t(position[i]);
            argmax += LANES;
        }
    }
}

void forward(const SparseLayer& s, const SparseChunk& chunk, const float* packed, const float* arena) {
    const float* weights = packed + s.first_edge;
    const bool pool = s.pool_height > 0;
    for (int64_t o = 0; o < s.out_channels; o++) {
        if (!s.needed[o]) continue;
        const float* x = chunk.memory + s.x.base;
        float* y = chunk.memory + s.y.base + o * s.y.map;
        const int64_t from = s.first[o], to = s.first[o + 1];
        const float start = s.bias ? arena[s.bias_offset + o] : 0;
        if (s.height == 1 && s.width == 1) {
            Lanes sum = single(s, x, from, to, weights, start);
            if (s.relu) rectify(sum);
            write(y, sum);
            continue;
        }
        const int64_t step = s.stride_width * LANES;
        for (int64_t oy = 0; oy < s.height; oy++) {
            const float* row = x + oy * s.stride_height * s.x.row;
            float* out = pool ? chunk.scratch + oy * s.width * LANES : y + oy * s.y.row;
            int64_t ox = 0;
            for (; ox + BLOCK <= s.width; ox += BLOCK)
                positions<BLOCK>(s, row + ox * step, step, from, to, weights, start, out + ox * LANES);
            for (; ox < s.width; ox++) positions<1>(s, row + ox * step, step, from, to, weights, start, out + ox * LANES);
            if (!pool && s.relu) {
                for (ox = 0; ox < s.width; ox++) {
                    Lanes a = read(out + ox * LANES);
                    rectify(a);
                    write(out + ox * LANES, a);
                }
            }
        }
        if (pool) {
            pool_forward(s, chunk.scratch, y, chunk.bytes + s.argmax + o * s.out_height * s.out_width * LANES);
        }
    }
}

/* The output's gradient at (oy, ox), 0 where the rectifier was. */
SIMD Lanes masked(const SparseLayer& s, const float* y, int64_t at) {
    Lanes dy = read(y + at + s.gradients);
    if (s.relu) {
        const Lanes value = read(y + at);
        for (int n = 0; n < N; n++) dy.v[n] = select(greater(value.v[n], set1(0)), dy.v[n], set1(0));
    }
    return dy;
}

/* The gradient of the map in front of pooling into scratch. Returns the sum over it: the bias's gradient. */
SIMD float unpool(const SparseLayer& s, const SparseChunk& chunk, const float* y, int64_t o) {
    float* map = chunk.scratch;
    Lanes total = zero();
    const bool pool = s.pool_height > 0;
    if (pool) memset(map, 0, size_t(s.height * s.width * LANES) * sizeof(float));
    const uint8_t* argmax = chunk.bytes + s.argmax + o * s.out_height * s.out_width * LANES;
    for (int64_t oy = 0; oy < s.out_height; oy++) {
        for (int64_t ox = 0; ox < s.out_width; ox++) {
            const Lanes dy = masked(s, y, oy * s.y.row + ox * LANES);
            for (int n = 0; n < N; n++) total.v[n] = add(total.v[n], dy.v[n]);
            if (!pool) {
                write(map + (oy * s.width + ox) * LANES, dy);
                continue;
            }
            float position[LANES];
            for (int i = 0; i < LANES; i++) position[i] = float(argmax[i]);
            argmax += LANES;
            float* window = map + ((oy * s.pool_stride_height) * s.width + ox * s.pool_stride_width) * LANES;
            for (int64_t k = 0; k < s.pool_height * s.pool_width; k++) {
                float* at = window + (k / s.pool_width * s.width + k % s.pool_width) * LANES;
                for (int n = 0; n < N; n++) {
                    const V p = load(position + n * W), here = set1(float(k));
                    const V others = select(greater(p, here), set1(0), dy.v[n]);
                    store(at + n * W, add(load(at + n * W), select(greater(here, p), set1(0), others)));
                }
            }
        }
    }
    return sum_of(total);
}

/* Weight gradients of EDGES edges from `e` on (or of one): Σ over positions and lanes of map · input. */
template <int count>
SIMD void edge_gradients(const SparseLayer& s, const float* x, const float* map, int64_t e, float* out) {
    Lanes sum[count];
    const float* tap[count];
    for (int k = 0; k < count; k++) {
        sum[k] = zero();
        tap[k] = x + s.taps[e + k];
    }
    const int64_t step = s.stride_width * LANES;
    for (int64_t oy = 0; oy < s.height; oy++) {
        const int64_t row = oy * s.stride_height * s.x.row;
        for (int64_t ox = 0; ox < s.width; ox++) {
            const Lanes dy = read(map + (oy * s.width + ox) * LANES);
            for (int k = 0; k < count; k++) accumulate(sum[k], dy, tap[k] + row + ox * step);
        }
    }
    for (int k = 0; k < count; k++) out[e + k] = sum_of(sum[k]);
}

void backward(const SparseLayer& s, const SparseChunk& chunk, const float* packed) {
    const float* weights = packed + s.first_edge;
    const float* x = chunk.memory + s.x.base;
    float* dx = chunk.memory + s.x.base + s.gradients;
    for (int64_t o = 0; o < s.out_channels; o++) {
        if (!s.needed[o]) continue;
        float* y = chunk.memory + s.y.base + o * s.y.map;
        const int64_t from = s.first[o], to = s.first[o + 1];
        if (s.height == 1 && s.width == 1 && s.pool_height == 0) {
            const Lanes dy = masked(s, y, 0);
            write(y + s.gradients, dy);
            for (int64_t e = from; s.wants_dx && e < to; e++) {
                float* to_dx = dx + s.taps[e];
                Lanes sum = read(to_dx);
                const V w = set1(weights[e]);
                for (int n = 0; n < N; n++) sum.v[n] = fma(w, dy.v[n], sum.v[n]);
                write(to_dx, sum);
            }
            continue;
        }
        chunk.bias_partials[o] = unpool(s, chunk, y, o);
        int64_t e = from;
        for (; e + EDGES <= to; e += EDGES) edge_gradients<EDGES>(s, x, chunk.scratch, e, chunk.partials);
        for (; e < to; e++) edge_gradients<1>(s, x, chunk.scratch, e, chunk.partials);
        for (e = from; s.wants_dx && e < to; e++) {
            const V w = set1(weights[e]);
            for (int64_t oy = 0; oy < s.height; oy++) {
                float* row = dx + s.taps[e] + oy * s.stride_height * s.x.row;
                const float* map = chunk.scratch + oy * s.width * LANES;
                for (int64_t ox = 0; ox < s.width; ox++) {
                    float* at = row + ox * s.stride_width * LANES;
                    for (int n = 0; n < N; n++)
                        store(at + n * W, fma(w, load(map + ox * LANES + n * W), load(at + n * W)));
                }
            }
        }
    }
}

float linear_gradient(const SparseLayer& s, const float* memory, int64_t chunk_floats, int64_t chunks, int64_t o, int64_t edge) {
    Lanes sum = zero();
    const float* dy = memory + s.y.base + o * s.y.map + s.gradients;
    for (int64_t c = 0; c < chunks; c++, dy += chunk_floats) {
        const Lanes a = read(dy);
        if (edge < 0) {
            for (int n = 0; n < N; n++) sum.v[n] = add(sum.v[n], a.v[n]);
        } else {
            accumulate(sum, a, memory + c * chunk_floats + s.x.base + s.taps[edge]);
        }
    }
    return sum_of(sum);
}

}  // namespace

const SparseLoops sparse_loops = {forward, backward, linear_gradient};

}  // namespace softshare::cpu::SIMD_NAMESPACE
