/*
 * Streams of the stand-in libcudart: queues whose work runs when someone synchronises, so that what is read too early is seen.
 * Work has a number in order of queueing; an event, a legacy-stream dependency is "this stream up to this number".
 * Whoever calls or reads what is here holds the lock.
 */
#ifndef SOFTSHARE_SIMT_STREAMS_H
#define SOFTSHARE_SIMT_STREAMS_H

#include <stdint.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "internal.h"

#define API extern "C" __attribute__((visibility("default")))

typedef std::lock_guard<std::recursive_mutex> Lock;

namespace simt {

extern std::recursive_mutex mutex;
extern CUstream_st legacy, per_thread;
extern int captures;         // that are under way
extern cudaError_t sticky;   // a failed kernel's: every later call fails with it
extern std::string why;      // the text of the last error that has one
extern thread_local cudaError_t last;

/* The variable of the environment, or what stands for it. */
int setting(const char* name, int otherwise);

/* The error, remembered as the thread's last if it is one. */
cudaError_t give(cudaError_t error);

/* The same with a text, which goes to standard error too. */
cudaError_t wrong(cudaError_t error, const std::string& text);

/* The stream behind the handle; NULL: no live one. */
CUstream_st* stream_of(cudaStream_t stream);

/* Runs all that is queued anywhere. */
void run_all();

/* Queues work behind the stream's, and behind what else it must follow; captured where the stream is. */
cudaError_t push(CUstream_st* s, std::function<cudaError_t()> body, std::vector<std::pair<CUstream_st*, uint64_t>> after = {});

/* Runs all that the stream holds; the sticky error. */
cudaError_t finish(CUstream_st* s);

/* An error if a stream is captured, which the call of this name would spoil. */
cudaError_t not_captured(const char* what);

}  // namespace simt

#endif
