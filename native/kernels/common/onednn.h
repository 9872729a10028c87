/*
 * Layers with weights (convolution, linear) on oneDNN: three primitives, made once, run on the caller's buffers.
 *
 * Activations keep the layout that the caller has. Weights come and go in PyTorch's plain order while the primitives ask
 * for a layout of their own (a fixed plain one can fall to a reference kernel that is hundreds of times slower), so each
 * call reorders them through a buffer of the operation. That is cheap: weights are read once, but used batch × positions
 * times.
 *
 * In bf16 a primitive takes activations, weights and the output's gradient rounded to bfloat16, sums in float32 and gives float32. Each
 * call rounds what it reads through buffers of the operation, but for those of x and dy that the caller has rounded already. Where
 * oneDNN has no fast primitive for a layer in bf16, that layer stays in float32.
 *
 * oneDNN cuts work by the number of threads of the calling thread, both when a primitive is made and when it is run:
 * every entry sets it first. With that, results are the same from run to run.
 */
#ifndef SOFTSHARE_COMMON_ONEDNN_H
#define SOFTSHARE_COMMON_ONEDNN_H

#include <omp.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "oneapi/dnnl/dnnl.hpp"
#include "require.h"

namespace softshare::cpu {

inline const dnnl::engine& onednn_engine() {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

/* Memory of an operation, 64-byte aligned. */
class OwnedBuffer {
public:
    explicit OwnedBuffer(size_t bytes)
        : data_(bytes == 0 ? nullptr : ::operator new(bytes, std::align_val_t(64)),
                [](void* p) { ::operator delete(p, std::align_val_t(64)); }) {}
    void* data() const { return data_.get(); }

private:
    std::unique_ptr<void, void (*)(void*)> data_;
};

/* A primitive with its arguments, both made once; a run only exchanges pointers. */
class Primitive {
public:
    explicit Primitive(const dnnl::primitive_desc_base& description)
        : primitive_(description.get()), name_(description.impl_info_str()) {}

    void argument(int id, const dnnl::memory::desc& description, void* data = DNNL_MEMORY_NONE) {
        memories_.emplace_back(description, onednn_engine(), data);
        arguments_.push_back({id, memories_.back().get()});
    }

    void set(int id, const void* data) {
        for (size_t i = 0; i < arguments_.size(); i++) {
            if (arguments_[i].arg == id) memories_[i].set_data_handle(const_cast<void*>(data));
        }
    }

    void run(const dnnl::stream& stream) const {
        dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), stream.get(),
                                                       static_cast<int>(arguments_.size()), arguments_.data()),
                                "oneDNN could not run a primitive");
    }

    const std::string& name() const { return name_; }

private:
    dnnl::primitive primitive_;
    std::string name_;
    std::vector<dnnl::memory> memories_;
    std::vector<dnnl_exec_arg_t> arguments_;
};

/* Values between the caller's plain order (and float32) and what a primitive wants; nothing where they are, or come, the same. */
class Reorder {
public:
    Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to)
        : buffer_(from == to ? 0 : std::max(from.get_size(), to.get_size())) {
        if (from == to) return;
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::library);
        dnnl::reorder::primitive_desc description(onednn_engine(), from, onednn_engine(), to, attributes);
        reorder_ = std::make_unique<Primitive>(description);
        reorder_->argument(DNNL_ARG_FROM, from);
        reorder_->argument(DNNL_ARG_TO, to);
    }

    /* Brings the caller's values into the primitive's form; where they then lie. */
    const void* import(const dnnl::stream& stream, const void* plain) const {
        if (!reorder_ || ready_) return plain;
        reorder_->set(DNNL_ARG_FROM, plain);
        reorder_->set(DNNL_ARG_TO, buffer_.data());
        reorder_->run(stream);
        return buffer_.data();
    }

    /* Where the values lie that came in last. */
    const void* imported(const void* plain) const { return reorder_ && !ready_ ? buffer_.data() : plain; }

    /* Whether values come in the primitive's form from now on. */
    void ready(bool yes) { ready_ = yes; }
    bool ready() const { return ready_; }

    /* Where a primitive is to write what export_to then brings to the caller. */
    void* place(float* plain) const { return reorder_ ? buffer_.data() : plain; }

    void export_to(const dnnl::stream& stream, float* plain) const {
        if (!reorder_) return;
        reorder_->set(DNNL_ARG_FROM, buffer_.data());
        reorder_->set(DNNL_ARG_TO, plain);
        reorder_->run(stream);
    }

    std::string name() const { return reorder_ ? "," + reorder_->name() : ""; }

