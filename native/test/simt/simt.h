/*
 * What kernels/common/cuda.h includes in place of cuda_runtime.h when a kernel's source is compiled for the host: CUDA's names,
 * served by the runner (see README.md beside). A name that is not here is not supported by the runner: the compiler says so.
 */
#ifndef SOFTSHARE_SIMT_H
#define SOFTSHARE_SIMT_H

#include "runner.h"
// Before intrinsics.h: these headers bring the C library's functions of the same names.
#include <cmath>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "intrinsics.h"

/* A block's shared array. sizeof(type[count]) is its own allocation, so that a step beyond its end is seen. */
#define SHARED_ARRAY(type, name, count) \
    static char name##_key; \
    type(&name)[count] = *static_cast<type(*)[count]>(::simt::shared(&name##_key, sizeof(type[count]), #name))

namespace simt {

/* As `kernel<<<grid, block, 0, stream>>>(arguments...)`. */
template <typename... Parameters>
cudaError_t launch(const char* where, void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
                   Parameters... arguments) {
    static_assert((std::is_trivially_copyable_v<Parameters> && ...), "kernels' parameters are copied as bytes");
    struct Call {
        void (*kernel)(Parameters...);
        std::tuple<Parameters...> arguments;
    };
    const Call call{kernel, {arguments...}};
    auto run = [](const void* packed) {
        const Call* call = static_cast<const Call*>(packed);
        std::apply(call->kernel, call->arguments);
    };
    return queue({where, run, &call, sizeof call}, grid, block, stream);
}

}  // namespace simt

template <typename T>
cudaError_t cudaMemcpyToSymbolAsync(T& symbol, const void* from, size_t bytes, size_t offset = 0,
                                    cudaMemcpyKind kind = cudaMemcpyHostToDevice, cudaStream_t stream = nullptr) {
    simt::know_symbol(&symbol, sizeof symbol);
    return cudaMemcpyToSymbolAsync(static_cast<const void*>(&symbol), from, bytes, offset, kind, stream);
}
template <typename T>
cudaError_t cudaMemcpyToSymbol(T& symbol, const void* from, size_t bytes, size_t offset = 0,
                               cudaMemcpyKind kind = cudaMemcpyHostToDevice) {
    simt::know_symbol(&symbol, sizeof symbol);
    return cudaMemcpyToSymbol(static_cast<const void*>(&symbol), from, bytes, offset, kind);
}
template <typename T>
cudaError_t cudaMemcpyFromSymbol(void* to, T& symbol, size_t bytes, size_t offset = 0,
                                 cudaMemcpyKind kind = cudaMemcpyDeviceToHost) {
    simt::know_symbol(&symbol, sizeof symbol);
    return cudaMemcpyFromSymbol(to, static_cast<const void*>(&symbol), bytes, offset, kind);
}
template <typename T>
cudaError_t cudaGetSymbolAddress(void** address, T& symbol) {
    simt::know_symbol(&symbol, sizeof symbol);
    return cudaGetSymbolAddress(address, static_cast<const void*>(&symbol));
}
template <typename T>
cudaError_t cudaMalloc(T** memory, size_t bytes) {
    return cudaMalloc(reinterpret_cast<void**>(memory), bytes);
}
/* Occupancy is a device's matter: the runner answers two blocks a multiprocessor. */
template <typename... Parameters>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*)(Parameters...), int, size_t) {
    *blocks = 2;
    return cudaSuccess;
}

#endif
