/*
 * What every CUDA kernel shares: the same source is compiled by nvcc for devices and, as plain C++20, for the tests' host
 * runner (native/test/simt), which runs blocks one after another with threads as fibers. So kernels keep to these rules:
 *  - launches go through launch(), never <<<>>>; shared arrays are declared with SHARED_ARRAY;
 *  - approximate and tensor instructions only through the wrappers below (approx.h, mma.h), which have a host body;
 *  - no cooperative groups, no CUB, no grid-wide barriers, no waiting of one block for another;
 *  - nothing that changes within an epoch is passed by value: it is read from device memory (a graph is captured once).
 */
#ifndef SOFTSHARE_COMMON_CUDA_H
#define SOFTSHARE_COMMON_CUDA_H

#ifdef __CUDACC__
#include <cuda_runtime.h>

/* A block's shared array; the host runner gives each block its own allocation, so that sanitizers see its ends. */
#define SHARED_ARRAY(type, name, count) __shared__ type name[count]
#else
#include "simt.h"  // the same names for the host: dim3, threadIdx, __syncthreads, shuffles, cudaStream_t, SHARED_ARRAY, …
#endif

#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "../../src/table.h"

namespace softshare::cuda {

extern const Table kernel_table;

/* An operation made with a context: freed by softshare_destroy or with the context. */
struct Operation : Handle {
    explicit Operation(struct Context* owner);
    virtual ~Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    virtual const char* implementation() const { return ""; }
    Context* const context;
};

constexpr int ROOM_BLOCKS = 64;
constexpr size_t ROOM = size_t(ROOM_BLOCKS) * 256;

struct Context : Handle {
    cudaStream_t stream = nullptr;
    int precision = SOFTSHARE_PRECISION_FP32;
    int multiprocessors = 1;
    double* room = nullptr;  // ROOM doubles on the device, for sums of functions that have no operation
    std::string description;
    std::unordered_set<Operation*> operations;
    std::weak_ptr<const int> prior_slot;  // of the mixture's constants, while there is a prior (prior_cuda.cu)
    Context() : Handle{&kernel_table} {}
};

inline Operation::Operation(Context* owner) : Handle{&kernel_table}, context(owner) {}

inline Context* context_of(int64_t handle) { return reinterpret_cast<Context*>(handle); }

inline Operation* operation_of(int64_t handle) { return static_cast<Operation*>(reinterpret_cast<Handle*>(handle)); }

template <typename T>
T* operation_of(int64_t handle) {
    return static_cast<T*>(operation_of(handle));
}

/* Registers a new operation with its context and hands out its handle. */
inline int64_t adopt(Operation* operation) {
    operation->context->operations.insert(operation);
    return reinterpret_cast<int64_t>(static_cast<Handle*>(operation));
}

/* Keeps one line of text for softshare_error() of this thread and returns the status. */
int fail(int status, std::string text);

/* A CUDA error as a status with a line of text; cudaSuccess is SOFTSHARE_OK. */
int check(const char* where, cudaError_t error);

template <typename Body>
int guarded(const char* where, Body&& body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return fail(SOFTSHARE_OUT_OF_MEMORY, std::string(where) + ": out of memory");
    } catch (const std::exception& e) {
        return fail(SOFTSHARE_INTERNAL, std::string(where) + ": " + e.what());
    } catch (...) {
        return fail(SOFTSHARE_INTERNAL, std::string(where) + ": unknown failure");
    }
}

/* Device memory of an operation (partial sums, descriptors): freed with it. Allocated when the operation is created, never
 * within a step. */
template <typename T>
class DeviceArray {
  public:
    DeviceArray() = default;
    explicit DeviceArray(size_t count) {
        void* memory = nullptr;
        if (count > 0 && cudaMalloc(&memory, count * sizeof(T)) != cudaSuccess) throw std::bad_alloc();
        data_ = static_cast<T*>(memory);
    }
    DeviceArray(DeviceArray&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
    DeviceArray& operator=(DeviceArray&& other) noexcept {
        std::swap(data_, other.data_);
        return *this;
    }
    ~DeviceArray() {
        if (data_ != nullptr) cudaFree(data_);
    }
    T* get() const { return data_; }

  private:
    T* data_ = nullptr;
};

/* Queues a kernel on the stream. Arguments are converted to the kernel's parameter types. */
template <typename... Parameters, typename... Arguments>
int launch(const char* where, void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
           Arguments... arguments) {
    static_assert(sizeof...(Parameters) == sizeof...(Arguments), "as many arguments as the kernel has parameters");
    if (grid.x == 0 || grid.y == 0 || grid.z == 0) return SOFTSHARE_OK;  // nothing to do
#ifdef __CUDACC__
    kernel<<<grid, block, 0, stream>>>(static_cast<Parameters>(arguments)...);
    return check(where, cudaGetLastError());
#else
    return check(where, simt::launch(where, kernel, grid, block, stream, static_cast<Parameters>(arguments)...));
#endif
}

}  // namespace softshare::cuda

#endif
