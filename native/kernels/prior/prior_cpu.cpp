/* The mixture prior's functions of softshare.h on the CPU: arguments are checked here, the loops are in prior_block.h. */
#include <cmath>

#include "prior_math.h"
#include "prior_operation.h"

namespace softshare::cpu {

namespace {

int missing(const char* where, const char* what) {
    return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs " + what + ", found NULL");
}

/* What all functions have in common: mixture, offsets, live bits. */
int prepare(const char* where, PriorOperation& prior, const float* weights, const uint32_t* live, const double* mixture,
            const float* row_offsets, const float* column_offsets, PriorTerms* terms, PriorJob* job) {
    if (weights == nullptr && prior.weights > 0) return missing(where, "weights");
    if (int status = prior.check_offsets(where, row_offsets, column_offsets)) return status;
    if (int status = prior.read_mixture(where, mixture, terms)) return status;
    *job = PriorJob{};
    job->terms = terms;
    job->weights = weights;
    job->live = live;
    job->row_offsets = row_offsets;
    job->column_offsets = prior.expand(column_offsets);
    return SOFTSHARE_OK;
}

}  // namespace

int prior_create(int64_t context, int tensors, const int64_t* layout, int components, int zero_component,
                 int64_t* operation) {
    return guarded("prior_create", [&] {
        if (tensors < 0 || (tensors > 0 && layout == nullptr) || operation == nullptr) {
            return missing("prior_create", "a layout and a place for the operation");
        }
        if (components < 1 || components > PRIOR_COMPONENTS) {
            return fail(SOFTSHARE_INVALID_ARGUMENT,
                        "a mixture has 1 to 256 components, found " + std::to_string(components));
        }
        int64_t next = 0;
        for (int i = 0; i < tensors; i++) {
            const int64_t* l = layout + 4 * i;
            const std::string where = "tensor " + std::to_string(i) + " of the prior";
            int64_t size = 0;
            if (l[1] < 0 || l[2] < 0 || l[3] < 1 || __builtin_mul_overflow(l[1], l[2], &size) ||
                __builtin_mul_overflow(size, l[3], &size) || size > (int64_t(1) << 48)) {
                return fail(SOFTSHARE_INVALID_ARGUMENT, where + " needs rows, columns of 0 or more and a kernel of 1 or more, found " +
                                                            std::to_string(l[1]) + " x " + std::to_string(l[2]) +
                                                            " x " + std::to_string(l[3]));
            }
            if (l[0] != next) {
                return fail(SOFTSHARE_INVALID_ARGUMENT, where + " must begin where the one before ends, at " +
                                                            std::to_string(next) + ", found " + std::to_string(l[0]));
            }
            next += size;
        }
        auto* prior = new PriorOperation(context_of(context), tensors, layout, components, zero_component != 0);
        adopt(prior);
        *operation = handle_of(prior);
        return SOFTSHARE_OK;
    });
}

int prior_evaluate(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                   const float* row_offsets, const float* column_offsets, float* gradient, double* statistics,
                   float* row_counts, float* column_counts) {
    return guarded("prior_evaluate", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        PriorJob job;
        if (int status = prepare("prior_evaluate", prior, weights, live, mixture, row_offsets, column_offsets, &terms, &job)) return status;
        job.gradient = gradient;
        prior.run(job, statistics, row_counts, column_counts, nullptr);
        return SOFTSHARE_OK;
    });
}

int prior_step(int64_t operation, float* weights, const float* gradient, float* moment1, float* moment2,
               const uint32_t* live, const double* mixture, const float* row_offsets, const float* column_offsets,
               const float* scalars, float beta1, float beta2, float epsilon, double* statistics, float* row_counts,
               float* column_counts) {
    return guarded("prior_step", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        PriorJob job;
        if (int status = prepare("prior_step", prior, weights, live, mixture, row_offsets, column_offsets, &terms, &job)) return status;
        if (scalars == nullptr) return missing("prior_step", "scalars");
        if (prior.weights > 0 && (gradient == nullptr || moment1 == nullptr || moment2 == nullptr)) {
            return missing("prior_step", "a task gradient and two moments");
        }
        job.weights_out = weights;
        job.task_gradient = gradient;
        job.moment1 = moment1;
        job.moment2 = moment2;
        job.adam = {beta1, beta2, epsilon, scalars[SOFTSHARE_SCALAR_RATE_WEIGHTS], scalars[SOFTSHARE_SCALAR_CORRECTION_1],
                    scalars[SOFTSHARE_SCALAR_CORRECTION_2], scalars[SOFTSHARE_SCALAR_TAU]};
        prior.run(job, statistics, row_counts, column_counts, nullptr);
        return SOFTSHARE_OK;
    });
}

int prior_responsibilities(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                           const float* row_offsets, const float* column_offsets, float* responsibilities,
                           double* value) {
    return guarded("prior_responsibilities", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        PriorJob job;
        if (int status = prepare("prior_responsibilities", prior, weights, live, mixture, row_offsets, column_offsets, &terms, &job)) return status;
        if (responsibilities == nullptr && prior.weights > 0) return missing("prior_responsibilities", "a matrix");
        job.responsibilities = responsibilities;
        std::vector<double> statistics(size_t(3 * prior.components + 1));
        prior.run(job, value != nullptr ? statistics.data() : nullptr, nullptr, nullptr, nullptr);
        if (value != nullptr) *value = statistics[0];
        return SOFTSHARE_OK;
    });
}

