/* A layer with weights on CUDA, by implicit GEMM: convolution, and the linear layer as its 1×1 case on 1×1 images. */
#ifndef SOFTSHARE_CONVOLUTION_WEIGHTED_LAYER_CUDA_H
#define SOFTSHARE_CONVOLUTION_WEIGHTED_LAYER_CUDA_H

#include "../common/cuda.h"

namespace softshare::cuda {

/* Sizes as softshare_convolution_create takes them. */
struct LayerShape {
    int batch, in_channels, in_height, in_width, out_channels, kernel_height, kernel_width;
    int stride_height, stride_width, pad_height, pad_width, flags;
};

class WeightedLayer : public Operation {
  public:
    /* Checks the shape; with SOFTSHARE_OK *operation is the handle of the new layer, convolution or linear by its class. */
    static int create(const char* where, int64_t context, const LayerShape& shape, bool linear, int64_t* operation);
    virtual int forward(const char* where, const float* x, const float* weights, const float* bias, float* y) = 0;
    /* y: dy counts where y > 0 only; NULL: everywhere. */
    virtual int backward_data(const char* where, const float* dy, const float* y, const float* weights, float* dx) = 0;
    virtual int backward_weights(const char* where, const float* x, const float* dy, const float* y, float* dweights, float* dbias) = 0;
    const bool linear;

  protected:
    WeightedLayer(Context* owner, bool is_linear) : Operation(owner), linear(is_linear) {}
};

/* The layer behind a handle, or null with the error told if it is of another kind. */
WeightedLayer* layer_of(const char* where, int64_t operation, bool linear);

}  // namespace softshare::cuda

#endif
