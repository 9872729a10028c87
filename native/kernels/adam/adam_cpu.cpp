/* softshare_adam and softshare_add_scaled on the CPU. */
#include "adam.h"

#include "../common/cpu.h"

namespace softshare::cpu {

namespace {

constexpr int64_t PIECE = 16384;  // a multiple of 32

const AdamKernels& kernels(const Context* context) {
    switch (context->isa) {
        case Isa::avx512: return avx512::adam_kernels;
        case Isa::avx2: return avx2::adam_kernels;
        default: return plain::adam_kernels;
    }
}

int check(const char* where, int64_t count, const float* scalars, int index, bool arrays) {
    if (count < 0 || scalars == nullptr || (count > 0 && !arrays)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs a count of 0 or more, scalars and its arrays, found count " +
                                                    std::to_string(count) + " or a NULL");
    }
    if (index < 0 || index >= SOFTSHARE_SCALARS) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": a scalar's index is 0 to " +
                                                    std::to_string(SOFTSHARE_SCALARS - 1) + ", found " +
                                                    std::to_string(index));
    }
    return SOFTSHARE_OK;
}

}  // namespace

int adam(int64_t context, int64_t count, float* values, const float* gradient, float* moment1, float* moment2,
         const uint32_t* live, const float* scalars, int rate_index, float beta1, float beta2, float epsilon) {
    return guarded("adam", [&] {
        const bool arrays = values != nullptr && gradient != nullptr && moment1 != nullptr && moment2 != nullptr;
        if (int status = check("adam", count, scalars, rate_index, arrays)) return status;
        const Context* own = context_of(context);
        const AdamNumbers numbers{beta1, beta2, epsilon, scalars[rate_index], scalars[SOFTSHARE_SCALAR_CORRECTION_1],
                                  scalars[SOFTSHARE_SCALAR_CORRECTION_2]};
        parallel_range(own, count, PIECE, [&](int64_t begin, int64_t end) {
            kernels(own).update(numbers, begin, end, values, gradient, moment1, moment2, live);
        });
        return SOFTSHARE_OK;
    });
}

int add_scaled(int64_t context, int64_t count, const float* scalars, int index, const float* x, float* y) {
    return guarded("add_scaled", [&] {
        if (int status = check("add_scaled", count, scalars, index, x != nullptr && y != nullptr)) return status;
        const Context* own = context_of(context);
        parallel_range(own, count, PIECE, [&](int64_t begin, int64_t end) {
            kernels(own).add_scaled(scalars[index], begin, end, x, y);
        });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
