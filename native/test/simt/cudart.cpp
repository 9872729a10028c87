/*
 * The stand-in libcudart: streams are queues whose work runs when someone synchronises, so that what is read too early is seen.
 * Work has a number in order of queueing; an event, a legacy-stream dependency is "this stream up to this number".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "internal.h"
#include "library.h"
#include "memory.h"

#define API extern "C" __attribute__((visibility("default")))

typedef std::lock_guard<std::recursive_mutex> Lock;

struct Work {
    std::function<cudaError_t()> body;
    uint64_t number = 0;
    std::vector<std::pair<CUstream_st*, uint64_t>> after;
};

struct CUgraph_st {
    std::vector<std::function<cudaError_t()>> nodes;  // in order of capture, which respects their dependencies
};
struct CUgraphExec_st {
    std::vector<std::function<cudaError_t()>> nodes;
};
struct CUstream_st {
    std::deque<Work> queue;
    bool blocking = true;
    std::shared_ptr<CUgraph_st> capture;  // being captured, alone or as a branch
    CUstream_st* origin = nullptr;        // of the capture
};
struct CUevent_st {
    CUstream_st* stream = nullptr;
    uint64_t number = 0;
    std::shared_ptr<CUgraph_st> capture;
    CUstream_st* origin = nullptr;
    std::chrono::steady_clock::time_point time;
    bool done = true, recorded = false;
};

namespace {

std::recursive_mutex mutex;
std::set<CUstream_st*> streams;
std::set<CUevent_st*> events;
std::set<CUgraph_st*> graphs;
std::set<CUgraphExec_st*> executables;
CUstream_st legacy, per_thread;
uint64_t numbers = 0;
int captures = 0;
cudaError_t sticky = cudaSuccess;  // a failed kernel's: every later call fails with it
std::string why;
std::set<void*> pinned;
thread_local cudaError_t last = cudaSuccess;

int setting(const char* name, int otherwise) {
    const char* text = getenv(name);
    return text != nullptr ? atoi(text) : otherwise;
}

cudaError_t give(cudaError_t error) {
    if (error != cudaSuccess) last = error;
    return error;
}

cudaError_t wrong(cudaError_t error, const std::string& text) {
    why = text;
    fprintf(stderr, "simt: %s\n", text.c_str());
    return give(error);
}

CUstream_st* stream_of(cudaStream_t stream) {
    if (stream == nullptr || stream == cudaStreamLegacy) return &legacy;
    if (stream == cudaStreamPerThread) return &per_thread;
    return streams.count(stream) != 0 ? stream : nullptr;
}

/* Streams take turns, a piece of work each: other streams' work then runs between that of the one that is waited for. */
bool interleaved = getenv("SIMT_INTERLEAVE") != nullptr && atoi(getenv("SIMT_INTERLEAVE")) != 0;

void run_until(CUstream_st* stream, uint64_t number);

void run_one(CUstream_st* stream) {
    const Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    for (const auto& [other, until] : work.after) {
        if (other == &legacy || other == &per_thread || streams.count(other) != 0) run_until(other, until);
    }
    if (sticky == cudaSuccess) sticky = work.body();
}

void run_until(CUstream_st* stream, uint64_t number) {
    while (!stream->queue.empty() && stream->queue.front().number <= number) {
        run_one(stream);
        if (!interleaved) continue;
        for (CUstream_st* other : streams) {
            if (other != stream && !other->queue.empty()) run_one(other);
        }
    }
}

void run_all() {
    run_until(&legacy, numbers);
    run_until(&per_thread, numbers);
    for (CUstream_st* s : streams) run_until(s, numbers);
}

