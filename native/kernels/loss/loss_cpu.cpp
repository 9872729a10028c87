/*
 * Cross-entropy with distillation (Hinton, Vinyals, Dean 2015), z logits, t the teacher's, T the temperature, s the share:
 *   loss = (1 − s)·(log Σ_c e^z_c − z_label) + s·T²·Σ_c p_c (log p_c − log q_c),   p = softmax(t/T), q = softmax(z/T)
 *   ∂loss/∂z = (1 − s)·(softmax(z) − onehot) + s·T·(q − p)
 * The maximum is taken out of every exponent; sums over classes and rows are in double, rows in their order.
 */
#include "loss_math.h"

#include <math.h>

#include <algorithm>
#include <vector>

#include "../common/require.h"

namespace softshare::cpu {

namespace {

constexpr int64_t rows_of_chunk = 32;

struct Job {
    int64_t classes;
    const float* logits;
    const int32_t* labels;
    const float* teacher;
    double share, temperature, inverse_valid;
    float* dlogits;
};

/* e^((z − max z)·factor) into e; the logarithm of their sum, and the sum. */
double exponents(const float* z, int64_t classes, float top, float factor, float* e, double* sum) {
    for (int64_t c = 0; c < classes; c++) e[c] = exp_nonpositive((z[c] - top) * factor);
    double total = 0;
    for (int64_t c = 0; c < classes; c++) total += e[c];
    *sum = total;
    return log(total);
}

float largest(const float* z, int64_t classes) {
    float top = z[0];
    for (int64_t c = 1; c < classes; c++) top = z[c] > top ? z[c] : top;
    return top;
}

/* Loss of one row; its gradient where wanted. e, q, p: room for a number a class each. */
double row_loss(const Job& job, int64_t row, float* e, float* q, float* p) {
    const int64_t classes = job.classes;
    const float* z = job.logits + row * classes;
    const int32_t label = job.labels[row];
    const float top = largest(z, classes);
    double sum;
    const double log_sum = exponents(z, classes, top, 1.0f, e, &sum);
    double loss = log_sum - (static_cast<double>(z[label]) - top);
    float* d = job.dlogits == nullptr ? nullptr : job.dlogits + row * classes;
    const double hard = job.inverse_valid * (1.0 - job.share);
    if (d != nullptr) {
        const float factor = static_cast<float>(hard / sum);
        for (int64_t c = 0; c < classes; c++) d[c] = e[c] * factor;
        d[label] = static_cast<float>((e[label] / sum - 1.0) * hard);
    }
    if (job.teacher == nullptr) return loss;

    const float* t = job.teacher + row * classes;
    const float top_t = largest(t, classes);
    const float inverse_temperature = static_cast<float>(1.0 / job.temperature);
    double sum_q, sum_p, divergence = 0;
    const double log_q = exponents(z, classes, top, inverse_temperature, q, &sum_q);
    const double log_p = exponents(t, classes, top_t, inverse_temperature, p, &sum_p);
    for (int64_t c = 0; c < classes; c++) {
        const double difference = (static_cast<double>(t[c]) - top_t - z[c] + top) / job.temperature - log_p + log_q;
        divergence += p[c] / sum_p * difference;
    }
    if (d != nullptr) {
        const double soft = job.inverse_valid * job.share * job.temperature;
        const float factor_q = static_cast<float>(soft / sum_q), factor_p = static_cast<float>(soft / sum_p);
        for (int64_t c = 0; c < classes; c++) d[c] += q[c] * factor_q - p[c] * factor_p;
    }
    return (1.0 - job.share) * loss + job.share * job.temperature * job.temperature * divergence;
}

}  // namespace

int loss(int64_t context, int batch, int valid, int classes, const float* logits, const int32_t* labels,
         const float* teacher, float share, float temperature, const int64_t* step, float* dlogits, double* totals) {
    const char* where = "loss";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"logits", logits}, {"labels", labels}, {"totals", totals}})) return bad;
        if (int bad = require_sizes(where, 1, {{"batch", batch}, {"classes", classes}})) return bad;
        if (valid < 0 || valid > batch) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": valid must be 0 to the batch's " +
                                                        std::to_string(batch) + ", found " + std::to_string(valid));
        }
        const bool distil = teacher != nullptr && share != 0.0f;
        if (distil && !(share > 0.0f && share <= 1.0f && temperature > 0.0f)) {
            return fail(SOFTSHARE_INVALID_ARGUMENT,
                        std::string(where) + ": the teacher's share must be 0 to 1 and the temperature above 0, found " +
                            std::to_string(share) + " and " + std::to_string(temperature));
        }
        for (int i = 0; i < valid; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": label " + std::to_string(labels[i]) +
                                                            " in row " + std::to_string(i) + " is not one of " +
                                                            std::to_string(classes) + " classes");
            }
        }
        const Job job{classes, logits, labels, distil ? teacher : nullptr, distil ? share : 0.0, temperature,
                      valid == 0 ? 0.0 : 1.0 / valid, dlogits};
        const int64_t chunks = (valid + rows_of_chunk - 1) / rows_of_chunk;
        static thread_local std::vector<double> sums;  // grows once, then stays
        sums.assign(chunks, 0.0);
        double* partial = sums.data();
        parallel(context_of(context), chunks, [&job, valid, partial](int64_t chunk) {
            static thread_local std::vector<float> room;
            room.resize(3 * job.classes);
            const int64_t end = std::min<int64_t>(valid, (chunk + 1) * rows_of_chunk);
            double sum = 0;
            for (int64_t row = chunk * rows_of_chunk; row < end; row++) {
                sum += row_loss(job, row, room.data(), room.data() + job.classes, room.data() + 2 * job.classes);
            }
            partial[chunk] = sum;
        });
        double total = 0;
        for (int64_t chunk = 0; chunk < chunks; chunk++) total += partial[chunk];
        int64_t errors = 0;
        for (int64_t row = 0; row < valid; row++) {
            const float* z = logits + row * classes;
            errors += std::max_element(z, z + classes) - z != labels[row];
        }
        if (dlogits != nullptr) {
            std::fill(dlogits + static_cast<int64_t>(valid) * classes, dlogits + static_cast<int64_t>(batch) * classes, 0.0f);
        }
        totals[0] += total;
        totals[1] += static_cast<double>(errors);
        totals[2] += valid;
        if (!isfinite(total) && totals[3] < 0) totals[3] = step == nullptr ? 0.0 : static_cast<double>(*step - 1);
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
