/*
 * Where the native tests run. Without SOFTSHARE_TEST_CUDA: the CPU library on each instruction set. With it (the path of a
 * libsoftshare_cuda.so, the stand-in's or a real one): that library alone, on the libcudart.so.13 that the loader finds.
 *
 *     OK(on(context, softshare_add, count, a, b, y));
 *
 * calls softshare_add with vectors in place of pointers. On the CPU their data is passed as it is. On CUDA each vector (or array)
 * is copied to a block of device memory of its exact size, the same one where it is given twice (in place); after the call
 * the device is synchronised and those whose parameter is not const are copied back. Pointers that the header keeps on the host
 * (a handle's place, a layout) belong to functions that are called directly.
 *
 * A function that the CUDA library does not have yet ends the program with 77: ctest shows the test as skipped.
 */
#ifndef SOFTSHARE_TEST_DEVICE_H
#define SOFTSHARE_TEST_DEVICE_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "softshare.h"

namespace device {

/* The CUDA library under test, or NULL: the CPU's. */
inline const char* cuda() { return getenv("SOFTSHARE_TEST_CUDA"); }

/* For sizes: threads are emulated on the host, a million elements take a minute. */
inline bool emulated();
/* Under the race detector: shapes of a few thousand elements only. */
inline bool small() { return getenv("SOFTSHARE_TEST_SMALL") != nullptr; }
inline int most(int count) { return small() && count > 1021 ? 1021 : count; }

inline void* runtime(const char* name) {
    static void* library = dlopen("libcudart.so.13", RTLD_NOW | RTLD_GLOBAL);
    void* function = library != nullptr ? dlsym(library, name) : nullptr;
    return function;
}

template <typename Function>
Function* need(const char* name) {
    void* function = runtime(name);
    if (function == nullptr) {
        fprintf(stderr, "FAILED: libcudart.so.13 or its %s is not found; set LD_LIBRARY_PATH\n", name);
        exit(1);
    }
    return reinterpret_cast<Function*>(function);
}

inline bool emulated() { return cuda() != nullptr && runtime("simt_order") != nullptr; }

inline void require(int error, const char* what) {
    if (error == 0) return;
    static auto* text = need<const char*(int)>("cudaGetErrorString");
    fprintf(stderr, "FAILED: %s: CUDA error %d, %s\n", what, error, text(error));
    exit(1);
}

/* Waits for the device: kernels' failures end the program with their message. */
inline void synchronize() {
    if (cuda() == nullptr) return;
    static auto* function = need<int()>("cudaDeviceSynchronize");
    require(function(), "cudaDeviceSynchronize");
}

/* Opens the library under test. Tests that go through 1, 2, 3 threads go through as many orders of the emulated threads. */
inline int open(int threads, int isa, int64_t* context) {
    if (cuda() == nullptr) return softshare_open(SOFTSHARE_CPU_LIBRARY, threads, isa, context);
    if (auto* order = reinterpret_cast<void (*)(int)>(runtime("simt_order"))) order(threads - 1);
    return softshare_open(cuda(), threads, SOFTSHARE_ISA_AUTO, context);
}

/* Ends the program if the library under test lacks the function that was called. */
inline void skip_if_lacking(int status, const std::string& what) {
    if (cuda() == nullptr || status != SOFTSHARE_NOT_SUPPORTED || strstr(softshare_error(), "lacks a function") == nullptr) return;
    printf("SKIPPED at %s: the CUDA library has no such function\n", what.c_str());
    exit(77);
}

/* The vectors of one call on the device. */
class Copies {
public:
    Copies() = default;
    Copies(const Copies&) = delete;
    Copies& operator=(const Copies&) = delete;
    ~Copies() {
        if (all_.empty()) return;
        static auto* release = need<int(void*)>("cudaFree");
        for (const Copy& c : all_) require(release(c.block), "cudaFree");
    }
    void* to_device(const void* host, size_t bytes, bool written) {
        static auto* take = need<int(void**, size_t)>("cudaMalloc");
        static auto* copy = need<int(void*, const void*, size_t, int)>("cudaMemcpy");
        for (Copy& c : all_) {
            if (c.host != host || c.bytes != bytes) continue;
            c.written = c.written || written;
            return c.block;
        }
        Copy c{host, bytes, written, nullptr};
        require(take(&c.block, bytes > 0 ? bytes : 1), "cudaMalloc");
        if (bytes > 0) require(copy(c.block, host, bytes, 1), "cudaMemcpy to the device");
        all_.push_back(c);
        return c.block;
    }
    void back() {
        static auto* copy = need<int(void*, const void*, size_t, int)>("cudaMemcpy");
        for (const Copy& c : all_) {
            if (c.written && c.bytes > 0) require(copy(const_cast<void*>(c.host), c.block, c.bytes, 2), "cudaMemcpy from the device");
        }
    }

private:
    struct Copy {
        const void* host;
        size_t bytes;
        bool written;
        void* block;
    };
    std::vector<Copy> all_;
};

/* `count` elements at a host pointer, as an argument of on(). */
template <typename T>
struct Range {
    T* data_;
    size_t size_;
    T* data() const { return data_; }
    size_t size() const { return size_; }
};
template <typename T>
Range<T> range(T* data, size_t count) {
    return {data, count};
}
template <typename T>
Range<T> one(T& value) {
    return {&value, 1};
}

/* The vector, or NULL where it is empty (or not wanted). */
template <typename T>
struct Given {
    T* data;
    size_t size;
};
template <typename T>
Given<const T> given(const std::vector<T>& values) {
    return {values.data(), values.size()};
}
template <typename T>
Given<const T> given(bool wanted, const std::vector<T>& values) {
    return {values.data(), wanted ? values.size() : 0};
}
template <typename T>
Given<T> given(bool wanted, std::vector<T>& values) {
    return {values.data(), wanted ? values.size() : 0};
}
/* A pointer that stays on the host: the function's header says so. */
template <typename T>
struct Host {
    T* pointer;
};
template <typename T>
Host<T> host(T* pointer) {
    return {pointer};
}
template <typename T>
struct IsGiven : std::false_type {};
template <typename T>
struct IsGiven<Given<T>> : std::true_type {};
template <typename T>
struct IsHost : std::false_type {};
template <typename T>
struct IsHost<Host<T>> : std::true_type {};

template <typename Parameter, typename Argument>
Parameter passed(Copies* copies, Argument& argument) {
    using Plain = std::remove_cv_t<std::remove_reference_t<Argument>>;
    if constexpr (!std::is_pointer_v<Parameter>) {
        return static_cast<Parameter>(argument);
    } else if constexpr (std::is_same_v<Plain, std::nullptr_t>) {
        return nullptr;
    } else if constexpr (IsHost<Plain>::value) {
        return argument.pointer;
    } else if constexpr (IsGiven<Plain>::value) {
        if (argument.size == 0 || cuda() == nullptr) return argument.size == 0 ? nullptr : argument.data;
        constexpr bool written = !std::is_const_v<std::remove_pointer_t<Parameter>>;
        return static_cast<Parameter>(copies->to_device(argument.data, argument.size * sizeof(*argument.data), written));
    } else {
        static_assert(!std::is_pointer_v<Plain>, "a bare pointer has no size: pass the vector, range(pointer, count) or one(value)");
        using Element = std::remove_pointer_t<Parameter>;
        constexpr bool written = !std::is_const_v<Element>;
        static double room[16] = {};  // an empty vector's data may be NULL, which functions refuse
        const auto nothing = static_cast<Parameter>(static_cast<void*>(room));
        const auto* host = std::data(argument);
        const size_t bytes = std::size(argument) * sizeof(*host);
        if (cuda() != nullptr) return static_cast<Parameter>(copies->to_device(host != nullptr ? static_cast<const void*>(host) : nothing, bytes, written));
        return bytes > 0 ? const_cast<Parameter>(static_cast<const Element*>(host)) : nothing;
    }
}

/* The call (see above). */
template <typename... Parameters, typename... Arguments>
int on(int64_t handle, int (*function)(int64_t, Parameters...), Arguments&&... arguments) {
    static_assert(sizeof...(Parameters) == sizeof...(Arguments), "as many arguments as the function has parameters");
    Copies copies;
    const int status = function(handle, passed<Parameters>(&copies, arguments)...);
    if (status == SOFTSHARE_OK && cuda() != nullptr) {
        synchronize();
        copies.back();
    }
    return status;
}

}  // namespace device

using device::given;
using device::host;
using device::on;
using device::one;
using device::range;

#endif
