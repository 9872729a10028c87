/*
 * Cross-entropy with distillation on CUDA; formulas in loss_cpu.cpp. A warp a row, lanes along the classes; sums over classes in
 * double by shuffles, over rows by warp in their order, over warps by one thread. Labels cannot be refused here, since they lie on
 * the device: one that is no class makes the loss NaN, which the step's totals name.
 */
#include <math.h>

#include "../common/elementwise.h"
#include "../common/reduce.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32, MOST_BLOCKS = 64;
static_assert(size_t(MOST_BLOCKS) * WARPS * 2 <= ROOM, "two sums a warp fit into the context's room");

struct Job {
    int batch, valid, classes;
    const float* logits;
    const int32_t* labels;
    const float* teacher;  // NULL: none
    double share, temperature, inverse_valid;
    float* dlogits;  // NULL: none
};

/* The warp's sum in every lane. */
__device__ __forceinline__ double all_sum(double value) { return __shfl_sync(0xffffffffu, warp_sum(value), 0); }

/* The warp's largest value and the first class that has it, in every lane; NaN is never larger. */
__device__ __forceinline__ float largest(const float* z, int classes, int* first) {
    float top = -INFINITY;
    int at = classes;
    for (int c = int(threadIdx.x) % 32; c < classes; c += 32) {
        if (z[c] > top || at == classes) {
            top = z[c];
            at = c;
        }
    }
    for (int delta = 16; delta > 0; delta >>= 1) {
        const float other = __shfl_xor_sync(0xffffffffu, top, delta);
        const int other_at = __shfl_xor_sync(0xffffffffu, at, delta);
        if (other > top || (other == top && other_at < at)) {
            top = other;
            at = other_at;
        }
    }
    *first = at;
    return top;
}

/* Σ e^((z − top)·factor) over the row, in every lane. */
__device__ __forceinline__ double exponents(const float* z, int classes, float top, float factor) {
    double sum = 0;
    for (int c = int(threadIdx.x) % 32; c < classes; c += 32) sum += double(expf((z[c] - top) * factor));
    return all_sum(sum);
}

/* The row's loss, in every lane; its gradient where wanted. */
__device__ double row_loss(const Job& job, int row, bool* wrong) {
    const int lane = int(threadIdx.x) % 32, classes = job.classes;
    const float* z = job.logits + int64_t(row) * classes;
    float* d = job.dlogits == nullptr ? nullptr : job.dlogits + int64_t(row) * classes;
    const int label = job.labels[row];
    const bool known = label >= 0 && label < classes;
    int first;
    const float top = largest(z, classes, &first);
    *wrong = first != label;
    const double sum = exponents(z, classes, top, 1.0f);
    double loss = known ? log(sum) - (double(z[label]) - double(top)) : double(NAN);
    const double hard = job.inverse_valid * (1.0 - job.share);
    const float factor = float(hard / sum);
    if (job.teacher == nullptr) {
        for (int c = lane; d != nullptr && c < classes; c += 32) {
            const float e = expf(z[c] - top);
            d[c] = c == label ? float((double(e) / sum - 1.0) * hard) : e * factor;
        }
        return loss;
    }
    const float* t = job.teacher + int64_t(row) * classes;
    int unused;
    const float top_t = largest(t, classes, &unused);
    const float inverse = float(1.0 / job.temperature);
    const double sum_q = exponents(z, classes, top, inverse), sum_p = exponents(t, classes, top_t, inverse);
    const double log_q = log(sum_q), log_p = log(sum_p), soft = job.inverse_valid * job.share * job.temperature;
    const float factor_q = float(soft / sum_q), factor_p = float(soft / sum_p);
    double divergence = 0;
    for (int c = lane; c < classes; c += 32) {
        const float p = expf((t[c] - top_t) * inverse);
        divergence += double(p) / sum_p * ((double(t[c]) - double(top_t) - double(z[c]) + double(top)) / job.temperature - log_p + log_q);
        if (d == nullptr) continue;
        const float e = expf(z[c] - top), q = expf((z[c] - top) * inverse);
        d[c] = (c == label ? float((double(e) / sum - 1.0) * hard) : e * factor) + (q * factor_q - p * factor_p);
    }
    return (1.0 - job.share) * loss + job.share * job.temperature * job.temperature * all_sum(divergence);
}

__global__ void __launch_bounds__(THREADS, 1) rows_loss(const Job job, double* sums) {
    const int warp = int(blockIdx.x) * WARPS + int(threadIdx.x) / 32, warps = int(gridDim.x) * WARPS, lane = int(threadIdx.x) % 32;
    double loss = 0, errors = 0;
    for (int row = warp; row < job.batch; row += warps) {
        if (row < job.valid) {
            bool wrong;
            loss += row_loss(job, row, &wrong);
            errors += wrong ? 1 : 0;
        } else if (job.dlogits != nullptr) {
            for (int c = lane; c < job.classes; c += 32) job.dlogits[int64_t(row) * job.classes + c] = 0.0f;
        }
    }
    if (lane != 0) return;
    sums[2 * warp] = loss;
    sums[2 * warp + 1] = errors;
}

__global__ void add_totals(const double* sums, int warps, int valid, const int64_t* step, double* totals) {
    if (threadIdx.x != 0) return;
    double loss = 0, errors = 0;
    for (int warp = 0; warp < warps; warp++) {
        loss += sums[2 * warp];
        errors += sums[2 * warp + 1];
    }
    totals[0] += loss;
    totals[1] += errors;
    totals[2] += valid;
    if (!(fabs(loss) < double(INFINITY)) && totals[3] < 0) totals[3] = step == nullptr ? 0.0 : double(*step - 1);
}

}  // namespace

int loss(int64_t context, int batch, int valid, int classes, const float* logits, const int32_t* labels, const float* teacher, float share,
         float temperature, const int64_t* step, float* dlogits, double* totals) {
    const char* where = "loss";
    if (int bad = require_pointers(where, {{"logits", logits}, {"labels", labels}, {"totals", totals}})) return bad;
    if (int bad = require_sizes(where, 1, {{"batch", batch}, {"classes", classes}})) return bad;
    if (valid < 0 || valid > batch) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": valid must be 0 to the batch's " + std::to_string(batch) + ", found " +
                                                    std::to_string(valid));
    }
    const bool distil = teacher != nullptr && share != 0.0f;
    if (distil && !(share > 0.0f && share <= 1.0f && temperature > 0.0f)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the teacher's share must be 0 to 1 and the temperature above 0, found " +
                                                    std::to_string(share) + " and " + std::to_string(temperature));
    }
    const Context* own = context_of(context);
    const Job job{batch, valid, classes, logits, labels, distil ? teacher : nullptr, distil ? double(share) : 0.0, double(temperature),
                  valid == 0 ? 0.0 : 1.0 / valid, dlogits};
    const int wanted = (batch + WARPS - 1) / WARPS, blocks = wanted < MOST_BLOCKS ? wanted : MOST_BLOCKS;
    if (int bad = launch(where, rows_loss, unsigned(blocks), THREADS, own->stream, job, own->room)) return bad;
    return launch(where, add_totals, 1, 32, own->stream, own->room, blocks * WARPS, valid, step, totals);
}

}  // namespace softshare::cuda