private:
    OwnedBuffer buffer_;
    std::unique_ptr<Primitive> reorder_;
    bool ready_ = false;
};

/* Attributes common to all primitives here: scratch memory is the operation's, a rectifier where the flags say so. */
inline dnnl::primitive_attr onednn_attributes(bool relu) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (relu) {
        dnnl::post_ops after;
        after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
        attributes.set_post_ops(after);
    }
    return attributes;
}

/* What the caller's buffers hold. */
struct PlainBuffers {
    dnnl::memory::desc x, weights, y;
};

/* A layer y = f(x, weights, bias) with its two gradients. Forward, Data, Weights: oneDNN's primitive descriptors. */
class WeightedLayer : public Operation {
public:
    template <typename Forward, typename Data, typename Weights>
    WeightedLayer(Context* owner, const Forward& forward, const Data& data, const Weights& weights,
                  const PlainBuffers& plain, bool bias)
        : Operation(owner), stream_(onednn_engine()), bias_(bias),
          rounds_(forward.src_desc().get_data_type() == dnnl::memory::data_type::bf16),
          outputs_(int64_t(forward.dst_desc().get_size() / sizeof(float))), forward_(forward), data_(data), weights_(weights),
          forward_order_(plain.weights, forward.weights_desc()), data_order_(plain.weights, data.weights_desc()),
          gradient_order_(weights.diff_weights_desc(), plain.weights), x_order_(plain.x, forward.src_desc()),
          dy_order_(plain.y, data.diff_dst_desc()),
          scratch_(std::max({forward.scratchpad_desc().get_size(), data.scratchpad_desc().get_size(),
                             weights.scratchpad_desc().get_size()})) {
        forward_.argument(DNNL_ARG_SRC, forward.src_desc());
        forward_.argument(DNNL_ARG_WEIGHTS, forward.weights_desc());
        if (bias) forward_.argument(DNNL_ARG_BIAS, forward.bias_desc());
        forward_.argument(DNNL_ARG_DST, forward.dst_desc());
        forward_.argument(DNNL_ARG_SCRATCHPAD, forward.scratchpad_desc(), scratch_.data());
        data_.argument(DNNL_ARG_DIFF_DST, data.diff_dst_desc());
        data_.argument(DNNL_ARG_WEIGHTS, data.weights_desc());
        data_.argument(DNNL_ARG_DIFF_SRC, data.diff_src_desc());
        data_.argument(DNNL_ARG_SCRATCHPAD, data.scratchpad_desc(), scratch_.data());
        weights_.argument(DNNL_ARG_SRC, weights.src_desc());
        weights_.argument(DNNL_ARG_DIFF_DST, weights.diff_dst_desc());
        weights_.argument(DNNL_ARG_DIFF_WEIGHTS, weights.diff_weights_desc());
        if (bias) weights_.argument(DNNL_ARG_DIFF_BIAS, weights.diff_bias_desc());
        weights_.argument(DNNL_ARG_SCRATCHPAD, weights.scratchpad_desc(), scratch_.data());
        names_ = forward_.name() + forward_order_.name() + "," + data_.name() + data_order_.name() + "," +
                 weights_.name() + gradient_order_.name() + x_order_.name() + dy_order_.name();
    }

    /* Whether oneDNN has more for it than code that is hundreds of times slower. */
    bool fast() const { return names_.find("ref") == std::string::npos; }

    const char* implementation() const override { return names_.c_str(); }

