/*
 * Convolution with the max-pool behind it on the CPU: the two operations one after the other, with the full-size output, and its gradient,
 * in a buffer of the operation. It is the explanation of what CUDA computes in one kernel; networks on the CPU keep the layers apart,
 * since there is nothing to gain here: oneDNN's kernels write the full-size output either way.
 */
#include <memory>

#include "../common/require.h"
#include "../common/window.h"
#include "convolution_pool.h"

namespace softshare::cpu {

// The library's own functions, by the signatures of softshare.h.
extern std::remove_pointer_t<decltype(&softshare_convolution_create)> convolution_create;
extern std::remove_pointer_t<decltype(&softshare_convolution_forward)> convolution_forward;
extern std::remove_pointer_t<decltype(&softshare_convolution_backward)> convolution_backward;
extern std::remove_pointer_t<decltype(&softshare_pool_create)> pool_create;
extern std::remove_pointer_t<decltype(&softshare_pool_forward)> pool_forward;
extern std::remove_pointer_t<decltype(&softshare_pool_backward)> pool_backward;

namespace {

constexpr uint8_t NO_WINNER = 255;

/* An operation that belongs to another, no longer to the context. */
class Part {
public:
    explicit Part(int64_t handle) : handle(handle), operation_(operation_of(handle)) { operation_->context->operations.erase(operation_.get()); }
    const int64_t handle;
    const char* implementation() const { return operation_->implementation(); }

private:
    const std::unique_ptr<Operation> operation_;
};

struct ConvolutionPool : Operation {
    ConvolutionPool(Context* owner, std::unique_ptr<Part> first, std::unique_ptr<Part> second, int64_t outputs, int64_t pooled, bool rectified, bool only)
        : Operation(owner), convolution(std::move(first)), pool(std::move(second)), count(pooled), relu(rectified), weights_only(only),
          whole(new float[size_t(outputs)]), unwanted(new uint8_t[size_t(pooled)]) {}
    const char* implementation() const override { return convolution->implementation(); }

    const std::unique_ptr<Part> convolution, pool;
    const int64_t count;  // of pooled outputs
    const bool relu, weights_only;
    const std::unique_ptr<float[]> whole;       // the convolution's output, then the gradient in it
    const std::unique_ptr<uint8_t[]> unwanted;  // in place of an argmax that the caller does not want
};

}  // namespace

int convolution_pool_create(int64_t context, int batch, int in_channels, int in_height, int in_width, int out_channels, int kernel_height,
                            int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width, int window_height,
                            int window_width, int window_pad_height, int window_pad_width, int flags, int64_t* operation) {
    const char* where = "convolution_pool_create";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
        *operation = 0;
        if (int bad = check_windows(where, window_height, window_width, window_pad_height, window_pad_width)) return bad;
        int64_t handle = 0;
        if (int bad = convolution_create(context, batch, in_channels, in_height, in_width, out_channels, kernel_height, kernel_width, stride_height,
                                         stride_width, pad_height, pad_width, flags & SOFTSHARE_BIAS, &handle)) {
            return bad;
        }
        auto convolution = std::make_unique<Part>(handle);
        const int64_t height = output_length(in_height, kernel_height, stride_height, pad_height), width = output_length(in_width, kernel_width, stride_width, pad_width);
        if (int bad = pool_create(context, SOFTSHARE_POOL_MAX, batch, out_channels, int(height), int(width), window_height, window_width, window_height,
                                  window_width, window_pad_height, window_pad_width, &handle)) {
            return bad;
        }
        auto pool = std::make_unique<Part>(handle);
        const int64_t channels = int64_t(batch) * out_channels;
        const int64_t pooled = channels * output_length(height, window_height, window_height, window_pad_height) * output_length(width, window_width, window_width, window_pad_width);
        *operation = adopt(new ConvolutionPool(context_of(context), std::move(convolution), std::move(pool), channels * height * width, pooled,
                                               (flags & SOFTSHARE_RELU) != 0, (flags & SOFTSHARE_WEIGHTS_ONLY) != 0));
        return SOFTSHARE_OK;
    });
}

int convolution_pool_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y, uint8_t* argmax) {
    const char* where = "convolution_pool_forward";
    return guarded(where, [&] {
        const auto* layer = require_operation<ConvolutionPool>(where, operation);
        if (layer == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
        if (int bad = require_pointers(where, {{"x", x}, {"weights", weights}, {"y", y}})) return bad;
        uint8_t* const winner = argmax != nullptr ? argmax : layer->unwanted.get();
        if (int bad = convolution_forward(layer->convolution->handle, x, weights, bias, layer->whole.get())) return bad;
        if (int bad = pool_forward(layer->pool->handle, layer->whole.get(), y, winner)) return bad;
        if (!layer->relu) return SOFTSHARE_OK;
        parallel_range(layer->context, layer->count, 1 << 14, [=](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                if (y[i] > 0.0f) continue;
                winner[i] = NO_WINNER;
                if (y[i] <= 0.0f) y[i] = 0.0f;  // NaN passes
            }
        });
        return SOFTSHARE_OK;
    });
}

int convolution_pool_backward(int64_t operation, const float* x, const uint8_t* argmax, const float* dy, const float* weights, float* dx,
                              float* dweights, float* dbias) {
    const char* where = "convolution_pool_backward";
    return guarded(where, [&] {
        const auto* layer = require_operation<ConvolutionPool>(where, operation);
        if (layer == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
        if (int bad = require_pointers(where, {{"x", x}, {"argmax", argmax}, {"dy", dy}, {"weights", weights}, {"dweights", dweights}})) return bad;
        if (dx != nullptr && layer->weights_only) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the layer was made for gradients of its weights only; pass NULL for dx");
        }
        // NO_WINNER is no position of a window, so that its gradient goes nowhere.
        if (int bad = pool_backward(layer->pool->handle, dy, argmax, layer->whole.get())) return bad;
        return convolution_backward(layer->convolution->handle, x, nullptr, layer->whole.get(), weights, dx, dweights, dbias);
    });
}

}  // namespace softshare::cpu