cudaError_t push(CUstream_st* s, std::function<cudaError_t()> body, std::vector<std::pair<CUstream_st*, uint64_t>> after = {}) {
    if (sticky != cudaSuccess) return give(sticky);
    if (s->capture != nullptr) {
        s->capture->nodes.push_back(std::move(body));
        return cudaSuccess;
    }
    if (s == &legacy && captures > 0) return wrong(cudaErrorStreamCaptureImplicit, "the default stream is used while another is captured");
    auto follow = [&](CUstream_st* other) {
        if (other->blocking && !other->queue.empty()) after.push_back({other, other->queue.back().number});
    };
    if (s == &legacy) {
        follow(&per_thread);
        for (CUstream_st* other : streams) follow(other);
    } else if (s->blocking && !legacy.queue.empty()) {
        after.push_back({&legacy, legacy.queue.back().number});
    }
    s->queue.push_back({std::move(body), ++numbers, std::move(after)});
    static const bool eager = setting("SIMT_EAGER", 0) != 0;
    if (eager) run_all();
    return cudaSuccess;
}

cudaError_t not_captured(const char* what) {
    if (sticky != cudaSuccess) return give(sticky);
    if (captures == 0) return cudaSuccess;
    return wrong(cudaErrorStreamCaptureUnsupported, std::string(what) + " is not allowed while a stream is captured");
}

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

cudaError_t finish(CUstream_st* s) {
    run_until(s, numbers);
    return give(sticky);
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

API void simt_interleave(int on) {
    Lock lock(mutex);
    interleaved = on != 0;
}

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

/* ---------------------------------------------------------------- streams, events */

API cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
    Lock lock(mutex);
    *stream = new CUstream_st;
    (*stream)->blocking = (flags & cudaStreamNonBlocking) == 0;
    streams.insert(*stream);
    return cudaSuccess;
}
API cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, 0); }
API cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) { return cudaStreamCreateWithFlags(stream, flags); }
API cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    Lock lock(mutex);
    if (streams.count(stream) == 0) return wrong(cudaErrorInvalidResourceHandle, "cudaStreamDestroy of what is no live stream");
    run_until(stream, numbers);
    streams.erase(stream);
    delete stream;
    return give(sticky);
}
API cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return wrong(cudaErrorInvalidResourceHandle, "cudaStreamSynchronize of what is no live stream");
    if (cudaError_t e = not_captured("cudaStreamSynchronize")) return e;
    return finish(s);
}
API cudaError_t cudaStreamQuery(cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return give(cudaErrorInvalidResourceHandle);
    if (cudaError_t e = not_captured("cudaStreamQuery")) return e;
    if (s->queue.empty()) return give(sticky);
    run_until(s, numbers);  // so that polling ends
    return cudaErrorNotReady;
}
API cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    Lock lock(mutex);
    *event = new CUevent_st;
    events.insert(*event);
    return cudaSuccess;
}
API cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
API cudaError_t cudaEventDestroy(cudaEvent_t event) {
    Lock lock(mutex);
    if (events.count(event) == 0) return wrong(cudaErrorInvalidResourceHandle, "cudaEventDestroy of what is no live event");
    if (event->stream != nullptr) run_until(event->stream, event->number);
    events.erase(event);
    delete event;
    return cudaSuccess;
}
API cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr || events.count(event) == 0) return give(cudaErrorInvalidResourceHandle);
    event->capture = s->capture;
    event->origin = s->origin;
    if (s->capture != nullptr) return cudaSuccess;
    event->done = false;
    event->recorded = true;
    const cudaError_t error = push(s, [event] {
        if (events.count(event) == 0) return cudaSuccess;
        event->done = true;
        event->time = std::chrono::steady_clock::now();
        return cudaSuccess;
    });
    event->stream = s;
    event->number = numbers;
    return error;
}
API cudaError_t cudaEventQuery(cudaEvent_t event) {
    Lock lock(mutex);
    if (events.count(event) == 0) return give(cudaErrorInvalidResourceHandle);
    if (event->done) return give(sticky);
    run_until(event->stream, event->number);
    return cudaErrorNotReady;
}
API cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    Lock lock(mutex);
    if (events.count(event) == 0) return give(cudaErrorInvalidResourceHandle);
    if (cudaError_t e = not_captured("cudaEventSynchronize")) return e;
    if (!event->done) run_until(event->stream, event->number);
    return give(sticky);
}
API cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
    Lock lock(mutex);
    if (events.count(start) == 0 || events.count(end) == 0 || !start->recorded || !end->recorded) return give(cudaErrorInvalidResourceHandle);
    if (!start->done || !end->done) return give(cudaErrorNotReady);
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
    return cudaSuccess;
}
API cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr || events.count(event) == 0) return give(cudaErrorInvalidResourceHandle);
    if (event->capture != nullptr) {  // a branch of the capture, or its end
        if (s->capture != nullptr && s->capture != event->capture) return wrong(cudaErrorStreamCaptureInvalidated, "an event of another capture is waited for");
        s->capture = event->capture;
        s->origin = event->origin;
        return cudaSuccess;
    }
    if (s->capture != nullptr || event->stream == nullptr || event->done) return cudaSuccess;
    return push(s, [] { return cudaSuccess; }, {{event->stream, event->number}});
}

