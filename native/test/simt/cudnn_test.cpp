/*
 * What the stand-in of cuDNN sees of misuse, and that its work keeps a stream's order and is recorded. What it computes is compared
 * with the CPU's layers from Java.
 */
#include "cudnn.h"

#include <stdio.h>

extern "C" {
cudnnStatus_t cudnnCreate(cudnnHandle_t*);
cudnnStatus_t cudnnDestroy(cudnnHandle_t);
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t);
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t*);
cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t, cudnnTensorFormat_t, cudnnDataType_t, int, int, int, int);
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t);
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t*);
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t, cudnnDataType_t, cudnnTensorFormat_t, int, int, int, int);
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t);
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t*);
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t, int, int, int, int, int, int, cudnnConvolutionMode_t, cudnnDataType_t);
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t);
cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, cudnnTensorDescriptor_t, cudnnFilterDescriptor_t, cudnnConvolutionDescriptor_t,
                                                      cudnnTensorDescriptor_t, int, size_t*);
cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t, const void*, cudnnTensorDescriptor_t, const void*, cudnnFilterDescriptor_t, const void*,
                                      cudnnConvolutionDescriptor_t, int, void*, size_t, const void*, cudnnTensorDescriptor_t, void*);
}

namespace {

int failures = 0;

void is(bool good, const char* what) {
    if (good) return;
    failures++;
    printf("FAILED %s\n", what);
}

float* device(size_t bytes) {
    void* memory = nullptr;
    is(cudaMalloc(&memory, bytes) == cudaSuccess, "cudaMalloc");
    return static_cast<float*>(memory);
}

/* A 1×1 convolution of two pixels with one weight: y = weight · x. */
struct One {
    cudnnHandle_t handle = nullptr;
    cudnnTensorDescriptor_t tensor = nullptr;
    cudnnFilterDescriptor_t filter = nullptr;
    cudnnConvolutionDescriptor_t convolution = nullptr;
    size_t room_bytes = 0;
    float *x = device(8), *w = device(4), *y = device(8), *room = nullptr;

    explicit One(cudaStream_t stream) {
        cudnnCreate(&handle);
        cudnnSetStream(handle, stream);
        cudnnCreateTensorDescriptor(&tensor);
        cudnnSetTensor4dDescriptor(tensor, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 2);
        cudnnCreateFilterDescriptor(&filter);
        cudnnSetFilter4dDescriptor(filter, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, 1, 1, 1, 1);
        cudnnCreateConvolutionDescriptor(&convolution);
        cudnnSetConvolution2dDescriptor(convolution, 0, 0, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT);
        is(cudnnGetConvolutionForwardWorkspaceSize(handle, tensor, filter, convolution, tensor, 1, &room_bytes) == CUDNN_STATUS_SUCCESS, "the workspace's size");
        room = device(room_bytes);
    }
    ~One() {
        cudnnDestroyConvolutionDescriptor(convolution);
        cudnnDestroyFilterDescriptor(filter);
        cudnnDestroyTensorDescriptor(tensor);
        cudnnDestroy(handle);
    }
    cudnnStatus_t forward(size_t room_size, int algorithm = 1) {
        const float one = 1, zero = 0;
        return cudnnConvolutionForward(handle, &one, tensor, x, filter, w, convolution, algorithm, room, room_size, &zero, tensor, y);
    }
};

void order_and_recording() {
    cudaStream_t stream = nullptr;
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    One c(stream);
    const float x[2] = {3, -5};
    float w = 2, found[2] = {-1, -1};
    cudaMemcpy(c.x, x, 8, cudaMemcpyHostToDevice);
    cudaMemcpyAsync(c.w, &w, 4, cudaMemcpyHostToDevice, stream);
    is(c.forward(c.room_bytes) == CUDNN_STATUS_SUCCESS, "a convolution is queued");
    cudaMemcpyAsync(found, c.y, 8, cudaMemcpyDeviceToHost, stream);
    is(found[0] == -1, "queued work waits");
    is(cudaStreamSynchronize(stream) == cudaSuccess && found[0] == 6 && found[1] == -10, "it runs in the stream's order");

    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    is(c.forward(c.room_bytes) == CUDNN_STATUS_SUCCESS, "a convolution is recorded");
    cudaStreamEndCapture(stream, &graph);
    size_t nodes = 0;
    is(cudaGraphGetNodes(graph, nullptr, &nodes) == cudaSuccess && nodes == 1, "one node");
    cudaGraphInstantiate(&executable, graph, 0);
    w = 7;
    cudaMemcpyAsync(c.w, &w, 4, cudaMemcpyHostToDevice, stream);
    cudaGraphLaunch(executable, stream);
    cudaMemcpyAsync(found, c.y, 8, cudaMemcpyDeviceToHost, stream);
    is(cudaStreamSynchronize(stream) == cudaSuccess && found[0] == 21 && found[1] == -35, "a replay reads what is there then");
    cudaGraphExecDestroy(executable);
    cudaGraphDestroy(graph);
    is(c.forward(c.room_bytes - 1) == CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, "a workspace that is too small");
    is(c.forward(c.room_bytes, 2) == CUDNN_STATUS_NOT_SUPPORTED, "an algorithm that is not supported");
    cudaFree(c.room);
    is(c.forward(c.room_bytes) == CUDNN_STATUS_BAD_PARAM, "a workspace that was freed");
    cudaStreamDestroy(stream);
}

/* The device has failed after it: the last check. */
void read_before_written() {
    One c(nullptr);
    const float x[2] = {1, 2};
    cudaMemcpy(c.x, x, 8, cudaMemcpyHostToDevice);
    is(c.forward(c.room_bytes) == CUDNN_STATUS_SUCCESS, "a convolution whose weight nobody wrote is queued");
    is(cudaDeviceSynchronize() == cudaErrorLaunchFailure, "it fails when it runs");
}

}  // namespace

int main() {
    order_and_recording();
    read_before_written();
    printf(failures == 0 ? "all good\n" : "%d failures\n", failures);
    return failures != 0;
}