    /* Which of x and dy come rounded from now on (SOFTSHARE_BF16_X, SOFTSHARE_BF16_DY). *able: whether that can be. */
    int take_rounded(const char* where, int tensors, int* able) {
        if (int bad = require_pointers(where, {{"able", able}})) return bad;
        *able = rounds_;
        if ((tensors & ~(SOFTSHARE_BF16_X | SOFTSHARE_BF16_DY)) != 0) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": expected SOFTSHARE_BF16_X, SOFTSHARE_BF16_DY, both or 0, found " +
                                                        std::to_string(tensors));
        }
        if (tensors != 0 && !rounds_) {
            return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": this operation computes in float32 (" + names_ + ")");
        }
        x_order_.ready((tensors & SOFTSHARE_BF16_X) != 0);
        dy_order_.ready((tensors & SOFTSHARE_BF16_DY) != 0);
        imported_ = nullptr;
        return SOFTSHARE_OK;
    }

    int forward(const char* where, const void* x, const float* weights, const float* bias, float* y) {
        if (int bad = require_pointers(where, {{"x", x}, {"weights", weights}, {"y", y}})) return bad;
        if (int bad = bias_matches(where, bias)) return bad;
        FlushTiny flush;
        omp_set_num_threads(context->threads);
        forward_.set(DNNL_ARG_SRC, x_order_.import(stream_, x));
        imported_ = x;
        forward_.set(DNNL_ARG_WEIGHTS, forward_order_.import(stream_, weights));
        forward_.set(DNNL_ARG_BIAS, bias);
        forward_.set(DNNL_ARG_DST, y);
        forward_.run(stream_);
        return SOFTSHARE_OK;
    }

    int backward_data(const char* where, const void* dy, const float* weights, float* dx) {
        if (int bad = require_pointers(where, {{"dy", dy}, {"weights", weights}, {"dx", dx}})) return bad;
        FlushTiny flush;
        omp_set_num_threads(context->threads);
        run_data(dy_order_.import(stream_, dy), weights, dx);
        return SOFTSHARE_OK;
    }

    int backward_weights(const char* where, const void* x, const void* dy, float* dweights, float* dbias) {
        return backward(where, x, nullptr, const_cast<void*>(dy), nullptr, nullptr, dweights, dbias); // no mask: dy is only read
    }

    /* Both gradients; y not NULL: dy is masked by y > 0 in place first. */
    int backward(const char* where, const void* x, const float* y, void* dy, const float* weights, float* dx, float* dweights,
                 float* dbias) {
        if (int bad = require_pointers(where, {{"x", x}, {"dy", dy}, {"dweights", dweights}})) return bad;
        if (int bad = dx == nullptr ? SOFTSHARE_OK : require_pointers(where, {{"weights", weights}})) return bad;
        if (int bad = bias_matches(where, dbias)) return bad;
        if (y != nullptr) {
            if (dy_order_.ready()) {
                return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": y must be NULL where dy is bfloat16: it is masked in float only");
            }
            float* gradient = static_cast<float*>(dy);
            parallel_range(context, outputs_, 1 << 14, [=](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    const float d = gradient[i];
                    gradient[i] = y[i] > 0.0f ? d : 0.0f;
                }
            });
        }
        FlushTiny flush;
        omp_set_num_threads(context->threads);
        const void* gradient = dy_order_.import(stream_, dy);
        weights_.set(DNNL_ARG_SRC, x == imported_ ? x_order_.imported(x) : x_order_.import(stream_, x));
        imported_ = x;
        weights_.set(DNNL_ARG_DIFF_DST, gradient);
        weights_.set(DNNL_ARG_DIFF_WEIGHTS, gradient_order_.place(dweights));
        weights_.set(DNNL_ARG_DIFF_BIAS, dbias);
        weights_.run(stream_);
        gradient_order_.export_to(stream_, dweights);
        if (dx != nullptr) run_data(gradient, weights, dx);
        return SOFTSHARE_OK;
    }

private:
    void run_data(const void* gradient, const float* weights, float* dx) {
        data_.set(DNNL_ARG_DIFF_DST, gradient);
        data_.set(DNNL_ARG_WEIGHTS, data_order_.import(stream_, weights));
        data_.set(DNNL_ARG_DIFF_SRC, dx);
        data_.run(stream_);
    }

    int bias_matches(const char* where, const float* bias) const {
        if ((bias != nullptr) == bias_) return SOFTSHARE_OK;
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + (bias_ ? ": a bias was declared, but its buffer is NULL"
                                                                            : ": no bias was declared; pass NULL for it"));
    }

    dnnl::stream stream_;
    bool bias_, rounds_;
    int64_t outputs_;
    const void* imported_ = nullptr;  // the x that x_order_ holds: by the header's word still what it was then
    Primitive forward_, data_, weights_;
    Reorder forward_order_, data_order_, gradient_order_, x_order_, dy_order_;
    OwnedBuffer scratch_;
    std::string names_;
};

/* Makes a layer in the context's precision: make(type of what goes in) gives one, or throws where oneDNN has none. */
template <typename Make>
WeightedLayer* in_precision(const Context* context, Make&& make) {
    using type = dnnl::memory::data_type;
    if (context->precision == SOFTSHARE_PRECISION_BF16) {
        try {
            std::unique_ptr<WeightedLayer> layer(make(type::bf16));
            if (layer->fast()) return layer.release();
        } catch (const dnnl::error&) {
        }
    }
    return make(type::f32);
}

}  // namespace softshare::cpu

#endif
