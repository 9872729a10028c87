/* The CPU library's table and its contexts. */
#include <cpuid.h>
#include <omp.h>

#include "cpu.h"
#include "oneapi/dnnl/dnnl.h"

namespace softshare::cpu {

namespace {

thread_local std::string error_text;

const char* name(Isa isa) {
    switch (isa) {
        case Isa::avx512: return "avx512";
        case Isa::avx2: return "avx2";
        default: return "plain";
    }
}

/* The best instruction set that processor and operating system both support. */
Isa detect() {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        return Isa::avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
    return Isa::plain;
}

std::string description(const Context* context) {
    const dnnl_version_t* v = dnnl_version();
    return std::string("cpu ") + name(context->isa) + ", oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) +
           "." + std::to_string(v->patch) + ", " + std::to_string(context->threads) + (context->threads == 1 ? " thread" : " threads") +
           (context->precision == SOFTSHARE_PRECISION_BF16 ? ", bf16" : "");
}

int open(int threads, int isa, int64_t* handle) {
    return guarded("open", [&] {
        if (threads < 1 || threads > 1024) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, "threads must be 1 to 1024, found " + std::to_string(threads));
        }
        Isa best = detect();
        Isa wanted = isa == SOFTSHARE_ISA_AUTO ? best : static_cast<Isa>(isa);
        if (isa < SOFTSHARE_ISA_AUTO || isa > SOFTSHARE_ISA_AVX512) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, "unknown instruction set " + std::to_string(isa));
        }
        if (wanted > best) {
            return fail(SOFTSHARE_NOT_SUPPORTED, std::string("this processor has no ") + name(wanted) + "; the best it has is " + name(best));
        }
        auto* context = new Context;
        context->threads = threads;
        context->isa = wanted;
        context->description = description(context);
        *handle = reinterpret_cast<int64_t>(context);
        return SOFTSHARE_OK;
    });
}

int close(int64_t handle) {
    Context* context = context_of(handle);
    for (Operation* operation : context->operations) delete operation;
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

int stream(int64_t, int64_t) { return SOFTSHARE_OK; }

int precision(int64_t handle, int precision) {
    Context* context = context_of(handle);
    if (precision == SOFTSHARE_PRECISION_BF16) {
        __builtin_cpu_init();
        // Without the instructions oneDNN would imitate them, slower than float32.
        if (!__builtin_cpu_supports("avx512bf16") || context->isa != Isa::avx512) {
            return fail(SOFTSHARE_NOT_SUPPORTED, "bf16 needs avx512_bf16, and this processor (or the instruction set that was "
                                                 "chosen) has none; use --precision fp32");
        }
    } else if (precision != SOFTSHARE_PRECISION_FP32) {
        return fail(SOFTSHARE_NOT_SUPPORTED, "the CPU computes in fp32 or bf16 only; use --precision fp32");
    }
    context->precision = precision;
    context->description = description(context);
    return SOFTSHARE_OK;
}

/* Each kernel's file defines its functions in this namespace, with the signatures of softshare.h. */
#define X(name) extern std::remove_pointer_t<decltype(&softshare_##name)> name;
SOFTSHARE_KERNEL_FUNCTIONS(X)
#undef X

const Table kernel_table = {
    SOFTSHARE_ABI, open, close, error, describe, destroy, implementation,
#define X(name) name,
    SOFTSHARE_KERNEL_FUNCTIONS(X)
#undef X
};

}  // namespace softshare::cpu

extern "C" __attribute__((visibility("default"))) const softshare::Table* softshare_kernel_table(uint32_t abi) {
    return abi == SOFTSHARE_ABI ? &softshare::cpu::kernel_table : nullptr;
}
