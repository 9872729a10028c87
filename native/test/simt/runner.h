/*
 * The host runner's interface to kernels: shared arrays, barriers and collectives of a warp. Blocks run one after another on the
 * calling thread; a block's threads are fibers. A thread that reaches a collective parks there with its site; the last of the
 * mask to come does the work for all. When no thread can move and some are parked, the launch fails and names each site.
 */
#ifndef SOFTSHARE_SIMT_RUNNER_H
#define SOFTSHARE_SIMT_RUNNER_H

#include "runtime.h"
#include "types.h"

/* On functions that handle other lanes' operands: the race detector must not look at them. */
#define SIMT_WHOLE_WARP __attribute__((noinline, no_sanitize("thread")))

namespace simt {

/* Where in the kernel's source a collective stands. */
struct Site {
    const char* what;
    const char* file;
    int line;
};

/* The block's array of this key: its own allocation, 0xFF bytes (NaN) at first. */
void* shared(const void* key, size_t bytes, const char* name);

/* Waits for the block; the number of threads whose predicate holds. */
unsigned barrier(int predicate, Site site);
/* Waits for the mask's lanes; orders memory among them. */
void syncwarp(unsigned mask, Site site);

/* whole(operands of the 32 lanes, mask) runs once when all lanes of the mask are here. Orders no memory. */
typedef void (*Whole)(void* const* operands, unsigned mask);
void collective(unsigned mask, void* operand, Whole whole, Site site);

enum Shuffle { shuffle_index, shuffle_up, shuffle_down, shuffle_xor };
uint64_t shuffle(Shuffle kind, unsigned mask, uint64_t bits, unsigned lane, int width, Site site);
unsigned ballot(unsigned mask, int predicate, Site site);
/* Lanes of the mask that hold the same bits. */
unsigned match(unsigned mask, uint64_t bits, Site site);
enum Reduction { reduce_add, reduce_min, reduce_max, reduce_and, reduce_or, reduce_xor };
unsigned reduce(Reduction kind, bool is_signed, unsigned mask, unsigned value, Site site);

/* The word by which fences order memory; a bare fence is not understood by the race detector. */
extern unsigned fence_word;

/* Lanes' approximate instructions are off by up to this many ulp at random (SIMT_ULP=n; 0: exact). */
extern int noise_ulp;

/* A kernel with its arguments by value: run(arguments) is one thread's work. */
struct Kernel {
    const char* name;
    void (*run)(const void* arguments);
    const void* arguments;
    size_t bytes;
};

/* Queues the kernel on the stream (or records it in the stream's graph). */
cudaError_t queue(const Kernel& kernel, dim3 grid, dim3 block, cudaStream_t stream);

/* A symbol of __constant__ memory that copies may write to. */
void know_symbol(const void* symbol, size_t bytes);

}  // namespace simt

extern "C" {
/* Order of threads and blocks from the next kernel on: 0 ascending, 1 descending, others shuffled by that seed. Starts with the
 * environment's SIMT_ORDER. */
void simt_order(int order);
}

#endif
