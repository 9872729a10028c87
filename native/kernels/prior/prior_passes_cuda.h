/*
 * The fused prior on CUDA: one pass over the arena that reads weight, task gradient and two moments, writes three of them
 * (28 bytes a weight), and leaves the sums for the mixture's own update.
 *
 * The mixture's constants are derived from its doubles by a tiny kernel and copied to constant memory, device to device on the
 * stream: a captured graph keeps both as nodes, so that a replayed step sees the mixture as it is then. Up to 32 components a
 * weight's t_j stay in registers (a form for each of 4, 8, 17, 24, 32: components beyond K are absent, p = 0); above that they are
 * computed twice, once for the largest, once for the sums, and statistics come from a pass of their own over (weight,
 * component) pairs.
 *
 * Precision. t_j carries a rounding error of about 2^-24 |t_j|; with |t_j| ≤ 46 (8 σ) a responsibility is off by 2e-6 relative,
 * ex2.approx adds 2^-22. So |∂/∂w| is off by less than 1e-5 Σ r_j |d_j| / σ_j² there, as the CPU's. Beyond 8 σ: d is off by 2^-23
 * of itself, h d² by up to 7 · 2^-24 of itself, so ln p_j by 3.5 · 2^-24 z_j² = 2.1e-7 z_j², z_j = d_j / σ_j. A responsibility
 * moves by r_j (δ_j − Σ r_k δ_k), at most 2 r_j (1 − r_j) max δ, and |∂/∂w| by at most
 *     2e-6 Σ r_j |d_j| / σ_j² + 2.1e-7 max z² · Σ 2 r_j (1 − r_j) |d_j| / σ_j²,   the maximum over components with a share.
 * The tests assert both (reference::gradient_bound).
 */
#ifndef SOFTSHARE_PRIOR_PASSES_CUDA_H
#define SOFTSHARE_PRIOR_PASSES_CUDA_H

#include "prior_cuda.h"

#include <math.h>

#include "../common/approx.h"
#include "../common/reduce.h"

