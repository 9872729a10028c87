/* Streams, events, captures and graphs of the stand-in libcudart; how they work: streams.h. */
#include "streams.h"

#include <stdio.h>
#include <stdlib.h>

#include <chrono>
#include <deque>
#include <memory>
#include <set>

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

namespace simt {

std::recursive_mutex mutex;
CUstream_st legacy, per_thread;
int captures = 0;
cudaError_t sticky = cudaSuccess;
std::string why;
thread_local cudaError_t last = cudaSuccess;

}  // namespace simt

using namespace simt;

namespace {

std::set<CUstream_st*> streams;
std::set<CUevent_st*> events;
std::set<CUgraph_st*> graphs;
std::set<CUgraphExec_st*> executables;
uint64_t numbers = 0;

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

}  // namespace

namespace simt {

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

void run_all() {
    run_until(&legacy, numbers);
    run_until(&per_thread, numbers);
    for (CUstream_st* s : streams) run_until(s, numbers);
}

cudaError_t push(CUstream_st* s, std::function<cudaError_t()> body, std::vector<std::pair<CUstream_st*, uint64_t>> after) {
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

cudaError_t finish(CUstream_st* s) {
    run_until(s, numbers);
    return give(sticky);
}

cudaError_t not_captured(const char* what) {
    if (sticky != cudaSuccess) return give(sticky);
    if (captures == 0) return cudaSuccess;
    return wrong(cudaErrorStreamCaptureUnsupported, std::string(what) + " is not allowed while a stream is captured");
}

}  // namespace simt

API void simt_interleave(int on) {
    Lock lock(mutex);
    interleaved = on != 0;
}

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
