/* Between the parts of the stand-in: runner, runtime. */
#ifndef SOFTSHARE_SIMT_INTERNAL_H
#define SOFTSHARE_SIMT_INTERNAL_H

#include <string>
#include <vector>

#include "runner.h"

// Compiled without a sanitizer, used under any: these are there or NULL.
extern "C" {
__attribute__((weak)) void* __tsan_get_current_fiber(void);
__attribute__((weak)) void* __tsan_create_fiber(unsigned flags);
__attribute__((weak)) void __tsan_destroy_fiber(void* fiber);
__attribute__((weak)) void __tsan_switch_to_fiber(void* fiber, unsigned flags);
__attribute__((weak)) void __tsan_acquire(void* at);
__attribute__((weak)) void __tsan_release(void* at);
__attribute__((weak)) void __sanitizer_start_switch_fiber(void** save, const void* bottom, size_t bytes);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void* save, const void** bottom, size_t* bytes);
__attribute__((weak)) int __asan_address_is_poisoned(const volatile void* at);
__attribute__((weak)) void __msan_allocated_memory(const volatile void* at, size_t bytes);
}

namespace simt {

inline bool under_tsan() { return __tsan_create_fiber != nullptr; }
inline bool under_msan() { return __msan_allocated_memory != nullptr; }
inline bool under_asan() { return __asan_address_is_poisoned != nullptr; }

/* Runs a kernel to its end on this thread; the empty text, or what went wrong. */
std::string run(const Kernel& kernel, dim3 grid, dim3 block);

/* The thread that runs now in words, e.g. "kernel relu, block (0,0,0), thread (3,0,0)"; empty outside kernels. */
std::string position();
/* Whether the address lies in the running thread's guard page or a large frame below it. */
bool in_stack_guard(const void* at);

}  // namespace simt

#endif
