/*
 * 2-D convolution, NHWC, by oneDNN:
 *   y[n,oy,ox,o] = bias[o] + Σ_{ky,kx,i} x[n, oy·s − p + ky, ox·s − p + kx, i] · weights[o,i,ky,kx]
 */
#include "../common/window.h"
#include "../common/onednn.h"

namespace softshare::cpu {

namespace {

using dnnl::memory;

constexpr auto f32 = memory::data_type::f32;

struct Convolution : WeightedLayer {
    using WeightedLayer::WeightedLayer;
};

}  // namespace

int convolution_create(int64_t context, int batch, int in_channels, int in_height, int in_width, int out_channels,
                       int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_height,
                       int pad_width, int flags, int64_t* operation) {
    const char* where = "convolution_create";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
        *operation = 0;
        if (int bad = require_sizes(where, 1, {{"batch", batch}, {"in_channels", in_channels}, {"in_height", in_height},
                                               {"in_width", in_width}, {"out_channels", out_channels},
                                               {"kernel_height", kernel_height}, {"kernel_width", kernel_width},
                                               {"stride_height", stride_height}, {"stride_width", stride_width}})) {
            return bad;
        }
        if (int bad = require_sizes(where, 0, {{"pad_height", pad_height}, {"pad_width", pad_width}})) return bad;
        int64_t out_height = output_length(in_height, kernel_height, stride_height, pad_height);
        int64_t out_width = output_length(in_width, kernel_width, stride_width, pad_width);
        if (out_height < 1 || out_width < 1) {
            return fail(SOFTSHARE_INVALID_ARGUMENT,
                        std::string(where) + ": the " + std::to_string(kernel_height) + "x" +
                            std::to_string(kernel_width) + " kernel does not fit into the padded " +
                            std::to_string(in_height) + "x" + std::to_string(in_width) + " input");
        }
        Context* owner = context_of(context);
        omp_set_num_threads(owner->threads);
        const bool bias = (flags & SOFTSHARE_BIAS) != 0;
        const memory::dims x_dims{batch, in_channels, in_height, in_width}, y_dims{batch, out_channels, out_height, out_width};
        const memory::dims weights_dims{out_channels, in_channels, kernel_height, kernel_width};
        const auto nhwc = memory::format_tag::nhwc, any = memory::format_tag::any;
        const PlainBuffers plain{memory::desc(x_dims, f32, nhwc), memory::desc(weights_dims, f32, memory::format_tag::oihw),
                                 memory::desc(y_dims, f32, nhwc)};
        const memory::desc b = bias ? memory::desc({out_channels}, f32, memory::format_tag::x) : memory::desc();
        memory::dims strides{stride_height, stride_width}, pads{pad_height, pad_width}, ends{
            (out_height - 1) * stride_height + kernel_height - in_height - pad_height,
            (out_width - 1) * stride_width + kernel_width - in_width - pad_width};
        auto algorithm = dnnl::algorithm::convolution_direct;
        *operation = adopt(in_precision(owner, [&](memory::data_type type) {
            const memory::desc x(x_dims, type, nhwc), w(weights_dims, type, any), dw(weights_dims, f32, any), dy(y_dims, type, nhwc);
            dnnl::convolution_forward::primitive_desc forward(
                onednn_engine(), dnnl::prop_kind::forward_training, algorithm, x, w, b, plain.y, strides, pads, ends,
                onednn_attributes((flags & SOFTSHARE_RELU) != 0));
            dnnl::convolution_backward_data::primitive_desc data(onednn_engine(), algorithm, plain.x, w, dy, strides, pads,
                                                                 ends, forward, onednn_attributes(false));
            dnnl::convolution_backward_weights::primitive_desc weights(onednn_engine(), algorithm, x, dw, b, dy, strides,
                                                                       pads, ends, forward, onednn_attributes(false));
            return new Convolution(owner, forward, data, weights, plain, bias);
        }));
        return SOFTSHARE_OK;
    });
}

int convolution_bf16(int64_t operation, int tensors, int* able) {
    const char* where = "convolution_bf16";
    return guarded(where, [&] {
        auto* layer = require_operation<Convolution>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->take_rounded(where, tensors, able);
    });
}

int convolution_forward(int64_t operation, const void* x, const float* weights, const float* bias, float* y) {
    const char* where = "convolution_forward";
    return guarded(where, [&] {
        auto* layer = require_operation<Convolution>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->forward(where, x, weights, bias, y);
    });
}

int convolution_backward_data(int64_t operation, const void* dy, const float* weights, float* dx) {
    const char* where = "convolution_backward_data";
    return guarded(where, [&] {
        auto* layer = require_operation<Convolution>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward_data(where, dy, weights, dx);
    });
}

int convolution_backward_weights(int64_t operation, const void* x, const void* dy, float* dweights, float* dbias) {
    const char* where = "convolution_backward_weights";
    return guarded(where, [&] {
        auto* layer = require_operation<Convolution>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward_weights(where, x, dy, dweights, dbias);
    });
}

int convolution_backward(int64_t operation, const void* x, const float* y, void* dy, const float* weights, float* dx, float* dweights,
                         float* dbias) {
    const char* where = "convolution_backward";
    return guarded(where, [&] {
        auto* layer = require_operation<Convolution>(where, operation);
        return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->backward(where, x, y, dy, weights, dx, dweights, dbias);
    });
}

}  // namespace softshare::cpu
