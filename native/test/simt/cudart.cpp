/* The stand-in libcudart, but for its streams (streams.h): errors, the device, memory, copies and what kernels' launches queue. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <set>

#include "library.h"
#include "memory.h"
#include "streams.h"

using namespace simt;

namespace {

std::set<void*> pinned;

cudaError_t copy_checked(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (to_device && !simt::device_has(to, bytes)) return wrong(cudaErrorInvalidValue, "a copy of " + std::to_string(bytes) + " bytes to what is no live device memory of that size");
    if (from_device && !simt::device_has(from, bytes)) return wrong(cudaErrorInvalidValue, "a copy of " + std::to_string(bytes) + " bytes from what is no live device memory of that size");
    return cudaSuccess;
}

cudaError_t copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return give(cudaErrorInvalidResourceHandle);
    if (kind < 0 || kind > cudaMemcpyDefault) return give(cudaErrorInvalidMemcpyDirection);
    if (cudaError_t e = copy_checked(to, from, bytes, kind)) return e;
    return push(s, [=] {
        if (cudaError_t e = copy_checked(to, from, bytes, kind)) return e;
        if (bytes > 0) memmove(to, from, bytes);
        return cudaSuccess;
    });
}

}  // namespace

namespace simt {

__attribute__((visibility("default"))) cudaError_t queue(const Kernel& k, dim3 grid, dim3 block, cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return give(cudaErrorInvalidResourceHandle);
    const uint64_t threads = uint64_t(block.x) * block.y * block.z;
    if (threads == 0 || threads > 1024 || block.z > 64 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535 || grid.x == 0 || grid.y == 0 || grid.z == 0) {
        return wrong(cudaErrorInvalidConfiguration, std::string("kernel ") + k.name + ": a grid or block that no device takes");
    }
    // As unsigned long long: kernels' parameters need its alignment at most 16.
    struct alignas(16) Chunk { char bytes[16]; };
    auto arguments = std::make_shared<std::vector<Chunk>>((k.bytes + 15) / 16);
    memcpy(static_cast<void*>(arguments->data()), k.arguments, k.bytes);
    return push(s, [name = std::string(k.name), run_one = k.run, arguments, bytes = k.bytes, grid, block] {
        explain_faults();
        const std::string text = run({name.c_str(), run_one, arguments->data(), bytes}, grid, block);
        if (text.empty()) return cudaSuccess;
        static auto* failed = new std::vector<std::shared_ptr<std::vector<Chunk>>>;
        failed->push_back(arguments);  // parked threads have not read their last: freeing would be a race
        return wrong(cudaErrorLaunchFailure, text);
    });
}

__attribute__((visibility("default"))) cudaError_t queue_library(const char* name, std::function<std::string()> body, cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return give(cudaErrorInvalidResourceHandle);
    return push(s, [name = std::string(name), body = std::move(body)] {
        const std::string text = body();
        return text.empty() ? cudaSuccess : wrong(cudaErrorLaunchFailure, name + ": " + text);
    });
}

__attribute__((visibility("default"))) bool library_may_use(const void* memory, size_t bytes) {
    Lock lock(mutex);
    return device_has(memory, bytes);
}

}  // namespace simt

/* ---------------------------------------------------------------- errors, device */

API cudaError_t cudaGetLastError() {
    const cudaError_t error = last;
    last = cudaSuccess;
    return error;
}
API cudaError_t cudaPeekAtLastError() { return last; }
API const char* cudaGetErrorString(cudaError_t error) {
    static thread_local std::string text;
    switch (error) {
        case cudaSuccess: return "no error";
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
        case cudaErrorNoDevice: return "no CUDA-capable device is detected";
        case cudaErrorInvalidDevice: return "invalid device ordinal";
        case cudaErrorInvalidResourceHandle: return "invalid resource handle";
        case cudaErrorNotReady: return "device not ready";
        default: break;
    }
    Lock lock(mutex);
    text = why.empty() ? "error " + std::to_string(int(error)) : why;
    return text.c_str();
}
API const char* cudaGetErrorName(cudaError_t error) { return cudaGetErrorString(error); }
API cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
API cudaError_t cudaDriverGetVersion(int* version) { return *version = setting("SIMT_DRIVER", 13000), cudaSuccess; }
API cudaError_t cudaGetDeviceCount(int* count) {
    *count = 0;
    if (setting("SIMT_DRIVER", 13000) < 13000) return give(cudaErrorInsufficientDriver);
    *count = setting("SIMT_DEVICES", 1);
    return *count == 0 ? give(cudaErrorNoDevice) : cudaSuccess;
}
API cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
API cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : give(cudaErrorInvalidDevice); }
API cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    if (device != 0) return give(cudaErrorInvalidDevice);
    switch (int(attribute)) {
        case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
        case cudaDevAttrMaxSharedMemoryPerBlock: *value = 48 * 1024; break;
        case cudaDevAttrTotalConstantMemory: *value = 64 * 1024; break;
        case cudaDevAttrWarpSize: *value = 32; break;
        case cudaDevAttrMaxRegistersPerBlock: *value = 65536; break;
        case cudaDevAttrClockRate: case cudaDevAttrMemoryClockRate: *value = 1000000; break;
        case cudaDevAttrGlobalMemoryBusWidth: *value = 1024; break;
        case cudaDevAttrL2CacheSize: *value = 1 << 20; break;
        case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 2048; break;
        // Few, so that grids sized by it stay small on the runner.
        case cudaDevAttrMultiProcessorCount: *value = setting("SIMT_PROCESSORS", 2); break;
        case cudaDevAttrComputeCapabilityMajor: *value = setting("SIMT_CAPABILITY", 90) / 10; break;
        case cudaDevAttrComputeCapabilityMinor: *value = setting("SIMT_CAPABILITY", 90) % 10; break;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = 100 * 1024; break;
        case cudaDevAttrManagedMemory: *value = 1; break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = 48 * 1024; break;
        default: *value = 0;
    }
    return cudaSuccess;
}
API cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
    if (device != 0) return give(cudaErrorInvalidDevice);
    memset(static_cast<void*>(p), 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "softshare's stand-in (no GPU)");
    p->totalGlobalMem = size_t(setting("SIMT_MEGABYTES", 4096)) << 20;
    p->sharedMemPerBlock = 48 * 1024;
    p->regsPerBlock = 65536;
    p->warpSize_ = 32;
    p->maxThreadsPerBlock = 1024;
    p->totalConstMem = 64 * 1024;
    p->major = setting("SIMT_CAPABILITY", 90) / 10;
    p->minor = setting("SIMT_CAPABILITY", 90) % 10;
    p->multiProcessorCount = setting("SIMT_PROCESSORS", 2);
    return cudaSuccess;
}
API cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int) { return snprintf(text, size_t(length), "0000:00:00.0"), cudaSuccess; }
API cudaError_t cudaDeviceSynchronize() {
    Lock lock(mutex);
    if (cudaError_t e = not_captured("cudaDeviceSynchronize")) return e;
    run_all();
    return give(sticky);
}
API cudaError_t cudaDeviceReset() { return cudaDeviceSynchronize(); }

