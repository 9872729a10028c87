/*
 * What every CPU kernel shares: the context, the base of operations, errors, and the cutting of work into chunks.
 */
#ifndef SOFTSHARE_COMMON_CPU_H
#define SOFTSHARE_COMMON_CPU_H

#include <exception>
#include <new>
#include <string>
#include <unordered_set>

#include "../../src/table.h"
#include "flush.h"

namespace softshare::cpu {

extern const Table kernel_table;

/* Instruction sets, ordered: each includes the ones before it. */
enum class Isa { plain = SOFTSHARE_ISA_PLAIN, avx2 = SOFTSHARE_ISA_AVX2, avx512 = SOFTSHARE_ISA_AVX512 };

/* An operation made with a context: freed by softshare_destroy or with the context. */
struct Operation : Handle {
    explicit Operation(struct Context* owner);
    virtual ~Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    virtual const char* implementation() const { return ""; }
    Context* const context;
};

struct Context : Handle {
    int threads = 1;
    Isa isa = Isa::plain;
    int precision = SOFTSHARE_PRECISION_FP32;
    std::string description;
    std::unordered_set<Operation*> operations;
    Context() : Handle{&kernel_table} {}
};

inline Operation::Operation(Context* owner) : Handle{&kernel_table}, context(owner) {}

inline Context* context_of(int64_t handle) { return reinterpret_cast<Context*>(handle); }

/* The operation behind its handle, which is the address of its Handle: the virtual table's pointer lies before that. */
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

/* Runs a body and turns what it throws into a status: no C++ exception leaves the library. */
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

/* Runs body(chunk) for chunk = 0 … chunks − 1 on the context's threads. What a chunk computes must not depend on which
 * thread runs it; partial results are summed by the caller in chunk order, which makes bits independent of threads. */
template <typename Body>
void parallel(const Context* context, int64_t chunks, Body&& body) {
    FlushTiny flush;
    if (context->threads == 1 || chunks <= 1) {
        for (int64_t chunk = 0; chunk < chunks; chunk++) body(chunk);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(context->threads)
    for (int64_t chunk = 0; chunk < chunks; chunk++) body(chunk);
}

/* The same over a flat range in pieces of `piece` elements: body(begin, end). */
template <typename Body>
void parallel_range(const Context* context, int64_t count, int64_t piece, Body&& body) {
    int64_t chunks = (count + piece - 1) / piece;
    parallel(context, chunks, [&](int64_t chunk) {
        int64_t begin = chunk * piece;
        body(begin, begin + piece < count ? begin + piece : count);
    });
}

}  // namespace softshare::cpu

#endif
