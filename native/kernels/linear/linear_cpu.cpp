/* Fully connected layer by oneDNN: y = x·Wᵀ + b, dx = dy·W, dW = dyᵀ·x, db = Σ_n dy. */
#include "../common/onednn.h"

namespace softshare::cpu {

namespace {

using dnnl::memory;

constexpr auto f32 = memory::data_type::f32;

struct Linear : WeightedLayer {
    using WeightedLayer::WeightedLayer;
};

}  // namespace

int linear_create(int64_t context, int batch, int in_features, int out_features, int flags, int64_t* operation) {
    const char* where = "linear_create";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
        *operation = 0;
        if (int bad = require_sizes(where, 1, {{"batch", batch}, {"in_features", in_features},
                                               {"out_features", out_features}})) {
            return bad;
        }
        Context* owner = context_of(context);
        omp_set_num_threads(owner->threads);
        const bool bias = (flags & SOFTSHARE_BIAS) != 0;
        const memory::dims x_dims{batch, in_features}, y_dims{batch, out_features}, weights_dims{out_features, in_features};
        const auto nc = memory::format_tag::nc, any = memory::format_tag::any;
        const PlainBuffers plain{memory::desc(x_dims, f32, nc), memory::desc(weights_dims, f32, memory::format_tag::oi),
                                 memory::desc(y_dims, f32, nc)};
        const memory::desc b = bias ? memory::desc({out_features}, f32, memory::format_tag::x) : memory::desc();
        *operation = adopt(in_precision(owner, [&](memory::data_type type) {
            const memory::desc x(x_dims, type, nc), w(weights_dims, type, any), dw(weights_dims, f32, any), dy(y_dims, type, nc);
            dnnl::inner_product_forward::primitive_desc forward(onednn_engine(), dnnl::prop_kind::forward_training, x, w, b, plain.y,
                                                                onednn_attributes((flags & SOFTSHARE_RELU) != 0));
            dnnl::inner_product_backward_data::primitive_desc data(onednn_engine(), plain.x, w, dy, forward,
                                                                   onednn_attributes(false));
            dnnl::inner_product_backward_weights::primitive_desc weights(onednn_engine(), x, dw, b, dy, forward,
                                                                         onednn_attributes(false));
            return new Linear(owner, forward, data, weights, plain, bias);
        }));
        return SOFTSHARE_OK;
    });
}

int linear_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y) {
    const char* where = "linear_forward";
    return guarded(where, [&] {
        auto* layer = require_operation<Linear>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->forward(where, x, weights, bias, y);
    });
}

int linear_backward_data(int64_t operation, const float* dy, const float* weights, float* dx) {
    const char* where = "linear_backward_data";
    return guarded(where, [&] {
        auto* layer = require_operation<Linear>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward_data(where, dy, weights, dx);
    });
}

int linear_backward_weights(int64_t operation, const float* x, const float* dy, float* dweights, float* dbias) {
    const char* where = "linear_backward_weights";
    return guarded(where, [&] {
        auto* layer = require_operation<Linear>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward_weights(where, x, dy, dweights, dbias);
    });
}

int linear_backward(int64_t operation, const float* x, const float* y, float* dy, const float* weights, float* dx, float* dweights,
                    float* dbias) {
    const char* where = "linear_backward";
    return guarded(where, [&] {
        auto* layer = require_operation<Linear>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward(where, x, y, dy, weights, dx, dweights, dbias);
    });
}

}  // namespace softshare::cpu