/* ---------------------------------------------------------------- memory */

API cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    Lock lock(mutex);
    *total = size_t(setting("SIMT_MEGABYTES", 4096)) << 20;
    *free = *total - std::min(*total, simt::device_used());
    return cudaSuccess;
}
API cudaError_t cudaMalloc(void** memory, size_t bytes) {
    Lock lock(mutex);
    if (cudaError_t e = not_captured("cudaMalloc")) return e;
    *memory = nullptr;
    if (bytes == 0) return cudaSuccess;
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    *memory = bytes <= free ? simt::device_take(bytes) : nullptr;
    return *memory != nullptr ? cudaSuccess : give(cudaErrorMemoryAllocation);
}
API cudaError_t cudaMallocManaged(void** memory, size_t bytes, unsigned) { return cudaMalloc(memory, bytes); }
API cudaError_t cudaFree(void* memory) {
    Lock lock(mutex);
    if (memory == nullptr) return cudaSuccess;
    if (captures > 0) return not_captured("cudaFree");
    run_all();  // as the device's: what is queued may still use it
    const std::string text = simt::device_give(memory);
    if (text.empty()) return give(sticky);
    if (sticky == cudaSuccess && text.find("past its end") != std::string::npos) sticky = cudaErrorIllegalAddress;
    return wrong(sticky != cudaSuccess ? sticky : cudaErrorInvalidValue, text);
}
API cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t) { return cudaMalloc(memory, bytes); }
API cudaError_t cudaFreeAsync(void* memory, cudaStream_t) { return cudaFree(memory); }
API cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
    Lock lock(mutex);
    if (cudaError_t e = not_captured("cudaHostAlloc")) return e;
    *memory = nullptr;
    if (posix_memalign(memory, 256, bytes) != 0) return give(cudaErrorMemoryAllocation);
    memset(*memory, 0xff, bytes);
    pinned.insert(*memory);
    return cudaSuccess;
}
API cudaError_t cudaMallocHost(void** memory, size_t bytes) { return cudaHostAlloc(memory, bytes, 0); }
API cudaError_t cudaFreeHost(void* memory) {
    Lock lock(mutex);
    if (memory == nullptr) return cudaSuccess;
    if (captures > 0) return not_captured("cudaFreeHost");
    if (pinned.erase(memory) == 0) return wrong(cudaErrorInvalidValue, "cudaFreeHost of a pointer that cudaHostAlloc did not give");
    run_all();
    free(memory);
    return give(sticky);
}
API cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) { return copy(to, from, bytes, kind, stream); }
API cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    Lock lock(mutex);
    if (cudaError_t e = copy(to, from, bytes, kind, nullptr)) return e;
    return finish(&legacy);
}
API cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return give(cudaErrorInvalidResourceHandle);
    auto body = [=] {
        if (!simt::device_has(memory, bytes)) return wrong(cudaErrorInvalidValue, "cudaMemset of " + std::to_string(bytes) + " bytes of what is no live device memory of that size");
        if (bytes > 0) memset(memory, value, bytes);
        return cudaSuccess;
    };
    if (!simt::device_has(memory, bytes)) return body();
    return push(s, body);
}
API cudaError_t cudaMemset(void* memory, int value, size_t bytes) {
    Lock lock(mutex);
    if (cudaError_t e = cudaMemsetAsync(memory, value, bytes, nullptr)) return e;
    return finish(&legacy);
}
API cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* from, size_t bytes, size_t offset, cudaMemcpyKind kind, cudaStream_t stream) {
    return copy(const_cast<char*>(static_cast<const char*>(symbol)) + offset, from, bytes, kind, stream);
}
API cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, size_t bytes, size_t offset, cudaMemcpyKind kind) {
    return cudaMemcpy(const_cast<char*>(static_cast<const char*>(symbol)) + offset, from, bytes, kind);
}
API cudaError_t cudaMemcpyFromSymbol(void* to, const void* symbol, size_t bytes, size_t offset, cudaMemcpyKind kind) {
    return cudaMemcpy(to, static_cast<const char*>(symbol) + offset, bytes, kind);
}
API cudaError_t cudaGetSymbolAddress(void** address, const void* symbol) { return *address = const_cast<void*>(symbol), cudaSuccess; }