namespace softshare::cuda {

namespace {

/* A slot for each context that has a prior (PriorSlot); each call on a stream fills its own first. */
__constant__ PriorTerms terms_of_slots[PRIOR_SLOTS];

/*
 * The kernel's constants. FIRST: slot 0, whose addresses stand in the instructions (an operand of an addition or a multiply-add may be
 * a constant at a fixed address). Other slots are read through an index, one more instruction for some of them: 227.5
 * instructions a weight, not 173.5, at 17 components on sm_90 (on an H100 memory stays the limit, of an H200 it is issue). So each
 * kernel has two forms of one source (whether a device's compiler contracts both alike is not promised); a process with one context
 * never runs the second.
 */
template <bool FIRST>
__device__ __forceinline__ const PriorTerms& terms_of(int slot) {
    return terms_of_slots[FIRST ? 0 : slot];
}

/* What a pass reads and writes; pointers that are NULL are not wanted. */
struct Pass {
    const PriorChunk* chunks;
    int chunk_count, components, slot;
    const float* weights;
    const uint32_t* live;
    const float *row_offsets, *column_offsets;
    float* gradient;  // evaluate
    float* updated;   // step: the weights again
    const float* task;
    float *moment1, *moment2;
    const float* scalars;
    float beta1, beta2, epsilon;
    double* partials;
    float* shares;
    float* norms;
    float* responsibilities;
    uint8_t* assignment;
};

__global__ void derive(const double* mixture, int components, int zero_component, PriorTerms* out) {
    const int j = int(threadIdx.x);
    const double mu = j >= components || (zero_component != 0 && j == 0) ? 0 : mixture[components + j];
    const double sigma = j < components ? mixture[2 * components + j] : 1;
    out->mean[j] = float(mu);
    out->mean_low[j] = float(mu - double(float(mu)));
    out->slope[j] = float(prior::slope(sigma));
    SHARED_ARRAY(double, constants, PRIOR_COMPONENTS);
    constants[j] = j < components ? prior::constant(mixture[j], sigma) : prior::ABSENT;
    __syncthreads();
    double top = constants[0];
    for (int k = 1; k < components; k++) top = fmax(top, constants[k]);
    out->constant[j] = float(constants[j] - top);
    if (j == 0) {
        out->top = float(top);
        out->zero = float(mixture[0]);
        out->not_zero = float(1 - mixture[0]);
    }
}

/* One weight under the mixture. */
struct Answer {
    float gradient;  // ∂(−log p)/∂w
    float inverse;   // 1 / S
    float not_zero;  // 1 − r_0, not as a difference: that would lose what is left near 1
    float value;     // −log p in bits: −(m + log2(S / Q))
};

__device__ __forceinline__ float density(const PriorTerms& terms, int j, float w, float* d) {
    *d = (w - terms.mean[j]) - terms.mean_low[j];
    return terms.constant[j] - (terms.slope[j] * *d) * *d;
}

/* E of a weight: 1 where the zero component is global. */
__device__ __forceinline__ float factor_of(const Pass& a, float offset) {
    if (a.row_offsets == nullptr) return 1.0f;
    const float o = fminf(fmaxf(offset, prior::OFFSET_LEAST), prior::OFFSET_MOST);
    return exp2_approx(o * float(prior::LOG2E));
}

__device__ __forceinline__ Answer answer_of(const PriorTerms& terms, float m, float p0, float sum, float pull0, float pull, float e) {
    Answer out;
    const float total = p0 + e * sum;
    out.inverse = 1.0f / total;
    out.gradient = float(2 * prior::LN2) * (pull0 + e * pull) * out.inverse;
    out.not_zero = e * sum * out.inverse;
    const float q = terms.zero + terms.not_zero * e;
    out.value = -(terms.top + m + log2f(total / (e == 1.0f ? 1.0f : q)));
    return out;
}

/* p_j for all j (left in p), and the answer. N components, those from K on absent. */
template <int N>
__device__ __forceinline__ Answer weigh(const PriorTerms& terms, float w, float e, float* p) {
    float most = -INFINITY;
#pragma unroll
    for (int j = 0; j < N; j++) {
        float d;
        p[j] = density(terms, j, w, &d);
        most = fmaxf(most, p[j]);
    }
    float sum = 0, pull = 0, p0 = 0, pull0 = 0;
#pragma unroll
    for (int j = 0; j < N; j++) {
        const float d = (w - terms.mean[j]) - terms.mean_low[j];
        p[j] = exp2_approx(p[j] - most);
        const float x = p[j] * (terms.slope[j] * d);
        if (j == 0) {
            p0 = p[j];
            pull0 = x;
        } else {
            sum += p[j];
            pull += x;
        }
    }
    return answer_of(terms, most, p0, sum, pull0, pull, e);
}

/* The same for any K, without keeping p. */
__device__ __forceinline__ Answer weigh_streaming(const PriorTerms& terms, float w, float e, int components, float* largest) {
    float most = -INFINITY, d;
    for (int j = 0; j < components; j++) most = fmaxf(most, density(terms, j, w, &d));
    float sum = 0, pull = 0, p0 = 0, pull0 = 0;
    for (int j = 0; j < components; j++) {
        const float p = exp2_approx(density(terms, j, w, &d) - most);
        const float x = p * (terms.slope[j] * d);
        if (j == 0) {
            p0 = p;
            pull0 = x;
        } else {
            sum += p;
            pull += x;
        }
    }
    *largest = most;
    return answer_of(terms, most, p0, sum, pull0, pull, e);
}

__device__ __forceinline__ bool is_live(const uint32_t* live, int64_t i) {
    return live == nullptr || (live[i >> 5] >> (i & 31) & 1) != 0;
}

/* Offset a + b of element x of a chunk. */
__device__ __forceinline__ float offset_of(const Pass& a, const PriorChunk& c, int x) {
    if (a.row_offsets == nullptr) return 0.0f;
    const unsigned at = unsigned(c.start + x), row = at / unsigned(c.length);
    const unsigned column = (at - row * unsigned(c.length)) / unsigned(c.kernel);
    return a.row_offsets[c.row + row] + a.column_offsets[c.columns_before + column];
}

/* Adam on one weight; the arithmetic of adam_math.h. */
__device__ __forceinline__ void adam_step(const Pass& a, float rate, float correction2, float g, float* w, float* m, float* v) {
    *m = __fmaf_rn(a.beta1, *m, (1 - a.beta1) * g);
    *v = __fmaf_rn(a.beta2, *v, ((1 - a.beta2) * g) * g);
    *w -= rate * *m / (sqrtf(*v * correction2) + a.epsilon);
}

/* Writes what is wanted of one weight. */
__device__ __forceinline__ void deliver(const Pass& a, int64_t i, float w, const Answer& r, float tau, float rate, float correction2) {
    if (a.gradient != nullptr) a.gradient[i] = r.gradient;
    if (a.shares != nullptr) a.shares[i] = r.not_zero;
    if (a.updated != nullptr) {
        float m = a.moment1[i], v = a.moment2[i];
        adam_step(a, rate, correction2, __fmaf_rn(tau, r.gradient, a.task[i]), &w, &m, &v);
        a.updated[i] = w;
        a.moment1[i] = m;
        a.moment2[i] = v;
    }
}

/* A frozen weight: it has no gradient and counts nowhere. */
__device__ __forceinline__ void deliver_frozen(const Pass& a, int64_t i) {
    if (a.gradient != nullptr) a.gradient[i] = 0.0f;
    if (a.shares != nullptr) a.shares[i] = 0.0f;
}

/* The block's sums of a pass: value (bits) and each component's three. All threads must come. */
template <int N>
__device__ __forceinline__ void leave_sums(const Pass& a, double value, const float* s0, const float* s1, const float* s2) {
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    double* out = a.partials + int64_t(blockIdx.x) * (3 * a.components + 1);
    const double values = block_sum(value, room);
    if (threadIdx.x == 0) out[0] = values * prior::LN2;
#pragma unroll
    for (int j = 0; j < N; j++) {
        if (j >= a.components) break;  // the same for the whole block
        const double x0 = block_sum(double(s0[j]), room), x1 = block_sum(double(s1[j]), room), x2 = block_sum(double(s2[j]), room);
        if (threadIdx.x == 0) {
            out[1 + 3 * j] = x0;
            out[2 + 3 * j] = x1;
            out[3 + 3 * j] = x2;
        }
    }
}

/* The pass for K ≤ N ≤ 32. Threads take neighbours: loads and stores of a warp are whole lines. */
template <int N, bool STATISTICS, bool FIRST>
__global__ void __launch_bounds__(PRIOR_THREADS, 1) pass(Pass a) {  // one block a processor at least: registers over occupancy
    const PriorTerms& terms = terms_of<FIRST>(a.slot);
    float s0[STATISTICS ? N : 1], s1[STATISTICS ? N : 1], s2[STATISTICS ? N : 1];
    double value = 0;
    if (STATISTICS) {
#pragma unroll
        for (int j = 0; j < N; j++) s0[j] = s1[j] = s2[j] = 0;
    }
    const bool steps = a.updated != nullptr;
    const float tau = steps ? a.scalars[SOFTSHARE_SCALAR_TAU] : 0;
    const float rate = steps ? a.scalars[SOFTSHARE_SCALAR_RATE_WEIGHTS] * a.scalars[SOFTSHARE_SCALAR_CORRECTION_1] : 0;
    const float correction2 = steps ? a.scalars[SOFTSHARE_SCALAR_CORRECTION_2] : 0;
    for (int chunk = int(blockIdx.x); chunk < a.chunk_count; chunk += int(gridDim.x)) {
        const PriorChunk c = a.chunks[chunk];
        for (int x = int(threadIdx.x); x < c.count; x += PRIOR_THREADS) {
            const int64_t i = c.begin + x;
            if (!is_live(a.live, i)) {
                deliver_frozen(a, i);
                continue;
            }
            const float w = a.weights[i];
            const float e = factor_of(a, offset_of(a, c, x));
            float p[N];
            const Answer r = weigh<N>(terms, w, e, p);
            if (STATISTICS) {
                value += double(r.value);
#pragma unroll
                for (int j = 0; j < N; j++) {
                    const float d = (w - terms.mean[j]) - terms.mean_low[j];
                    const float share = p[j] * (j == 0 ? r.inverse : r.inverse * e);
                    const float first = share * d;
                    s0[j] += share;
                    s1[j] += first;
                    s2[j] = __fmaf_rn(first, d, s2[j]);
                }
            }
            deliver(a, i, w, r, tau, rate, correction2);
        }
    }
    if (STATISTICS) leave_sums<N>(a, value, s0, s1, s2);
}

/* The pass for any K; statistics of component j by blocks (x, j) of the next kernel. */
template <bool FIRST>
__global__ void __launch_bounds__(PRIOR_THREADS) pass_streaming(Pass a) {
    const PriorTerms& terms = terms_of<FIRST>(a.slot);
    const bool steps = a.updated != nullptr;
    const float tau = steps ? a.scalars[SOFTSHARE_SCALAR_TAU] : 0;
    const float rate = steps ? a.scalars[SOFTSHARE_SCALAR_RATE_WEIGHTS] * a.scalars[SOFTSHARE_SCALAR_CORRECTION_1] : 0;
    const float correction2 = steps ? a.scalars[SOFTSHARE_SCALAR_CORRECTION_2] : 0;
    for (int chunk = int(blockIdx.x); chunk < a.chunk_count; chunk += int(gridDim.x)) {
        const PriorChunk c = a.chunks[chunk];
        for (int x = int(threadIdx.x); x < c.count; x += PRIOR_THREADS) {
            const int64_t i = c.begin + x;
            const bool counts = is_live(a.live, i);
            if (!counts) {
                deliver_frozen(a, i);
                if (a.responsibilities != nullptr) {
                    for (int j = 0; j < a.components; j++) a.responsibilities[i * a.components + j] = 0.0f;
                }
                if (a.assignment != nullptr) a.assignment[i] = 0;
                continue;
            }
            const float w = a.weights[i];
            const float offset = offset_of(a, c, x), e = factor_of(a, offset);
            float most;
            const Answer r = weigh_streaming(terms, w, e, a.components, &most);
            if (a.responsibilities != nullptr) {
                for (int j = 0; j < a.components; j++) {
                    float d;
                    const float p = exp2_approx(density(terms, j, w, &d) - most);
                    a.responsibilities[i * a.components + j] = p * (j == 0 ? r.inverse : r.inverse * e);
                }
            }
            if (a.assignment != nullptr) {
                const float o = fminf(fmaxf(offset, prior::OFFSET_LEAST), prior::OFFSET_MOST);
                const float lift = a.row_offsets == nullptr ? 0.0f : o * float(prior::LOG2E);
                float best = -INFINITY;
                int index = 0;
                for (int j = 0; j < a.components; j++) {
                    float d;
                    const float t = density(terms, j, w, &d) + (j == 0 ? 0.0f : lift);
                    if (t > best) {
                        best = t;
                        index = j;
                    }
                }
                a.assignment[i] = uint8_t(index);
            }
            deliver(a, i, w, r, tau, rate, correction2);
        }
    }
}

/* log2 of each weight's density but for its structure, m + log2 S, and the value's sums; before any update. */
template <bool FIRST>
__global__ void __launch_bounds__(PRIOR_THREADS) normalise(Pass a) {
    const PriorTerms& terms = terms_of<FIRST>(a.slot);
    double value = 0;
    for (int chunk = int(blockIdx.x); chunk < a.chunk_count; chunk += int(gridDim.x)) {
        const PriorChunk c = a.chunks[chunk];
        for (int x = int(threadIdx.x); x < c.count; x += PRIOR_THREADS) {
            const int64_t i = c.begin + x;
            if (!is_live(a.live, i)) continue;
            float most;
            const Answer r = weigh_streaming(terms, a.weights[i], factor_of(a, offset_of(a, c, x)), a.components, &most);
            if (a.norms != nullptr) a.norms[i] = most - log2f(r.inverse);
            value += double(r.value);
        }
    }
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    value = block_sum(value, room);
    if (threadIdx.x == 0) a.partials[int64_t(blockIdx.x) * (3 * a.components + 1)] = value * prior::LN2;
}

/* Sums of component blockIdx.y over the chunks of block blockIdx.x. */
template <bool FIRST>
__global__ void __launch_bounds__(PRIOR_THREADS) statistics_streaming(Pass a) {
    const PriorTerms& terms = terms_of<FIRST>(a.slot);
    const int j = int(blockIdx.y);
    double s0 = 0, s1 = 0, s2 = 0;
    for (int chunk = int(blockIdx.x); chunk < a.chunk_count; chunk += int(gridDim.x)) {
        const PriorChunk c = a.chunks[chunk];
        for (int x = int(threadIdx.x); x < c.count; x += PRIOR_THREADS) {
            const int64_t i = c.begin + x;
            if (!is_live(a.live, i)) continue;
            float d;
            float share = exp2_approx(density(terms, j, a.weights[i], &d) - a.norms[i]);
            if (j > 0) share *= factor_of(a, offset_of(a, c, x));
            s0 += double(share);
            s1 += double(share * d);
            s2 += double(share * d) * double(d);
        }
    }
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    double* out = a.partials + int64_t(blockIdx.x) * (3 * a.components + 1);
    s0 = block_sum(s0, room);
    s1 = block_sum(s1, room);
    s2 = block_sum(s2, room);
    if (threadIdx.x != 0) return;
    out[1 + 3 * j] = s0;
    out[2 + 3 * j] = s1;
    out[3 + 3 * j] = s2;
}

/* statistics[first + x] = Σ over blocks, in their order; one thread a statistic. */
__global__ void gather_partials(const double* partials, int blocks, int size, int first, int last, double* statistics) {
    const int x = first + int(blockIdx.x * blockDim.x + threadIdx.x);
    if (x >= last) return;
    double sum = 0;
    for (int b = 0; b < blocks; b++) sum += partials[int64_t(b) * size + x];
    statistics[x] = sum;
}

/* Σ of shares over each row: a block a row. */
__global__ void __launch_bounds__(PRIOR_THREADS) count_rows(const PriorTensor* tensors, int tensor_count, const float* shares, float* counts) {
    int64_t row = blockIdx.x;
    int t = 0;
    while (t + 1 < tensor_count && row >= tensors[t + 1].rows_before) t++;
    const PriorTensor tensor = tensors[t];
    const int64_t length = tensor.columns * tensor.kernel;
    const float* from = shares + tensor.offset + (row - tensor.rows_before) * length;
    double sum = 0;
    for (int64_t x = threadIdx.x; x < length; x += PRIOR_THREADS) sum += double(from[x]);
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) counts[row] = float(sum);
}

/* ... over each column: a block a column. Reads are strided; it runs only where the mixture is updated. */
__global__ void __launch_bounds__(PRIOR_THREADS) count_columns(const PriorTensor* tensors, int tensor_count, const float* shares, float* counts) {
    int64_t column = blockIdx.x;
    int t = 0;
    while (t + 1 < tensor_count && column >= tensors[t + 1].columns_before) t++;
    const PriorTensor tensor = tensors[t];
    const int64_t length = tensor.columns * tensor.kernel, total = tensor.rows * tensor.kernel;
    const float* from = shares + tensor.offset + (column - tensor.columns_before) * tensor.kernel;
    double sum = 0;
    for (int64_t x = threadIdx.x; x < total; x += PRIOR_THREADS) sum += double(from[x / tensor.kernel * length + x % tensor.kernel]);
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) counts[column] = float(sum);
}

