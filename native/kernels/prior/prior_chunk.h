/*
 * The prior over one chunk of a tensor: brings weights to blocks, and their results back.
 *
 * Dense stretches go block by block. Where less than half of a block's weights are live, the live ones are packed with
 * their addresses until a block is full, so that work follows the live weights; a block without any costs a look at its bits.
 * Late in a run most weights have gathered near zero, within reach of few components, yet every block has some farther
 * off, and the whole mixture would be summed for all: where more than half lie near zero, the others are packed too.
 */
#ifndef SOFTSHARE_PRIOR_CHUNK_H
#define SOFTSHARE_PRIOR_CHUNK_H

#include "../adam/adam_math.h"
#include "prior_block.h"

namespace softshare::cpu::SIMD_NAMESPACE {

/* One thread's memory; moments (K × KINDS × 3 × W doubles, as many floats) and shares (K × B floats) follow it. */
struct Scratch {
    Block block;
    int packed;              // weights waiting in the arrays below
    int64_t address[B];      // in the arena
    int64_t row[B];          // in the tensor
    int64_t column[B];       // expanded
    alignas(64) float task[B], moment1[B], moment2[B];
    double shift_sum;
    int64_t frozen;
};

static int64_t scratch_bytes(int components) {
    return int64_t(sizeof(Scratch)) + int64_t(components) * (B * sizeof(float) + KINDS * 3 * W * (sizeof(double) + sizeof(float)));
}

struct Work {
    const PriorJob& job;
    const PriorChunk& chunk;
    Scratch& s;
    float* p;
    Sums sums;
    Adam adam;
};

/* n ≤ 32 bits of live from bit `at` on. */
SIMD uint32_t live_bits(const uint32_t* live, int64_t at, int n) {
    const int64_t word = at >> 5;
    const int skip = int(at & 31);
    uint32_t bits = __atomic_load_n(live + word, __ATOMIC_RELAXED) >> skip;
    if (skip + n > 32) bits |= __atomic_load_n(live + word + 1, __ATOMIC_RELAXED) << (32 - skip);
    return n < 32 ? bits & ((1u << n) - 1) : bits;
}

/* E of b.n weights, whose a + b lie in b.e. */
SIMD void exponentials(Block& b) {
    for (int i = 0; i < b.n; i += W) {
        V o = min(max(load(b.e + i), set1(prior::OFFSET_LEAST)), set1(prior::OFFSET_MOST));
        store(b.e + i, exp2(mul(o, set1(float(prior::LOG2E)))));
    }
}

/* a + b of n weights that lie one after another, the first at (row, column). */
static void lay_offsets(const PriorJob& job, const PriorChunk& c, int64_t row, int64_t column, int n, float* out) {
    const float* columns = job.column_offsets + c.columns_before;
    while (n > 0) {
        const int m = c.length - column < n ? int(c.length - column) : n;
        const V a = set1(job.row_offsets[c.rows_before + row]);
        int i = 0;
        for (; i + W <= m; i += W) store(out + i, add(a, load(columns + column + i)));
        if (i < m) store_part(out + i, add(a, load_part(columns + column + i, m - i)), m - i);
        out += m;
        n -= m;
        column = 0;
        row++;
    }
}

/* Adds 1 − r_0 of n weights that lie one after another to their rows' and columns' sums. */
static void count(const PriorJob& job, const PriorChunk& c, int64_t row, int64_t column, int n, const float* x) {
    while (n > 0) {
        const int m = c.length - column < n ? int(c.length - column) : n;
        float* columns = job.column_sums + c.column_partial + column;
        V sum = set1(0);
        int i = 0;
        for (; i + W <= m; i += W) {
            V v = load(x + i);
            sum = add(sum, v);
            store(columns + i, add(load(columns + i), v));
        }
        if (i < m) {
            V v = load_part(x + i, m - i);
            sum = add(sum, v);
            store_part(columns + i, add(load_part(columns + i, m - i), v), m - i);
        }
        job.row_sums[c.row_partial + row] += total(sum);
        x += m;
        n -= m;
        column = 0;
        row++;
    }
}

/* Adam on b.n weights; those that do not count stay as they are. */
SIMD void adam_block(const Work& k, const Block& b, float* w, const float* task, float* moment1, float* moment2) {
    const V tau = set1(k.job.adam.tau);
    for (int i = 0; i < b.n; i += W) {
        const int m = b.n - i;
        const bool whole = m >= W;
        V prior = load(b.gradient + i);
        V g = fma(tau, prior, whole ? load(task + i) : load_part(task + i, m));
        V old_w = whole ? load(w + i) : load_part(w + i, m), old_m = whole ? load(moment1 + i) : load_part(moment1 + i, m);
        V old_v = whole ? load(moment2 + i) : load_part(moment2 + i, m);
        V new_w = old_w, new_m = old_m, new_v = old_v;
        adam_update(k.adam, g, &new_w, &new_m, &new_v);
        if (b.partial) {
            M counts = counting(b, i);
            new_w = select(counts, new_w, old_w);
            new_m = select(counts, new_m, old_m);
            new_v = select(counts, new_v, old_v);
        }
        if (whole) {
            store(w + i, new_w);
            store(moment1 + i, new_m);
            store(moment2 + i, new_v);
        } else {
            store_part(w + i, new_w, m);
            store_part(moment1 + i, new_m, m);
            store_part(moment2 + i, new_v, m);
        }
    }
}

SIMD void copy(float* to, const float* from, int n) {
    int i = 0;
    for (; i + W <= n; i += W) store(to + i, load(from + i));
    if (i < n) store_part(to + i, load_part(from + i, n - i), n - i);
}

/* Rows of the responsibilities' matrix. */
static void write_responsibilities(const Block& b, int components, const float* p, float* out) {
    memset(out, 0, sizeof(float) * size_t(b.n) * size_t(components));
    for (int i = 0; i < b.n; i++) {
        for (int a = 0; a < b.actives; a++) {
            const int j = b.active[a];
            out[int64_t(i) * components + j] = p[a * B + i] * (j == 0 ? b.factor0[i] : b.factor[i]);
        }
    }
}

/* Clears bits and weights whose share of not being zero is below 1 − threshold. */
static void freeze(Work& k, const Block& b, int64_t at) {
    const float most = 1 - k.job.threshold;
    for (int i = 0; i < b.n; i++) {
        const bool counts = !b.partial || (b.counts[i / 32] >> (i % 32) & 1);
        if (!counts || !(b.not_zero[i] < most)) continue;
        k.job.weights_out[at + i] = 0.0f;
        // Chunks may meet within a word.
        __atomic_fetch_and(k.job.live_out + ((at + i) >> 5), ~(1u << ((at + i) & 31)), __ATOMIC_RELAXED);
        k.s.frozen++;
    }
}

/* The most responsible component: arg-max of t_j, the first of equals. */
static void assign(const Work& k, Block& b, int64_t at) {
    const PriorTerms& t = *k.job.terms;
    for (int i = 0; i < b.n; i += W) {
        V w = load(b.w + i), best = set1(0), index = set1(0), lift = set1(0);
        if (k.job.row_offsets != nullptr) {
            V o = min(max(load(b.e + i), set1(prior::OFFSET_LEAST)), set1(prior::OFFSET_MOST));
            lift = mul(o, set1(float(prior::LOG2E)));
        }
        for (int j = 0; j < t.components; j++) {
            V d = sub(sub(w, set1(t.mean[j])), set1(t.mean_low[j]));
            V x = fnma(mul(set1(t.slope[j]), d), d, set1(t.constant[j]));
            if (j == 0) {
                best = x;
                continue;
            }
            x = add(x, lift);
            M better = greater(x, best);
            best = select(better, x, best);
            index = select(better, set1(float(j)), index);
        }
        if (b.partial) index = select(counting(b, i), index, set1(0));
        float lanes[W];
        store(lanes, index);
        for (int u = 0; u < W && i + u < b.n; u++) k.job.assignment[at + i + u] = uint8_t(lanes[u]);
    }
}

SIMD void run(Work& k) {
    run_block(*k.job.terms, k.s.block, k.job.row_offsets != nullptr, k.job.statistics != nullptr, k.p, k.sums,
              &k.s.shift_sum);
}

/* b.n weights that lie one after another in the arena from `at` on; split: those that do not count are left to others. */
static void dense_block(Work& k, int64_t at, int64_t row, int64_t column, bool split) {
    const PriorJob& job = k.job;
    Block& b = k.s.block;
    copy(b.w, job.weights + at, b.n);
    if (split) {
        for (int i = 0; i < b.n; i += W) store(b.w + i, select(counting(b, i), load(b.w + i), set1(0)));
    }
    if (job.row_offsets != nullptr) lay_offsets(job, k.chunk, row, column, b.n, b.e);
    if (job.assignment != nullptr) {
        assign(k, b, at);
        return;
    }
    if (job.row_offsets != nullptr) exponentials(b);
    run(k);
    if (job.gradient != nullptr) copy(job.gradient + at, b.gradient, b.n);
    if (job.row_sums != nullptr) count(job, k.chunk, row, column, b.n, b.not_zero);
    if (job.responsibilities != nullptr) {
        write_responsibilities(b, job.terms->components, k.p, job.responsibilities + at * job.terms->components);
    }
    if (job.freeze) freeze(k, b, at);
    if (job.task_gradient != nullptr) {
        adam_block(k, b, job.weights_out + at, job.task_gradient + at, job.moment1 + at, job.moment2 + at);
    }
}

/* The weights that wait. */
static void packed_block(Work& k) {
    const PriorJob& job = k.job;
    Scratch& s = k.s;
    Block& b = s.block;
    b.n = s.packed;
    b.partial = false;
    s.packed = 0;
    if (b.n == 0) return;
    for (int i = 0; i < b.n; i++) b.w[i] = job.weights[s.address[i]];
    if (job.row_offsets != nullptr) {
        for (int i = 0; i < b.n; i++) {
            b.e[i] = job.row_offsets[k.chunk.rows_before + s.row[i]] +
                     job.column_offsets[k.chunk.columns_before + s.column[i]];
        }
        exponentials(b);
    }
    run(k);
    if (job.gradient != nullptr) {
        for (int i = 0; i < b.n; i++) job.gradient[s.address[i]] = b.gradient[i];
    }
    if (job.row_sums != nullptr) {
        for (int i = 0; i < b.n; i++) {
            job.row_sums[k.chunk.row_partial + s.row[i]] += b.not_zero[i];
            job.column_sums[k.chunk.column_partial + s.column[i]] += b.not_zero[i];
        }
    }
    if (job.task_gradient != nullptr) {
        for (int i = 0; i < b.n; i++) {
            s.task[i] = job.task_gradient[s.address[i]];
            s.moment1[i] = job.moment1[s.address[i]];
            s.moment2[i] = job.moment2[s.address[i]];
        }
        adam_block(k, b, b.w, s.task, s.moment1, s.moment2);
        for (int i = 0; i < b.n; i++) {
            job.weights_out[s.address[i]] = b.w[i];
            job.moment1[s.address[i]] = s.moment1[i];
            job.moment2[s.address[i]] = s.moment2[i];
        }
    }
}

/* Puts the live ones of n weights to those that wait. */
static void pack(Work& k, int64_t at, int n, const uint32_t* bits) {
    Scratch& s = k.s;
    const bool places = k.job.row_offsets != nullptr || k.job.row_sums != nullptr;
    for (int i = 0; i < n; i += 32) {
        for (uint32_t rest = bits[i / 32]; rest != 0; rest &= rest - 1) {
            const int64_t address = at + i + __builtin_ctz(rest);
            s.address[s.packed] = address;
            if (places) {
                const int64_t inside = address - k.chunk.offset;
                s.row[s.packed] = inside / k.chunk.length;
                s.column[s.packed] = inside % k.chunk.length;
            }
            if (++s.packed == B) packed_block(k);
        }
    }
}

/* Bits of the n weights that lie near zero, where few components reach; returns how many of `bits` are among them. */
SIMD int find_inner(const PriorTerms& t, const float* w, int n, const uint32_t* bits, uint32_t* inner) {
    const V limit = set1(t.inner), minus = set1(-t.inner);
    int count = 0;
    for (int i = 0; i < n; i += 32) {
        uint32_t near = 0;
        for (int x = i; x < i + 32 && x < n; x += W) {
            V v = n - x < W ? load_part(w + x, n - x) : load(w + x);
            near |= (to_bits(greater(limit, v)) & to_bits(greater(v, minus))) << (x - i);
        }
        inner[i / 32] = near & bits[i / 32];
        count += __builtin_popcount(inner[i / 32]);
    }
    return count;
}

/* A run of weights within the chunk that lie one after another. */
static void stretch(Work& k, int64_t at, int64_t end) {
    if (at >= end) return;
    const PriorJob& job = k.job;
    Block& b = k.s.block;
    const bool may_pack = job.responsibilities == nullptr && job.assignment == nullptr && !job.freeze;
    int64_t row = (at - k.chunk.offset) / k.chunk.length, column = (at - k.chunk.offset) % k.chunk.length;
    for (int n; at < end; at += n) {
        n = end - at < B ? int(end - at) : B;
        int live = 0;
        uint32_t bits[B / 32] = {}, inner[B / 32] = {};
        for (int i = 0; i < n; i += 32) {
            const int m = n - i < 32 ? n - i : 32;
            bits[i / 32] = job.live != nullptr ? live_bits(job.live, at + i, m) : ~0u >> (32 - m);
            live += __builtin_popcount(bits[i / 32]);
        }
        if (may_pack && 2 * live < n) {
            if (job.gradient != nullptr) memset(job.gradient + at, 0, sizeof(float) * size_t(n));
            if (live > 0) pack(k, at, n, bits);
        } else {
            const int near = may_pack && job.terms->inner > 0 ? find_inner(*job.terms, job.weights + at, n, bits, inner) : 0;
            const bool split = near < live && 2 * near > live;
            b.n = n;
            b.partial = split || live < n;
            memcpy(b.counts, split ? inner : bits, sizeof bits);
            dense_block(k, at, row, column, split);
            if (split) {
                for (int i = 0; i < B / 32; i++) bits[i] &= ~inner[i];
                pack(k, at, n, bits);
            }
        }
        column += n;
        if (column >= k.chunk.length) {
            row += column / k.chunk.length;
            column %= k.chunk.length;
        }
    }
}

/* Sums of lanes and kinds to the chunk's statistics. */
static void finish(Work& k, double* out) {
    const PriorTerms& t = *k.job.terms;
    fold_moments(t, k.s.block, k.sums);
    double value = k.s.shift_sum;
    for (int i = 0; i < W; i++) value += k.s.block.value[i];
    out[0] = -prior::LN2 * value;
    for (int j = 0; j < t.components; j++) {
        double m[KINDS * 3];
        for (int x = 0; x < KINDS * 3; x++) {
            m[x] = 0;
            for (int i = 0; i < W; i++) m[x] += k.sums.all[(int64_t(j) * KINDS * 3 + x) * W + i];
        }
        const double mean = t.mean_exact[j];
        out[1 + 3 * j] = m[0] + m[3];
        out[2 + 3 * j] = m[1] + (m[4] - mean * m[3]);
        out[3 + 3 * j] = m[2] + (m[5] - 2 * mean * m[4] + mean * mean * m[3]);
    }
}

static void run_chunk(const PriorJob& job, const PriorChunk& c, int64_t index, void* memory) {
    FlushTiny flush;
    Scratch& s = *static_cast<Scratch*>(memory);
    const int components = job.terms->components;
    const int64_t size = int64_t(components) * KINDS * 3 * W;
    Sums sums;
    sums.all = reinterpret_cast<double*>(&s + 1);
    sums.few = reinterpret_cast<float*>(sums.all + size);
    Work k{job, c, s, sums.few + size, sums,
           adam_of(job.adam.beta1, job.adam.beta2, job.adam.epsilon, job.adam.rate, job.adam.correction1,
                   job.adam.correction2)};
    s.packed = 0;
    s.frozen = 0;
    s.shift_sum = 0;
    memset(s.block.value, 0, sizeof s.block.value);
    s.block.waiting = 0;
    memset(s.block.touched, 0, sizeof s.block.touched);
    if (job.statistics != nullptr) memset(sums.all, 0, size_t(size) * (sizeof(double) + sizeof(float)));
    if (job.row_sums != nullptr) {
        memset(job.row_sums + c.row_partial + c.row, 0, sizeof(float) * size_t(c.row_end - c.row));
        memset(job.column_sums + c.column_partial + c.column, 0, sizeof(float) * size_t(c.column_end - c.column));
    }
    if (c.column == 0 && c.column_end == c.length) {
        stretch(k, c.offset + c.row * c.length, c.offset + c.row_end * c.length);
    } else {
        for (int64_t row = c.row; row < c.row_end; row++) {
            stretch(k, c.offset + row * c.length + c.column, c.offset + row * c.length + c.column_end);
        }
    }
    packed_block(k);
    if (job.statistics != nullptr) finish(k, job.statistics + index * (3 * components + 1));
    if (job.frozen != nullptr) job.frozen[index] = s.frozen;
}

}  // namespace softshare::cpu::SIMD_NAMESPACE

#endif
