/* See prior_operation.h. */
#include "prior_operation.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "prior_math.h"

namespace softshare::cpu {

namespace {

constexpr int64_t MOST_CHUNKS = 64;     // a tensor
constexpr int64_t LEAST_CHUNK = 4096;   // weights
constexpr int64_t ROWS_A_GROUP = 8;     // at least, so that column sums of all groups take at most half a byte a weight

/* How many components a block of weights between −x and x would take: as prior_block.h chooses them. */
int within(const PriorTerms& t, double x) {
    double low = -HUGE_VAL;
    for (int j = 0; j < t.components; j++) {
        const double far = x + std::fabs(double(t.mean[j]));
        low = std::max(low, double(t.constant[j]) - double(t.slope[j]) * far * far);
    }
    int count = 0;
    for (int j = 0; j < t.components; j++) {
        const double near = std::max(std::fabs(double(t.mean[j])) - x, 0.0);
        count += double(t.reach[j]) - double(t.slope[j]) * near * near >= low - double(prior::SKIP_BITS) - 16;
    }
    return count;
}

/* The farthest of a few multiples of σ_0 within which at most a quarter of the components matter. */
float inner_limit(const PriorTerms& t, double sigma) {
    for (double x : {7.0, 6.0, 5.0, 4.0, 3.0}) {
        if (4 * within(t, x * sigma) <= t.components) return float(x * sigma);
    }
    return 0;
}

}  // namespace

PriorOperation::PriorOperation(Context* owner, int count, const int64_t* layout, int k, bool zero)
    : Operation(owner), components(k), zero_component(zero) {
    for (int i = 0; i < count; i++) {
        const int64_t* l = layout + 4 * i;
        PriorTensor t{l[0], l[1], l[2], l[3], 1, 1, 0, rows, columns, expanded, row_partials, column_partials};
        const int64_t length = t.columns * t.kernel, size = t.rows * length;
        const int64_t wanted = std::clamp<int64_t>(size / LEAST_CHUNK, 1, MOST_CHUNKS);
        t.row_groups = std::clamp<int64_t>(t.rows / ROWS_A_GROUP, 1, wanted);
        t.column_groups = std::clamp<int64_t>(wanted / t.row_groups, 1, std::max<int64_t>(t.columns, 1));
        t.first_chunk = int64_t(chunks.size());
        for (int64_t r = 0; r < t.row_groups; r++) {
            for (int64_t c = 0; c < t.column_groups; c++) {
                PriorChunk chunk{};
                chunk.offset = t.offset;
                chunk.length = length;
                chunk.row = t.rows * r / t.row_groups;
                chunk.row_end = t.rows * (r + 1) / t.row_groups;
                chunk.column = t.columns * c / t.column_groups * t.kernel;
                chunk.column_end = t.columns * (c + 1) / t.column_groups * t.kernel;
                chunk.rows_before = rows;
                chunk.columns_before = expanded;
                chunk.row_partial = row_partials + c * t.rows;
                chunk.column_partial = column_partials + r * length;
                chunks.push_back(chunk);
            }
        }
        row_partials += t.rows * t.column_groups;
        column_partials += length * t.row_groups;
        weights += size;
        rows += t.rows;
        columns += t.columns;
        expanded += length;
        tensors.push_back(t);
    }
}

const PriorKernels& PriorOperation::kernels() const {
    switch (context->isa) {
        case Isa::avx512: return avx512::prior_kernels;
        case Isa::avx2: return avx2::prior_kernels;
        default: return plain::prior_kernels;
    }
}

int PriorOperation::read_mixture(const char* where, const double* mixture, PriorTerms* terms) const {
    const int k = components;
    if (mixture == nullptr) return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs a mixture, found NULL");
    double most = 0;
    for (int j = 0; j < k; j++) {
        const double pi = mixture[j], mu = mixture[k + j], sigma = mixture[2 * k + j];
        // Beyond these, squares leave the range of floats.
        if (!(pi >= 0 && pi <= 1.0001) || !(std::fabs(mu) <= 1e9) || !(sigma >= 1e-12 && sigma <= 1e12)) {
            return fail(SOFTSHARE_INVALID_ARGUMENT,
                        std::string(where) + ": component " + std::to_string(j) +
                            " of the mixture needs 0 <= pi <= 1, |mu| <= 1e9, 1e-12 <= sigma <= 1e12, found pi " +
                            std::to_string(pi) + ", mu " + std::to_string(mu) + ", sigma " + std::to_string(sigma));
        }
        if (pi > 0) most = std::max(most, sigma);
    }
    std::memset(terms, 0, sizeof *terms);
    terms->components = k;
    terms->padded = (k + 15) / 16 * 16;
    for (int j = 0; j < terms->padded; j++) {
        terms->constant[j] = float(prior::ABSENT);
        terms->reach[j] = float(prior::ABSENT);
        if (j >= k) continue;
        const double mu = zero_component && j == 0 ? 0 : mixture[k + j], sigma = mixture[2 * k + j];
        terms->mean_exact[j] = mu;
        terms->mean[j] = float(mu);
        terms->mean_low[j] = float(mu - double(terms->mean[j]));
        terms->slope[j] = float(prior::slope(sigma));
        terms->constant[j] = float(prior::constant(mixture[j], sigma));
        if (mixture[j] > 0) terms->reach[j] = terms->constant[j] + float(std::log2(most / sigma)) + 3.0f;
        terms->spread[j] = std::fabs(mu) <= 4 * sigma ? float(4 * sigma) : 0.0f;
        terms->precision[j] = float(1 / (sigma * sigma));
    }
    terms->inner = zero_component && mixture[0] > 0 ? inner_limit(*terms, mixture[2 * k]) : 0;
    terms->zero = float(mixture[0]);
    terms->not_zero = float(1 - mixture[0]);
    return SOFTSHARE_OK;
}

int PriorOperation::check_offsets(const char* where, const float* row_offsets, const float* column_offsets) const {
    if ((row_offsets == nullptr) != (column_offsets == nullptr)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs row and column offsets both or neither");
    }
    if (row_offsets != nullptr && !zero_component) {
        return fail(SOFTSHARE_INVALID_ARGUMENT,
                    std::string(where) + ": offsets need a mixture with a zero component; this one was made without");
    }
    return SOFTSHARE_OK;
}

const float* PriorOperation::expand(const float* column_offsets) {
    if (column_offsets == nullptr) return nullptr;
    expanded_offsets.resize(size_t(expanded));
    parallel(context, int64_t(tensors.size()), [&](int64_t i) {
        const PriorTensor& t = tensors[size_t(i)];
        float* out = expanded_offsets.data() + t.expanded_before;
        for (int64_t c = 0; c < t.columns; c++, out += t.kernel) {
            std::fill(out, out + t.kernel, column_offsets[t.columns_before + c]);
        }
    });
    return expanded_offsets.data();
}

void PriorOperation::run(PriorJob& job, double* statistics, float* row_counts, float* column_counts, int64_t* frozen) {
    const PriorKernels& own = kernels();
    while (scratch.size() < size_t(context->threads)) {
        const size_t bytes = (size_t(own.scratch(components)) + 63) / 64 * 64;
        void* p = std::aligned_alloc(64, bytes);
        if (p == nullptr) throw std::bad_alloc();
        std::memset(p, 0, bytes);
        scratch.emplace_back(static_cast<char*>(p));
    }
    const bool counts = row_counts != nullptr || column_counts != nullptr;
    if (counts) {
        row_sums.resize(size_t(row_partials + 1));  // one more: the pointers also say that sums are wanted
        column_sums.resize(size_t(column_partials + 1));
        job.row_sums = row_sums.data();
        job.column_sums = column_sums.data();
    }
    if (statistics != nullptr) {
        partial_statistics.resize(chunks.size() * size_t(3 * components + 1));
        job.statistics = partial_statistics.data();
    }
    if (frozen != nullptr) {
        partial_frozen.assign(chunks.size(), 0);
        job.frozen = partial_frozen.data();
    }
    const int64_t total = int64_t(chunks.size());
    FlushTiny flush;
    // Chunks differ in live weights: whoever is free takes the next. Their results do not depend on who does.
#pragma omp parallel for schedule(dynamic, 1) num_threads(context->threads) if (context->threads > 1 && total > 1)
    for (int64_t i = 0; i < total; i++) {
        own.chunk(job, chunks[size_t(i)], i, scratch[size_t(omp_get_thread_num())].get());
    }
    if (statistics != nullptr) merge_statistics(partial_statistics.data(), statistics);
    if (counts) merge_counts(row_sums.data(), column_sums.data(), row_counts, column_counts);
    if (frozen != nullptr) {
        *frozen = 0;
        for (int64_t n : partial_frozen) *frozen += n;
    }
}

void PriorOperation::merge_statistics(const double* partials, double* statistics) const {
    const int size = 3 * components + 1;
    std::fill(statistics, statistics + size, 0.0);
    for (size_t i = 0; i < chunks.size(); i++) {
        for (int x = 0; x < size; x++) statistics[x] += partials[i * size_t(size) + size_t(x)];
    }
}

void PriorOperation::merge_counts(const float* row_parts, const float* column_parts, float* row_counts,
                                  float* column_counts) const {
    for (const PriorTensor& t : tensors) {
        const int64_t length = t.columns * t.kernel;
        if (row_counts != nullptr) {
            for (int64_t r = 0; r < t.rows; r++) {
                double sum = 0;
                for (int64_t g = 0; g < t.column_groups; g++) sum += row_parts[t.row_partials + g * t.rows + r];
                row_counts[t.rows_before + r] = float(sum);
            }
        }
        if (column_counts == nullptr) continue;
        parallel_range(context, t.columns, 512, [&](int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; c++) {
                double sum = 0;
                for (int64_t g = 0; g < t.row_groups; g++) {
                    const float* part = column_parts + t.column_partials + g * length + c * t.kernel;
                    for (int64_t x = 0; x < t.kernel; x++) sum += part[x];
                }
                column_counts[t.columns_before + c] = float(sum);
            }
        });
    }
}

}  // namespace softshare::cpu
