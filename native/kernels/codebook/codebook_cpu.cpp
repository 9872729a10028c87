/* The hard step on the CPU: assignment, shared values, their straight-through gradient, rounding. */
#include "codebook.h"

#include <cmath>
#include <vector>

#include "../common/cpu.h"
#include "codebook_math.h"

namespace softshare::cpu {

namespace {

constexpr int64_t PIECE = 16384;  // a multiple of 32
constexpr int MOST_ENTRIES = 256;
constexpr int64_t MOST_PIECES = 64;  // of the gradient's sums

const CodebookKernels& kernels(const Context* context) {
    switch (context->isa) {
        case Isa::avx512: return avx512::codebook_kernels;
        case Isa::avx2: return avx2::codebook_kernels;
        default: return plain::codebook_kernels;
    }
}

int check(const char* where, int64_t count, bool arrays) {
    if (count < 0 || (count > 0 && !arrays)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs a count of 0 or more and its arrays, found count " +
                                                    std::to_string(count) + (arrays ? "" : " and a NULL"));
    }
    return SOFTSHARE_OK;
}

int check_components(const char* where, int components, int first) {
    if (components < 1 || components > MOST_ENTRIES || first < 0 || first >= components) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs 1 to 256 entries and a first one among them, found " +
                                                    std::to_string(components) + " and " + std::to_string(first));
    }
    return SOFTSHARE_OK;
}

}  // namespace

int codebook_assign(int64_t context, int64_t count, const float* weights, const uint32_t* live, int components,
                    const float* codebook, const float* penalty, int first, uint8_t* assignment) {
    return guarded("codebook_assign", [&] {
        const bool arrays = weights != nullptr && codebook != nullptr && assignment != nullptr;
        if (int status = check("codebook_assign", count, arrays)) return status;
        if (int status = check_components("codebook_assign", components, first)) return status;
        const Context* own = context_of(context);
        parallel_range(own, count, PIECE, [&](int64_t begin, int64_t end) {
            kernels(own).assign(begin, end, weights, live, components, codebook, penalty, first, assignment);
        });
        return SOFTSHARE_OK;
    });
}

int codebook_values(int64_t context, int64_t count, const uint8_t* assignment, const float* codebook,
                    float* quantised) {
    return guarded("codebook_values", [&] {
        const bool arrays = assignment != nullptr && codebook != nullptr && quantised != nullptr;
        if (int status = check("codebook_values", count, arrays)) return status;
        parallel_range(context_of(context), count, PIECE, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) quantised[i] = codebook[assignment[i]];
        });
        return SOFTSHARE_OK;
    });
}

int codebook_gradient(int64_t context, int64_t count, const float* gradient, const uint8_t* assignment, int components,
                      double* sums) {
    return guarded("codebook_gradient", [&] {
        if (int status = check("codebook_gradient", count, gradient != nullptr && assignment != nullptr)) return status;
        if (int status = check_components("codebook_gradient", components, 0)) return status;
        if (sums == nullptr) return check("codebook_gradient", 1, false);
        int64_t pieces = (count + PIECE - 1) / PIECE;
        pieces = pieces < 1 ? 1 : pieces > MOST_PIECES ? MOST_PIECES : pieces;
        // Four sums an entry, taken in turn: most weights share entry 0, and one sum would wait for itself. An index
        // beyond the codebook has its own place and counts nowhere.
        std::vector<double> partials(size_t(pieces) * MOST_ENTRIES * 4);
        parallel(context_of(context), pieces, [&](int64_t piece) {
            double* own = partials.data() + piece * MOST_ENTRIES * 4;
            const int64_t begin = count * piece / pieces, end = count * (piece + 1) / pieces;
            for (int64_t i = begin; i < end; i++) own[assignment[i] * 4 + (i & 3)] += double(gradient[i]);
        });
        for (int j = 0; j < components; j++) {
            sums[j] = 0;
            for (int64_t piece = 0; piece < pieces; piece++) {
                for (int x = 0; x < 4; x++) sums[j] += partials[size_t((piece * MOST_ENTRIES + j) * 4 + x)];
            }
        }
        return SOFTSHARE_OK;
    });
}

int codebook_update(int64_t, int components, const double* sums, const float* scalars, float beta1, float beta2,
                    float epsilon, double* moments, float* codebook) {
    return guarded("codebook_update", [&] {
        if (int status = check_components("codebook_update", components, 0)) return status;
        if (sums == nullptr || scalars == nullptr || moments == nullptr || codebook == nullptr) {
            return check("codebook_update", 1, false);
        }
        update_codebook(components, sums, scalars, beta1, beta2, epsilon, moments, codebook);
        return SOFTSHARE_OK;
    });
}

int round(int64_t context, int64_t count, float grid, const float* x, float* y) {
    return guarded("round", [&] {
        if (int status = check("round", count, x != nullptr && y != nullptr)) return status;
        if (!(grid > 0) || !std::isfinite(grid)) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, "round needs a grid above 0, found " + std::to_string(grid));
        }
        // In double: the quotient of two floats never rounds across a tie there, and the product is rounded once.
        parallel_range(context_of(context), count, PIECE, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) y[i] = float(std::nearbyint(double(x[i]) / double(grid)) * double(grid));
        });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
