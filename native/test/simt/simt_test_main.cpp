/* The runner and the stand-in runtime: collectives against their definitions, queues, events, capture and replay, refusals. */
#include <stdio.h>

#include <cmath>
#include <vector>

#include "simt_test.h"

namespace {

int failures = 0;

void is(bool good, const char* what) {
    if (good) return;
    failures++;
    printf("FAILED %s\n", what);
}

void reduction(int n, int blocks, bool graph) {
    std::vector<float> x(size_t(n), 0.0f);
    double expected = 0, found = -1;
    for (int i = 0; i < n; i++) expected += double(x[size_t(i)] = float(i % 97) * 0.25f);
    float* dx = nullptr;
    double *partial = nullptr, *total = nullptr;
    cudaStream_t stream = nullptr;
    is(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess, "stream");
    is(cudaMalloc(&dx, sizeof(float) * size_t(n + 1)) == cudaSuccess && cudaMalloc(&partial, 8 * size_t(blocks)) == cudaSuccess && cudaMalloc(&total, 8) == cudaSuccess, "malloc");
    if (graph) cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
    is(cudaMemcpyAsync(dx, x.data(), sizeof(float) * size_t(n), cudaMemcpyHostToDevice, stream) == cudaSuccess, "copy in");
    is(launch_reduce(blocks, n, dx, partial, total, stream) == cudaSuccess, "launch");
    is(cudaMemcpyAsync(&found, total, 8, cudaMemcpyDeviceToHost, stream) == cudaSuccess, "copy out");
    is(found == -1, "queued work waits for a synchronisation");
    if (graph) {
        void* refused = nullptr;
        is(cudaMalloc(&refused, 8) == cudaErrorStreamCaptureUnsupported, "no cudaMalloc in a capture");
        cudaGraph_t captured = nullptr;
        cudaGraphExec_t executable = nullptr;
        size_t nodes = 0;
        is(cudaStreamEndCapture(stream, &captured) == cudaSuccess, "end of capture");
        is(cudaGraphGetNodes(captured, nullptr, &nodes) == cudaSuccess && nodes == 3, "three nodes");
        is(cudaGraphInstantiate(&executable, captured, 0) == cudaSuccess && cudaGraphDestroy(captured) == cudaSuccess, "instantiate");
        is(cudaStreamSynchronize(stream) == cudaSuccess && found == -1, "captured work does not run");
        for (int replay = 0; replay < 3; replay++) {
            for (float& v : x) v += 1;
            expected += n;
            is(cudaGraphLaunch(executable, stream) == cudaSuccess && cudaStreamSynchronize(stream) == cudaSuccess, "replay");
            is(found == expected, "replayed sum");
        }
        is(cudaGraphExecDestroy(executable) == cudaSuccess, "destroy");
    }
    is(cudaStreamSynchronize(stream) == cudaSuccess, "synchronise");
    is(found == expected, "sum");
    is(cudaFree(dx) == cudaSuccess && cudaFree(partial) == cudaSuccess && cudaFree(total) == cudaSuccess && cudaStreamDestroy(stream) == cudaSuccess, "free");
}

void transposition() {
    float *x = nullptr, *y = nullptr;
    std::vector<float> host(512), back(512);
    for (size_t i = 0; i < 512; i++) host[i] = float(i);
    cudaMalloc(&x, 2048);
    cudaMalloc(&y, 2048);
    is(cudaMemcpy(back.data(), y, 2048, cudaMemcpyDeviceToHost) == cudaSuccess && std::isnan(back[17]), "new memory is NaN");
    cudaMemcpy(x, host.data(), 2048, cudaMemcpyHostToDevice);
    is(launch_transpose(2, x, y, nullptr) == cudaSuccess, "transpose");
    is(cudaMemcpy(back.data(), y, 2048, cudaMemcpyDeviceToHost) == cudaSuccess, "copy");
    bool good = true;
    for (size_t i = 0; i < 512; i++) good = good && back[i] == host[i / 256 * 256 + i % 16 * 16 + i % 256 / 16];
    is(good, "transposed");
    is(cudaMemcpy(x, host.data(), 2049, cudaMemcpyHostToDevice) == cudaErrorInvalidValue, "a copy beyond the block");
    cudaFree(x);
    is(cudaMemcpy(x, host.data(), 4, cudaMemcpyHostToDevice) == cudaErrorInvalidValue, "a copy to freed memory");
    is(cudaFree(x) == cudaErrorInvalidValue, "freed twice");
    cudaFree(y);
}

void voting() {
    unsigned *out = nullptr, back[96];
    cudaMalloc(&out, sizeof back);
    launch_votes(out, nullptr);
    is(cudaMemcpy(back, out, sizeof back, cudaMemcpyDeviceToHost) == cudaSuccess, "votes");
    for (unsigned i = 0; i < 96; i++) {
        const unsigned lane = i % 32, up = lane < 3 ? lane : lane - 3;
        const unsigned expected = 0x55555555u ^ (0xfu << lane / 4 * 4) ^ (496u << 8) ^ (up << 16) ^ ((lane ^ 5) << 24) ^ 32u;
        if (back[i] != expected) is(false, "collectives");
    }
    cudaFree(out);
}

/* Work on a second stream waits for an event of the first, whatever is synchronised first. */
void order_by_events() {
    float* x = nullptr;
    const float one = 1, two = 2;
    float found = 0;
    cudaStream_t a = nullptr, b = nullptr;
    cudaEvent_t event = nullptr;
    cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking);
    cudaEventCreate(&event);
    cudaMalloc(&x, 4);
    cudaMemcpyAsync(x, &one, 4, cudaMemcpyHostToDevice, a);
    cudaEventRecord(event, a);
    cudaMemcpyAsync(x, &two, 4, cudaMemcpyHostToDevice, a);
    cudaStreamWaitEvent(b, event, 0);
    cudaMemcpyAsync(&found, x, 4, cudaMemcpyDeviceToHost, b);
    is(cudaStreamSynchronize(b) == cudaSuccess && found == 1, "an event orders two streams");
    is(cudaStreamSynchronize(a) == cudaSuccess && cudaEventDestroy(event) == cudaSuccess, "end");
    cudaFree(x);
    cudaStreamDestroy(a);
    cudaStreamDestroy(b);
}

}  // namespace

int main() {
    for (int blocks : {1, 3}) {
        for (int n : {0, 1, 31, 1021}) {
            reduction(n, blocks, false);
            reduction(n, blocks, true);
        }
    }
    transposition();
    voting();
    order_by_events();
    printf(failures == 0 ? "all good\n" : "%d failures\n", failures);
    return failures != 0;
}
