/* The CUDA library's table and its contexts: one device, the current one of the calling thread when the context is opened. */
#include "cuda.h"

namespace softshare::cuda {

namespace {

thread_local std::string error_text;

int open(int, int, int64_t* handle) {
    return guarded("open", [&] {
        int device = 0, major = 0, minor = 0, processors = 0, runtime = 0;
        if (int status = check("open", cudaGetDevice(&device))) return status;
        if (int status = check("open", cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device))) return status;
        if (int status = check("open", cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device))) return status;
        if (int status = check("open", cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device))) {
            return status;
        }
        if (int status = check("open", cudaRuntimeGetVersion(&runtime))) return status;
        cudaDeviceProp properties;
        if (int status = check("open", cudaGetDeviceProperties(&properties, device))) return status;
        if (major < 8) {
            return fail(SOFTSHARE_NOT_SUPPORTED, "the GPU has compute capability " + std::to_string(major) + "." +
                                                     std::to_string(minor) + ", 8.0 or newer is needed");
        }
        auto* context = new Context;
        void* room = nullptr;
        if (int status = check("open", cudaMalloc(&room, ROOM * sizeof(double)))) {
            delete context;
            return status;
        }
        context->room = static_cast<double*>(room);
        context->multiprocessors = processors;
        context->description = "cuda " + std::string(properties.name) + ", sm_" + std::to_string(10 * major + minor) + ", " +
                               std::to_string(processors) + " multiprocessors, runtime " + std::to_string(runtime / 1000) + "." +
                               std::to_string(runtime % 1000 / 10);
        *handle = reinterpret_cast<int64_t>(context);
        return SOFTSHARE_OK;
    });
}

int close(int64_t handle) {
    Context* context = context_of(handle);
    for (Operation* operation : context->operations) delete operation;
    cudaFree(context->room);
    delete context;
    return SOFTSHARE_OK;
}

const char* error() { return error_text.c_str(); }

const char* describe(int64_t handle) { return context_of(handle)->description.c_str(); }

int destroy(int64_t handle) {
    Operation* operation = operation_of(handle);
    operation->context->operations.erase(operation);
    delete operation;
    return SOFTSHARE_OK;
}

const char* implementation(int64_t handle) { return operation_of(handle)->implementation(); }

}  // namespace

int fail(int status, std::string text) {
    error_text = std::move(text);
    return status;
}

int check(const char* where, cudaError_t error) {
    if (error == cudaSuccess) return SOFTSHARE_OK;
    const int status = error == cudaErrorMemoryAllocation ? SOFTSHARE_OUT_OF_MEMORY : SOFTSHARE_LIBRARY;
    return fail(status, std::string(where) + ": CUDA error " + std::to_string(int(error)) + ", " + cudaGetErrorString(error));
}

int stream(int64_t context, int64_t stream) {
    context_of(context)->stream = reinterpret_cast<cudaStream_t>(stream);
    return SOFTSHARE_OK;
}

int precision(int64_t context, int precision) {
    if (precision != SOFTSHARE_PRECISION_FP32 && precision != SOFTSHARE_PRECISION_TF32) {
        return fail(SOFTSHARE_NOT_SUPPORTED, "precision " + std::to_string(precision) + " is unknown; expected fp32 or tf32");
    }
    context_of(context)->precision = precision;
    return SOFTSHARE_OK;
}

/* Each kernel's file defines its functions in this namespace, with the signatures of softshare.h. */
#define X(name) extern __attribute__((weak)) std::remove_pointer_t<decltype(&softshare_##name)> name;
SOFTSHARE_KERNEL_FUNCTIONS(X)
#undef X

const Table kernel_table = {
    SOFTSHARE_ABI, open, close, error, describe, destroy, implementation,
#define X(name) name,
    SOFTSHARE_KERNEL_FUNCTIONS(X)
#undef X
};

}  // namespace softshare::cuda

extern "C" __attribute__((visibility("default"))) const softshare::Table* softshare_kernel_table(uint32_t abi) {
    return abi == SOFTSHARE_ABI ? &softshare::cuda::kernel_table : nullptr;
}
