/* What a stand-in of one of NVIDIA's libraries needs of the stand-in runtime: its work in the order of a stream. */
#ifndef SOFTSHARE_SIMT_LIBRARY_H
#define SOFTSHARE_SIMT_LIBRARY_H

#include <functional>
#include <string>

#include "runtime.h"

namespace simt {

/* Queues the work on the stream, or records it in the stream's graph, as a kernel's launch; it returns the empty text, or what is
 * wrong: the device then fails as by a kernel's fault. */
cudaError_t queue_library(const char* name, std::function<std::string()> body, cudaStream_t stream);

/* Whether all bytes lie in one live block of device memory. */
bool library_may_use(const void* memory, size_t bytes);

}  // namespace simt

#endif