/* Freezes by the shares 1 − r_0 that a pass has left: a thread a word of live bits, so that no two write to one. */
__global__ void __launch_bounds__(PRIOR_THREADS) freeze_words(int64_t count, const float* shares, float threshold, float* weights,
                                                              uint32_t* live, unsigned long long* frozen) {
    const int64_t words = (count + 31) / 32, stride = int64_t(gridDim.x) * PRIOR_THREADS;
    double gone = 0;
    for (int64_t word = int64_t(blockIdx.x) * PRIOR_THREADS + threadIdx.x; word < words; word += stride) {
        const uint32_t before = live[word];
        uint32_t after = before;
        for (int bit = 0; bit < 32 && word * 32 + bit < count; bit++) {
            const int64_t i = word * 32 + bit;
            if ((before >> bit & 1) == 0 || !(shares[i] < 1.0f - threshold)) continue;
            weights[i] = 0.0f;
            after &= ~(1u << bit);
            gone++;
        }
        if (after != before) live[word] = after;
    }
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    gone = block_sum(gone, room);
    if (threadIdx.x == 0) atomicAdd(frozen, static_cast<unsigned long long>(gone));  // whole numbers: any order
}

/* softshare_prior_offsets: a block a tensor. */
__global__ void __launch_bounds__(PRIOR_THREADS) offsets_of(const PriorTensor* tensors, const double* mixture, const float* row_counts,
                                                            const float* column_counts, float* row_offsets, float* column_offsets) {
    const PriorTensor t = tensors[blockIdx.x];
    SHARED_ARRAY(double, room, PRIOR_THREADS / 32);
    SHARED_ARRAY(double, total, 1);
    double sum = 0;
    for (int64_t r = threadIdx.x; r < t.rows; r += PRIOR_THREADS) sum += double(row_counts[t.rows_before + r]);
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) total[0] = sum;
    __syncthreads();
    // An empty tensor has no odds; 0.3 and 1e-30 keep the logarithms finite.
    const double shared_part = log(fmax(total[0], 0.3) * double(t.kernel) * fmax(1 - mixture[0], 1e-30));
    for (int64_t r = threadIdx.x; r < t.rows; r += PRIOR_THREADS) {
        row_offsets[t.rows_before + r] = float(log(double(row_counts[t.rows_before + r]) + 0.3) - shared_part);
    }
    for (int64_t c = threadIdx.x; c < t.columns; c += PRIOR_THREADS) {
        column_offsets[t.columns_before + c] = float(log(double(column_counts[t.columns_before + c]) + 0.3));
    }
}

}  // namespace

}  // namespace softshare::cuda

#endif