int prior_gradient(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                   const float* responsibilities, float* gradient) {
    return guarded("prior_gradient", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        if (int status = prior.read_mixture("prior_gradient", mixture, &terms)) return status;
        if (prior.weights > 0 && (weights == nullptr || responsibilities == nullptr || gradient == nullptr)) {
            return missing("prior_gradient", "weights, responsibilities and a gradient");
        }
        parallel_range(prior.context, prior.weights, 16384, [&](int64_t begin, int64_t end) {
            prior.kernels().gradient(terms, weights, live, responsibilities, begin, end, gradient);
        });
        return SOFTSHARE_OK;
    });
}

int prior_statistics(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                     const float* responsibilities, double* statistics, float* row_counts, float* column_counts) {
    return guarded("prior_statistics", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        if (int status = prior.read_mixture("prior_statistics", mixture, &terms)) return status;
        if (prior.weights > 0 && (weights == nullptr || responsibilities == nullptr)) {
            return missing("prior_statistics", "weights and responsibilities");
        }
        const int k = prior.components;
        const size_t size = size_t(3 * k + 1);
        const bool counts = row_counts != nullptr || column_counts != nullptr;
        std::vector<double> partials(prior.chunks.size() * size);
        if (counts) {
            prior.row_sums.assign(size_t(prior.row_partials + 1), 0.0f);
            prior.column_sums.assign(size_t(prior.column_partials + 1), 0.0f);
        }
        parallel(prior.context, int64_t(prior.chunks.size()), [&](int64_t index) {
            const PriorChunk& c = prior.chunks[size_t(index)];
            std::vector<double> sums(size_t(3 * terms.padded));
            for (int64_t row = c.row; row < c.row_end; row++) {
                const int64_t at = c.offset + row * c.length;
                if (statistics != nullptr) {
                    prior.kernels().statistics(terms, weights, responsibilities, at + c.column, at + c.column_end, sums.data());
                }
                if (!counts) continue;
                float* columns = prior.column_sums.data() + c.column_partial;
                double row_sum = 0;
                for (int64_t x = c.column; x < c.column_end; x++) {
                    const int64_t i = at + x;
                    if (live != nullptr && (live[i >> 5] >> (i & 31) & 1) == 0) continue;
                    const float rest = 1.0f - responsibilities[i * k];
                    columns[x] += rest;
                    row_sum += double(rest);
                }
                prior.row_sums[size_t(c.row_partial + row)] = float(row_sum);
            }
            double* out = partials.data() + size_t(index) * size;
            for (int j = 0; j < k; j++) {
                for (int x = 0; x < 3; x++) out[1 + 3 * j + x] = sums[size_t(x * terms.padded + j)];
            }
        });
        if (statistics != nullptr) {
            // The value cannot be had from the matrix: it is softshare_prior_responsibilities' and stays as it is here.
            const double value = statistics[0];
            prior.merge_statistics(partials.data(), statistics);
            statistics[0] = value;
        }
        if (counts) prior.merge_counts(prior.row_sums.data(), prior.column_sums.data(), row_counts, column_counts);
        return SOFTSHARE_OK;
    });
}

int prior_assign(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                 const float* row_offsets, const float* column_offsets, uint8_t* assignment) {
    return guarded("prior_assign", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        PriorJob job;
        if (int status = prepare("prior_assign", prior, weights, live, mixture, row_offsets, column_offsets, &terms, &job)) return status;
        if (assignment == nullptr && prior.weights > 0) return missing("prior_assign", "an assignment");
        job.assignment = assignment;
        prior.run(job, nullptr, nullptr, nullptr, nullptr);
        return SOFTSHARE_OK;
    });
}

int prior_freeze(int64_t operation, float* weights, uint32_t* live, const double* mixture, const float* row_offsets,
                 const float* column_offsets, float threshold, int64_t* frozen) {
    return guarded("prior_freeze", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        PriorJob job;
        if (int status = prepare("prior_freeze", prior, weights, live, mixture, row_offsets, column_offsets, &terms, &job)) return status;
        if (live == nullptr && prior.weights > 0) return missing("prior_freeze", "live bits");
        if (!prior.zero_component) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, "prior_freeze needs a mixture with a zero component; this one was made without");
        }
        job.weights_out = weights;
        job.live_out = live;
        job.freeze = 1;
        job.threshold = threshold;
        int64_t count = 0;
        prior.run(job, nullptr, nullptr, nullptr, &count);
        if (frozen != nullptr) *frozen = count;
        return SOFTSHARE_OK;
    });
}

int prior_offsets(int64_t operation, const double* mixture, const float* row_counts, const float* column_counts,
                  float* row_offsets, float* column_offsets) {
    return guarded("prior_offsets", [&] {
        PriorOperation& prior = prior_of(operation);
        PriorTerms terms;
        if (int status = prior.read_mixture("prior_offsets", mixture, &terms)) return status;
        if (prior.weights > 0 && (row_counts == nullptr || column_counts == nullptr || row_offsets == nullptr || column_offsets == nullptr)) {
            return missing("prior_offsets", "counts and offsets of rows and columns");
        }
        for (const PriorTensor& t : prior.tensors) {
            double total = 0;
            for (int64_t r = 0; r < t.rows; r++) total += row_counts[t.rows_before + r];
            // An empty tensor has no odds; 0.3 and 1e-30 keep the logarithms finite.
            const double base = std::log(std::fmax(total, 0.3) * double(t.kernel) * std::fmax(1 - mixture[0], 1e-30));
            for (int64_t r = 0; r < t.rows; r++) {
                row_offsets[t.rows_before + r] = float(std::log(double(row_counts[t.rows_before + r]) + 0.3) - base);
            }
            for (int64_t c = 0; c < t.columns; c++) {
                column_offsets[t.columns_before + c] = float(std::log(double(column_counts[t.columns_before + c]) + 0.3));
            }
        }
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
