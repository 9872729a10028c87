/*
 * The hard step on CUDA: assignment, shared values, their straight-through gradient and their Adam, rounding. The gradient of a
 * value is a segmented sum: blocks (x, j) sum over their weights that hold value j, in the order of their threads, then one thread
 * a value sums over x. Each value reads all indices again: 5 bytes a weight and value, little beside a step of the network.
 */
#include "../common/elementwise.h"
#include "../common/reduce.h"
#include "codebook_math.h"

namespace softshare::cuda {

namespace {

constexpr int MOST_ENTRIES = 256;

int check_arrays(const char* where, int64_t count, bool arrays) {
    if (count >= 0 && (count == 0 || arrays)) return SOFTSHARE_OK;
    return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs a count of 0 or more and its arrays, found count " +
                                                std::to_string(count) + (arrays ? "" : " and a NULL"));
}

int check_entries(const char* where, int components, int first) {
    if (components >= 1 && components <= MOST_ENTRIES && first >= 0 && first < components) return SOFTSHARE_OK;
    return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs 1 to 256 entries and a first one among them, found " +
                                                std::to_string(components) + " and " + std::to_string(first));
}

struct Assign {
    const float* weights;
    const uint32_t* live;
    int components, first;
    const float *codebook, *penalty;
    uint8_t* assignment;
    __device__ void operator()(int64_t i) const {
        if (live != nullptr && (live[i >> 5] >> (i & 31) & 1) == 0) {
            assignment[i] = 0;
            return;
        }
        float best = INFINITY;
        int index = first;
        for (int j = first; j < components; j++) {
            const float d = weights[i] - codebook[j];
            const float cost = __fmaf_rn(d, d, penalty != nullptr ? penalty[j] : 0.0f);
            if (cost < best) {
                best = cost;
                index = j;
            }
        }
        assignment[i] = uint8_t(index);
    }
};

struct Values {
    const uint8_t* assignment;
    const float* codebook;
    float* quantised;
    __device__ void operator()(int64_t i) const { quantised[i] = codebook[assignment[i]]; }
};

struct Round {
    float grid;
    const float* x;
    float* y;
    // In double: the quotient of two floats never rounds across a tie there, and the product is rounded once.
    __device__ void operator()(int64_t i) const { y[i] = float(nearbyint(double(x[i]) / double(grid)) * double(grid)); }
};

__global__ void __launch_bounds__(ELEMENT_THREADS) sum_of_value(int64_t count, const float* gradient, const uint8_t* assignment, double* partials) {
    const int j = int(blockIdx.y);
    double sum = 0;
    const int64_t stride = int64_t(gridDim.x) * ELEMENT_THREADS;
    for (int64_t i = int64_t(blockIdx.x) * ELEMENT_THREADS + threadIdx.x; i < count; i += stride) {
        if (assignment[i] == j) sum += double(gradient[i]);
    }
    SHARED_ARRAY(double, room, ELEMENT_THREADS / 32);
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) partials[int64_t(blockIdx.x) * MOST_ENTRIES + j] = sum;
}

__global__ void gather_sums(const double* partials, int blocks, int components, double* sums) {
    const int j = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (j >= components) return;
    double sum = 0;
    for (int b = 0; b < blocks; b++) sum += partials[b * MOST_ENTRIES + j];
    sums[j] = sum;
}

__global__ void update_values(int components, const double* sums, const float* scalars, float beta1, float beta2, float epsilon,
                              double* moments, float* codebook) {
    const int j = int(threadIdx.x);
    if (j >= 1 && j < components) update_codebook_entry(j, components, sums[j], scalars, beta1, beta2, epsilon, moments, codebook);
}

}  // namespace

int codebook_assign(int64_t context, int64_t count, const float* weights, const uint32_t* live, int components, const float* codebook,
                    const float* penalty, int first, uint8_t* assignment) {
    const char* where = "codebook_assign";
    if (int status = check_arrays(where, count, weights != nullptr && codebook != nullptr && assignment != nullptr)) return status;
    if (int status = check_entries(where, components, first)) return status;
    return for_each(where, context, count, Assign{weights, live, components, first, codebook, penalty, assignment});
}

int codebook_values(int64_t context, int64_t count, const uint8_t* assignment, const float* codebook, float* quantised) {
    const char* where = "codebook_values";
    if (int status = check_arrays(where, count, assignment != nullptr && codebook != nullptr && quantised != nullptr)) return status;
    return for_each(where, context, count, Values{assignment, codebook, quantised});
}

int codebook_gradient(int64_t context, int64_t count, const float* gradient, const uint8_t* assignment, int components, double* sums) {
    const char* where = "codebook_gradient";
    if (int status = check_arrays(where, count, gradient != nullptr && assignment != nullptr)) return status;
    if (int status = check_entries(where, components, 0)) return status;
    if (sums == nullptr) return check_arrays(where, 1, false);
    const Context* own = context_of(context);
    const int64_t wanted = (count + 4 * ELEMENT_THREADS - 1) / (4 * ELEMENT_THREADS);
    const int blocks = int(wanted < 1 ? 1 : wanted > ROOM_BLOCKS ? ROOM_BLOCKS : wanted);
    if (int status = launch(where, sum_of_value, dim3(unsigned(blocks), unsigned(components)), ELEMENT_THREADS, own->stream, count, gradient,
                            assignment, own->room)) {
        return status;
    }
    return launch(where, gather_sums, dim3(unsigned((components + 31) / 32)), 32, own->stream, own->room, blocks, components, sums);
}

int codebook_update(int64_t context, int components, const double* sums, const float* scalars, float beta1, float beta2, float epsilon,
                    double* moments, float* codebook) {
    const char* where = "codebook_update";
    if (int status = check_entries(where, components, 0)) return status;
    if (sums == nullptr || scalars == nullptr || moments == nullptr || codebook == nullptr) return check_arrays(where, 1, false);
    return launch(where, update_values, 1, MOST_ENTRIES, context_of(context)->stream, components, sums, scalars, beta1, beta2, epsilon,
                  moments, codebook);
}

int round(int64_t context, int64_t count, float grid, const float* x, float* y) {
    if (int status = check_arrays("round", count, x != nullptr && y != nullptr)) return status;
    if (!(grid > 0) || grid - grid != 0) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, "round needs a grid above 0, found " + std::to_string(grid));
    }
    return for_each("round", context, count, Round{grid, x, y});
}

}  // namespace softshare::cuda
