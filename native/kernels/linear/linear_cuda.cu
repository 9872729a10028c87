/* The linear layer on CUDA: the 1×1 convolution of 1×1 images, y (batch × out) = x·Wᵀ + b. See convolution/implicit_gemm_cuda.h. */
#include "../convolution/weighted_layer_cuda.h"
#include "../common/require.h"

namespace softshare::cuda {

int linear_create(int64_t context, int batch, int in_features, int out_features, int flags, int64_t* operation) {
    const char* where = "linear_create";
    if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
    *operation = 0;
    if (int bad = require_sizes(where, 1, {{"batch", batch}, {"in_features", in_features}, {"out_features", out_features}})) return bad;
    return WeightedLayer::create(where, context, {batch, in_features, 1, 1, out_features, 1, 1, 1, 1, 0, 0, flags}, LayerKind::linear, operation);
}

int linear_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y) {
    WeightedLayer* layer = layer_of("linear_forward", operation, LayerKind::linear);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->forward("linear_forward", x, weights, bias, y);
}

int linear_backward_data(int64_t operation, const float* dy, const float* weights, float* dx) {
    WeightedLayer* layer = layer_of("linear_backward_data", operation, LayerKind::linear);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward_data("linear_backward_data", dy, nullptr, weights, dx);
}

int linear_backward_weights(int64_t operation, const float* x, const float* dy, float* dweights, float* dbias) {
    WeightedLayer* layer = layer_of("linear_backward_weights", operation, LayerKind::linear);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward_weights("linear_backward_weights", x, dy, nullptr, dweights, dbias);
}

int linear_backward(int64_t operation, const float* x, const float* y, float* dy, const float* weights, float* dx, float* dweights,
                    float* dbias) {
    const char* where = "linear_backward";
    WeightedLayer* layer = layer_of(where, operation, LayerKind::linear);
    if (layer == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
    if (int bad = layer->backward_weights(where, x, dy, y, dweights, dbias)) return bad;
    return dx == nullptr ? SOFTSHARE_OK : layer->backward_data(where, dy, y, weights, dx);
}

}  // namespace softshare::cuda
