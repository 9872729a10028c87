/* Convolution with the max-pool behind it on CUDA: the pooled forms of convolution/implicit_gemm_cuda.h. */
#include "../convolution/weighted_layer_cuda.h"
#include "../common/require.h"
#include "convolution_pool.h"

namespace softshare::cuda {

int convolution_pool_create(int64_t context, int batch, int in_channels, int in_height, int in_width, int out_channels, int kernel_height,
                            int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width, int window_height,
                            int window_width, int window_pad_height, int window_pad_width, int flags, int64_t* operation) {
    const char* where = "convolution_pool_create";
    if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
    *operation = 0;
    const LayerShape shape{batch, in_channels, in_height, in_width, out_channels, kernel_height, kernel_width, stride_height, stride_width,
                           pad_height, pad_width, flags, window_height, window_width, window_pad_height, window_pad_width};
    if (int bad = check_convolution(where, shape)) return bad;
    if (int bad = check_windows(where, window_height, window_width, window_pad_height, window_pad_width)) return bad;
    return WeightedLayer::create(where, context, shape, LayerKind::convolution_pool, operation);
}

int convolution_pool_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y, uint8_t* argmax) {
    const char* where = "convolution_pool_forward";
    WeightedLayer* layer = layer_of(where, operation, LayerKind::convolution_pool);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->forward_pooled(where, x, weights, bias, y, argmax);
}

int convolution_pool_backward(int64_t operation, const float* x, const uint8_t* argmax, const float* dy, const float* weights, float* dx,
                              float* dweights, float* dbias) {
    const char* where = "convolution_pool_backward";
    WeightedLayer* layer = layer_of(where, operation, LayerKind::convolution_pool);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward_pooled(where, x, argmax, dy, weights, dx, dweights, dbias);
}

}  // namespace softshare::cuda
