/* Checks of arguments: one line that names what is wrong; nothing is allocated while all is well. */
#ifndef SOFTSHARE_COMMON_REQUIRE_H
#define SOFTSHARE_COMMON_REQUIRE_H

#include <initializer_list>

/* In a file of CUDA kernels, which includes cuda.h before this, they belong to that library. */
#ifdef SOFTSHARE_COMMON_CUDA_H
#define SOFTSHARE_REQUIRING cuda
#else
#include "cpu.h"
#define SOFTSHARE_REQUIRING cpu
#endif

namespace softshare::SOFTSHARE_REQUIRING {

struct NamedPointer {
    const char* name;
    const void* pointer;
};

struct NamedSize {
    const char* name;
    int64_t size;
};

/* SOFTSHARE_OK, or the failure that names the first pointer that is NULL. */
inline int require_pointers(const char* where, std::initializer_list<NamedPointer> pointers) {
    for (const NamedPointer& p : pointers) {
        if (p.pointer == nullptr) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": " + p.name + " is NULL; pass a buffer");
        }
    }
    return SOFTSHARE_OK;
}

/* SOFTSHARE_OK, or the failure that names the first size below `least`. */
inline int require_sizes(const char* where, int64_t least, std::initializer_list<NamedSize> sizes) {
    for (const NamedSize& s : sizes) {
        if (s.size < least) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": " + s.name + " must be " +
                                                        std::to_string(least) + " or more, found " +
                                                        std::to_string(s.size));
        }
    }
    return SOFTSHARE_OK;
}

/* The operation behind a handle, or null with the error told if it is of another kind. */
template <typename T>
T* require_operation(const char* where, int64_t handle) {
    T* operation = dynamic_cast<T*>(operation_of(handle));
    if (operation == nullptr) {
        fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the handle is of another operation");
    }
    return operation;
}

}  // namespace softshare::SOFTSHARE_REQUIRING

#endif
