/* softshare_adam and softshare_add_scaled on CUDA: 28 and 12 bytes a value, memory-bound. The arithmetic is adam_math.h's. */
#include "../common/elementwise.h"

namespace softshare::cuda {

namespace {

struct Adam {
    float *values, *moment1, *moment2;
    const float* gradient;
    const uint32_t* live;
    const float* scalars;
    int rate_index;
    float beta1, beta2, epsilon;
    __device__ void operator()(int64_t i) const {
        if (live != nullptr && (live[i >> 5] >> (i & 31) & 1) == 0) return;
        const float g = gradient[i];
        const float m = __fmaf_rn(beta1, moment1[i], (1 - beta1) * g);
        const float v = __fmaf_rn(beta2, moment2[i], ((1 - beta2) * g) * g);
        const float step = scalars[rate_index] * scalars[SOFTSHARE_SCALAR_CORRECTION_1];
        moment1[i] = m;
        moment2[i] = v;
        values[i] -= step * m / (sqrtf(v * scalars[SOFTSHARE_SCALAR_CORRECTION_2]) + epsilon);
    }
};

struct AddScaled {
    const float* scalars;
    int index;
    const float* x;
    float* y;
    __device__ void operator()(int64_t i) const { y[i] = __fmaf_rn(scalars[index], x[i], y[i]); }
};

int check_index(const char* where, int index, const float* scalars) {
    if (scalars != nullptr && index >= 0 && index < SOFTSHARE_SCALARS) return SOFTSHARE_OK;
    return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs scalars and an index of 0 to " +
                                                std::to_string(SOFTSHARE_SCALARS - 1) + ", found " + std::to_string(index));
}

}  // namespace

int adam(int64_t context, int64_t count, float* values, const float* gradient, float* moment1, float* moment2,
         const uint32_t* live, const float* scalars, int rate_index, float beta1, float beta2, float epsilon) {
    if (int status = check_index("adam", rate_index, scalars)) return status;
    if (count > 0 && (values == nullptr || gradient == nullptr || moment1 == nullptr || moment2 == nullptr)) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, "adam needs values, gradient and moments, found NULL");
    }
    return for_each("adam", context, count, Adam{values, moment1, moment2, gradient, live, scalars, rate_index, beta1, beta2, epsilon});
}

int add_scaled(int64_t context, int64_t count, const float* scalars, int index, const float* x, float* y) {
    if (int status = check_index("add_scaled", index, scalars)) return status;
    if (count > 0 && (x == nullptr || y == nullptr)) return fail(SOFTSHARE_INVALID_ARGUMENT, "add_scaled needs two arrays, found NULL");
    return for_each("add_scaled", context, count, AddScaled{scalars, index, x, y});
}

}  // namespace softshare::cuda
