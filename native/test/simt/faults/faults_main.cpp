/* Runs the kernels with the fault that the first argument names, in four orders; status 1 and a line if results are wrong. */
#include <stdio.h>
#include <string.h>

#include <vector>

#include "faults.h"

namespace {

void need(cudaError_t error) {
    if (error == cudaSuccess) return;
    printf("CUDA error %d: %s\n", int(error), cudaGetErrorString(error));
    exit(1);
}

void expect(const char* what, float found, float expected) {
    if (found == expected) return;
    printf("wrong result: %s is %g, expected %g\n", what, double(found), double(expected));
    exit(1);
}

void run(int fault) {
    constexpr int n = 192;
    float x[n], back[n], *dx = nullptr, *dy = nullptr, *partial = nullptr;
    float sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] = float(i % 17);
    need(cudaMalloc(&dx, sizeof x));
    need(cudaMalloc(&dy, sizeof x));
    need(cudaMalloc(&partial, 4 * sizeof(float)));
    need(cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice));

    need(launch_total(fault, n, dx, partial, dy));
    need(cudaMemcpyAsync(back, dy, sizeof(float), cudaMemcpyDeviceToHost, nullptr));
    back[0] = -1;
    if (fault != READ_BEFORE_DONE) need(cudaStreamSynchronize(nullptr));
    expect("the total", back[0], sum);

    need(launch_reverse(fault, n / 64, dx, dy));
    need(cudaMemcpy(back, dy, sizeof x, cudaMemcpyDeviceToHost));
    for (int i = 0; i < n; i++) expect("a reversed tile's element", back[i], x[i / 64 * 64 + 63 - i % 64]);

    need(launch_neighbours(fault, dx, dy));
    need(cudaMemcpy(back, dy, 64 * sizeof(float), cudaMemcpyDeviceToHost));
    for (int i = 0; i < 64; i++) expect("a neighbour", back[i], x[i ^ 1]);

    need(cudaMemset(dy, 0, sizeof(float)));
    need(launch_count(fault, dy));
    need(cudaMemcpy(back, dy, sizeof(float), cudaMemcpyDeviceToHost));
    expect("the count", back[0], 128);

    need(launch_local(fault, dy));
    need(cudaMemcpy(back, dy, sizeof(float), cudaMemcpyDeviceToHost));

    cudaStream_t stream = nullptr;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    need(cudaStreamCreate(&stream));
    need(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    need(launch_vectors(fault, dx, dy, stream));
    need(cudaStreamEndCapture(stream, &graph));
    need(cudaGraphInstantiate(&executable, graph, 0));
    if (fault == GRAPH_USES_FREED) need(cudaFree(dx));
    need(cudaGraphLaunch(executable, stream));
    need(cudaStreamSynchronize(stream));
    need(cudaMemcpy(back, dy, 64 * sizeof(float), cudaMemcpyDeviceToHost));
    if (fault != MISALIGNED_FLOAT4) {
        for (int i = 0; i < 64; i++) expect("a copied element", back[i], x[i]);
    }
    need(cudaGraphExecDestroy(executable));
    need(cudaGraphDestroy(graph));
    need(cudaStreamDestroy(stream));
    if (fault != GRAPH_USES_FREED) need(cudaFree(dx));
    need(cudaFree(dy));
    need(cudaFree(partial));
}

}  // namespace

int main(int count, char** arguments) {
    for (int fault = 0; count == 2 && fault < FAULTS; fault++) {
        if (strcmp(arguments[1], FAULT_NAMES[fault]) != 0) continue;
        for (int order = 0; order < 4; order++) {
            simt_order(order);
            run(fault);
        }
        return 0;
    }
    for (const char* name : FAULT_NAMES) printf("%s\n", name);
    return count == 1 ? 0 : 2;
}
