/* A layer with weights on CUDA, by implicit GEMM: convolution, and the linear layer as its 1×1 case on 1×1 images. */
#ifndef SOFTSHARE_CONVOLUTION_WEIGHTED_LAYER_CUDA_H
#define SOFTSHARE_CONVOLUTION_WEIGHTED_LAYER_CUDA_H

#include "../common/cuda.h"

namespace softshare::cuda {

/* Sizes as softshare_convolution_create takes them, and those of the max-pool behind it. */
struct LayerShape {
    int batch, in_channels, in_height, in_width, out_channels, kernel_height, kernel_width;
    int stride_height, stride_width, pad_height, pad_width, flags;
    int window_height = 1, window_width = 1, window_pad_height = 0, window_pad_width = 0;
};

/* Which functions of softshare.h made a layer and may be called with it. */
enum class LayerKind { convolution, linear, convolution_pool };

class WeightedLayer : public Operation {
  public:
    /* Checks the shape; with SOFTSHARE_OK *operation is the handle of the new layer. */
    static int create(const char* where, int64_t context, const LayerShape& shape, LayerKind kind, int64_t* operation);
    virtual int forward(const char* where, const float* x, const float* weights, const float* bias, float* y) = 0;
    /* y: dy counts where y > 0 only; NULL: everywhere. */
    virtual int backward_data(const char* where, const float* dy, const float* y, const float* weights, float* dx) = 0;
    virtual int backward_weights(const char* where, const float* x, const float* dy, const float* y, float* dweights, float* dbias) = 0;
    /* Of a convolution_pool alone; the others' are then not called. winner: see implicit_gemm_cuda.h; NULL: not wanted. */
    virtual int forward_pooled(const char* where, const float* x, const float* weights, const float* bias, float* y, uint8_t* winner) = 0;
    /* dx NULL: not wanted. */
    virtual int backward_pooled(const char* where, const float* x, const uint8_t* winner, const float* dy, const float* weights, float* dx,
                                float* dweights, float* dbias) = 0;
    const LayerKind kind;

  protected:
    WeightedLayer(Context* owner, LayerKind of) : Operation(owner), kind(of) {}
};

/* The layer behind a handle, or null with the error told if it is of another kind. */
WeightedLayer* layer_of(const char* where, int64_t operation, LayerKind kind);

/* The checks that convolutions of both kinds begin with. */
int check_convolution(const char* where, const LayerShape& shape);

}  // namespace softshare::cuda

#endif
