/*
 * One block of weights against the mixture: the fused inner loops, for any vector wrapper.
 *
 * Per block, from the least and greatest weight in it:
 *   low   = max_j min(t_j(least), t_j(greatest))  a lower bound of every weight's largest t (t_j is concave)
 *   top_j = the largest t_j between the two
 * A component with top_j + log2(σ_most/σ_j) + 3 < low − SKIP_BITS is left out of the block. If max_j top_j − low is
 * at most 60, one shift for the whole block is safe and the pass that finds each weight's own maximum is saved.
 *
 * Passes
 *   1  (only without a common shift) t_j and the weight's maximum m
 *   2  p_j = 2^(t_j − m), kept in level 1; F = Σ p_j and Σ p_j h_j d_j in registers; one division a weight
 *   3  (only for statistics) per component Σ r, Σ r d, Σ r d², a few floats a lane, then doubles. Where σ is wide against
 *      the block's weights, raw moments Σ r, Σ r w, Σ r w² cost half as much and are shifted to μ in double at the end.
 */
#ifndef SOFTSHARE_PRIOR_BLOCK_H
#define SOFTSHARE_PRIOR_BLOCK_H

#include "../common/simd.h"
#include "prior.h"
#include "prior_math.h"

namespace softshare::cpu::SIMD_NAMESPACE {

constexpr int B = PRIOR_BLOCK;
constexpr int GROUP = W * UNROLL;
constexpr int KINDS = 2;  // moments about μ, raw moments

struct alignas(64) Block {
    int n;                   // weights; the arrays are filled up with copies of the first to a multiple of GROUP
    bool partial;            // some of the n weights do not count
    uint32_t counts[B / 32]; // then: a bit a weight that counts; none beyond n
    alignas(64) float w[B];  // a vector across two cache lines would cost twice
    float e[B];              // E, structured only
    float factor0[B];        // 1/S where the weight counts, else 0: r_0 = p_0·factor0,
    float factor[B];         // E/S: r_j = p_j·factor
    float first[B];          // factor·w
    float second[B];         // factor·w²
    float gradient[B];
    float not_zero[B];       // 1 − r_0
    int active[PRIOR_COMPONENTS];
    int actives;
    float bound_low[PRIOR_COMPONENTS], bound_top[PRIOR_COMPONENTS];
    alignas(64) double value[W];  // Σ log2 p, by lanes
    int waiting;             // blocks since moments were last folded into doubles
    uint8_t touched[PRIOR_COMPONENTS];  // kinds of moments that wait, as bits
};

/* Where moments are summed: a few floats a lane, then doubles; K × KINDS × 3 × W each. */
struct Sums {
    float* few;
    double* all;
};
constexpr int FEW_BLOCKS = 4;  // 4 · 256 / W floats a lane

SIMD M counting(const Block& b, int i) { return mask(b.counts[i / 32] >> (i % 32)); }

/* Chooses the components that matter and, if there is one, the common shift. */
SIMD bool choose(const PriorTerms& k, Block& b, int n, bool structured, float* shift) {
    V least = load(b.w), greatest = least;
    for (int i = W; i < n; i += W) {
        least = min(least, load(b.w + i));
        greatest = max(greatest, load(b.w + i));
    }
    const float a = lowest(least), z = highest(greatest);
    const V from = set1(a), to = set1(z);
    V low_all = set1(-3e38f), top_all = set1(-3e38f);
    for (int j = 0; j < k.padded; j += W) {
        V mean = load(k.mean + j), h = load(k.slope + j), c = load(k.constant + j);
        V x = sub(from, mean), y = sub(to, mean);
        V s = mul(mul(h, x), x), t = mul(mul(h, y), y);
        V nearest = min(s, t);
        nearest = select(greater(mul(x, y), set1(0)), nearest, set1(0));  // the mean lies between them
        low_all = max(low_all, sub(c, max(s, t)));
        top_all = max(top_all, sub(c, nearest));
        store(b.bound_top + j, sub(load(k.reach + j), nearest));
    }
    const float low = highest(low_all), top = highest(top_all);
    /* E lies between 2^-6 and 2^10.1: it may lift a component against the zero one, or lower all against it. */
    const float least_share = low - prior::SKIP_BITS - (structured ? 16.0f : 0.0f);
    b.actives = 0;
    for (int j = 0; j < k.components; j++) {
        b.active[b.actives] = j;
        b.actives += !(b.bound_top[j] < least_share);  // a NaN keeps it
    }
    *shift = top;
    return top - low <= 60.0f;
}

/* One component on UNROLL vectors: p is stored and added to sum, p·h·d is added to slope_sum. */
template <bool Common>
SIMD void one(const PriorTerms& k, int j, const V* w, const V* m, float* p, V* sum, V* slope_sum) {
    const V mean = set1(k.mean[j]), low = set1(k.mean_low[j]), h = set1(k.slope[j]);
    const V c = Common ? sub(set1(k.constant[j]), m[0]) : set1(k.constant[j]);
    for (int u = 0; u < UNROLL; u++) {
        V d = sub(sub(w[u], mean), low);
        V hd = mul(h, d);
        V t = fnma(hd, d, c);
        V x = exp2(Common ? t : sub(t, m[u]));
        store(p + u * W, x);
        sum[u] = add(sum[u], x);
        slope_sum[u] = fma(x, hd, slope_sum[u]);
    }
}

/* Passes 1 and 2. */
template <bool Structured, bool Common>
static void shares(const PriorTerms& k, Block& b, int n, float common, float* p, bool want_statistics) {
    const V q0 = set1(k.zero), q1 = set1(k.not_zero);
    V values = set1(0);
    for (int i = 0; i < n; i += GROUP) {
        V w[UNROLL], m[UNROLL];
        for (int u = 0; u < UNROLL; u++) {
            w[u] = load(b.w + i + u * W);
            m[u] = set1(Common ? common : -3e38f);
        }
        if (!Common) {
            for (int a = 0; a < b.actives; a++) {
                const int j = b.active[a];
                const V mean = set1(k.mean[j]), low = set1(k.mean_low[j]), h = set1(k.slope[j]), c = set1(k.constant[j]);
                for (int u = 0; u < UNROLL; u++) {
                    V d = sub(sub(w[u], mean), low);
                    m[u] = max(m[u], fnma(mul(h, d), d, c));
                }
            }
        }
        V zero[UNROLL], zero_slope[UNROLL], sum[UNROLL], slope_sum[UNROLL];
        for (int u = 0; u < UNROLL; u++) zero[u] = zero_slope[u] = sum[u] = slope_sum[u] = set1(0);
        V mantissas = set1(1);
        int a = 0;
        if (b.actives > 0 && b.active[0] == 0) {
            one<Common>(k, 0, w, m, p + i, zero, zero_slope);
            a = 1;
        }
        for (; a < b.actives; a++) one<Common>(k, b.active[a], w, m, p + a * B + i, sum, slope_sum);
        for (int u = 0; u < UNROLL; u++) {
            const int at = i + u * W;
            V s, rest, slopes;
            V e = set1(1);
            if (Structured) {
                e = load(b.e + at);
                rest = mul(e, sum[u]);
                slopes = fma(e, slope_sum[u], zero_slope[u]);
            } else {
                rest = sum[u];
                slopes = add(slope_sum[u], zero_slope[u]);
            }
            s = add(zero[u], rest);
            V share = inverse(s);
            if (want_statistics) {
                V density = Structured ? mul(s, inverse(fma(q1, e, q0))) : s;
                if (b.partial) density = select(counting(b, at), density, set1(1));
                V mantissa;
                V exponent = split(density, &mantissa);
                mantissas = mul(mantissas, mantissa);
                if (!Common) exponent = add(exponent, b.partial ? select(counting(b, at), m[u], set1(0)) : m[u]);
                values = add(values, exponent);
            }
            if (b.partial) share = select(counting(b, at), share, set1(0));
            store(b.factor0 + at, share);
            store(b.factor + at, Structured ? mul(e, share) : share);
            store(b.gradient + at, mul(mul(slopes, share), set1(float(2 * prior::LN2))));
            store(b.not_zero + at, mul(rest, share));
        }
        // One logarithm for the product of the group's mantissas, each between √½ and √2.
        if (want_statistics) values = add(values, log2(mantissas));
    }
    if (want_statistics) fold(b.value, values);
}

SIMD void add_to(float* p, V v) { store(p, add(load(p), v)); }

/* Pass 3 about μ for one component. */
SIMD void moments(const PriorTerms& k, const Block& b, int n, int j, const float* p, float* sums) {
    const V mean = set1(k.mean[j]), low = set1(k.mean_low[j]);
    const float* factor = j == 0 ? b.factor0 : b.factor;
    V s0[2], s1[2], s2[2];
    for (int u = 0; u < 2; u++) s0[u] = s1[u] = s2[u] = set1(0);
    for (int i = 0; i < n; i += 2 * W) {
        for (int u = 0; u < 2; u++) {
            const int at = i + u * W;
            V r = mul(load(p + at), load(factor + at));
            V d = sub(sub(load(b.w + at), mean), low);
            V rd = mul(r, d);
            s0[u] = add(s0[u], r);
            s1[u] = add(s1[u], rd);
            s2[u] = fma(rd, d, s2[u]);
        }
    }
    add_to(sums, add(s0[0], s0[1]));
    add_to(sums + W, add(s1[0], s1[1]));
    add_to(sums + 2 * W, add(s2[0], s2[1]));
}

/* Pass 3, raw moments of N components at once: factors are loaded once for all. Not for component 0. */
template <int N>
SIMD void raw_moments(const Block& b, int n, const float* const* p, float* const* sums) {
    V s0[N], s1[N], s2[N];
    for (int a = 0; a < N; a++) s0[a] = s1[a] = s2[a] = set1(0);
    for (int i = 0; i < n; i += W) {
        V f0 = load(b.factor + i), f1 = load(b.first + i), f2 = load(b.second + i);
        for (int a = 0; a < N; a++) {
            V x = pin(load(p[a] + i));
            s0[a] = fma(x, f0, s0[a]);
            s1[a] = fma(x, f1, s1[a]);
            s2[a] = fma(x, f2, s2[a]);
        }
    }
    for (int a = 0; a < N; a++) {
        add_to(sums[a], s0[a]);
        add_to(sums[a] + W, s1[a]);
        add_to(sums[a] + 2 * W, s2[a]);
    }
}

/* Folds what waits into doubles. */
static void fold_moments(const PriorTerms& k, Block& b, Sums sums) {
    for (int j = 0; j < k.components; j++) {
        for (int kind = 0; kind < KINDS; kind++) {
            if ((b.touched[j] >> kind & 1) == 0) continue;
            const int64_t at = (int64_t(j) * KINDS + kind) * 3 * W;
            for (int x = 0; x < 3 * W; x += W) {
                fold(sums.all + at + x, load(sums.few + at + x));
                store(sums.few + at + x, set1(0));
            }
        }
        b.touched[j] = 0;
    }
    b.waiting = 0;
}

/* Pass 3. */
static void statistics(const PriorTerms& k, Block& b, int n, const float* p, Sums sums) {
    V most = set1(0);
    for (int i = 0; i < n; i += W) {
        V w = load(b.w + i), f = load(b.factor + i);
        most = max(most, max(w, sub(set1(0), w)));
        V fw = mul(f, w);
        store(b.first + i, fw);
        store(b.second + i, mul(fw, w));
    }
    const float farthest = highest(most);
    const float* raw[4];
    float* raw_sums[4];
    int raws = 0;
    for (int a = 0; a < b.actives; a++) {
        const int j = b.active[a];
        float* own = sums.few + int64_t(j) * KINDS * 3 * W;
        if (j == 0 || !(farthest <= k.spread[j])) {
            b.touched[j] |= 1;
            moments(k, b, n, j, p + a * B, own);
            continue;
        }
        b.touched[j] |= 2;
        raw[raws] = p + a * B;
        raw_sums[raws] = own + 3 * W;
        if (++raws == 4) {
            raw_moments<4>(b, n, raw, raw_sums);
            raws = 0;
        }
    }
    for (int a = 0; a < raws; a++) raw_moments<1>(b, n, raw + a, raw_sums + a);
    if (++b.waiting == FEW_BLOCKS) fold_moments(k, b, sums);
}

/* Fills the block up to whole groups; what is added does not count. Returns how many there are now. */
SIMD int fill_up(Block& b, bool structured) {
    const int n = (b.n + GROUP - 1) / GROUP * GROUP;
    if (n == b.n) return n;
    if (!b.partial) {
        for (int i = 0; i < B / 32; i++) b.counts[i] = ~0u;
        b.partial = true;
    }
    for (int i = b.n; i < B; i++) b.counts[i / 32] &= ~(1u << (i % 32));
    for (int i = b.n; i < n; i++) {
        b.w[i] = b.w[0];
        if (structured) b.e[i] = b.e[0];
    }
    return n;
}

/* The whole block: fills gradient, not_zero, factors; adds to sums and value. Returns the common shift (0: none). */
static void run_block(const PriorTerms& k, Block& b, bool structured, bool want_statistics, float* p, Sums sums,
                      double* shift_sum) {
    const int n = fill_up(b, structured);
    float shift = 0;
    const bool common = choose(k, b, n, structured, &shift);
    if (structured) {
        common ? shares<true, true>(k, b, n, shift, p, want_statistics) : shares<true, false>(k, b, n, 0, p, want_statistics);
    } else {
        common ? shares<false, true>(k, b, n, shift, p, want_statistics) : shares<false, false>(k, b, n, 0, p, want_statistics);
    }
    if (!want_statistics) return;
    if (common) {
        int counted = b.n;
        if (b.partial) {
            counted = 0;
            for (int i = 0; i < n; i += 32) counted += __builtin_popcount(b.counts[i / 32]);
        }
        *shift_sum += double(shift) * counted;
    }
    statistics(k, b, n, p, sums);
}

}  // namespace softshare::cpu::SIMD_NAMESPACE

#endif