/* ---------------------------------------------------------------- capture, graphs */

API cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return give(cudaErrorInvalidResourceHandle);
    if (s == &legacy || s->capture != nullptr) return wrong(cudaErrorStreamCaptureUnsupported, "the default stream, or one that is captured already, cannot be captured");
    s->capture = std::make_shared<CUgraph_st>();
    s->origin = s;
    captures++;
    return cudaSuccess;
}
API cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    Lock lock(mutex);
    *graph = nullptr;
    CUstream_st* s = stream_of(stream);
    if (s == nullptr || s->capture == nullptr || s->origin != s) return wrong(cudaErrorStreamCaptureUnmatched, "the capture did not begin on this stream");
    const std::shared_ptr<CUgraph_st> capture = s->capture;
    for (CUstream_st* other : streams) {
        if (other->capture == capture) other->capture = nullptr, other->origin = nullptr;
    }
    per_thread.capture = nullptr;
    captures--;
    *graph = new CUgraph_st(*capture);
    graphs.insert(*graph);
    return give(sticky);
}
API cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr) return give(cudaErrorInvalidResourceHandle);
    *status = s->capture != nullptr ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}
API cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
    Lock lock(mutex);
    if (graphs.count(graph) == 0) return give(cudaErrorInvalidValue);
    for (size_t i = 0; nodes != nullptr && i < *count && i < graph->nodes.size(); i++) nodes[i] = reinterpret_cast<cudaGraphNode_t>(&graph->nodes[i]);
    if (nodes == nullptr) *count = graph->nodes.size();
    return cudaSuccess;
}
API cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    Lock lock(mutex);
    *executable = nullptr;
    if (graphs.count(graph) == 0) return wrong(cudaErrorInvalidValue, "cudaGraphInstantiate of what is no live graph");
    *executable = new CUgraphExec_st{graph->nodes};
    executables.insert(*executable);
    return cudaSuccess;
}
API cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags) { return cudaGraphInstantiate(executable, graph, flags); }
API cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }
API cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    Lock lock(mutex);
    CUstream_st* s = stream_of(stream);
    if (s == nullptr || executables.count(executable) == 0) return wrong(cudaErrorInvalidResourceHandle, "cudaGraphLaunch of what is no live graph or stream");
    // Each node is a piece of work of its own, between which other streams' may run.
    for (const auto& node : executable->nodes) {
        if (cudaError_t error = push(s, node)) return error;
    }
    return executable->nodes.empty() ? push(s, [] { return cudaSuccess; }) : cudaSuccess;
}
API cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    Lock lock(mutex);
    if (executables.erase(executable) == 0) return wrong(cudaErrorInvalidValue, "cudaGraphExecDestroy of what is no live graph");
    delete executable;
    return cudaSuccess;
}
API cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    Lock lock(mutex);
    if (graphs.erase(graph) == 0) return wrong(cudaErrorInvalidValue, "cudaGraphDestroy of what is no live graph");
    delete graph;
    return cudaSuccess;
}
