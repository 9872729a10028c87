/*
 * 2-D convolution on CUDA by implicit_gemm_cuda.h. The order of taps is (ky, kx, channel), along which an NHWC image is contiguous;
 * weights lie as PyTorch keeps them, few enough to stay in the caches. A strided layer's data gradient multiplies zeros where a
 * tap meets no pixel of dy: stride² times the work needed, left so since networks have few of them.
 */
#include <algorithm>
#include <vector>

#include "implicit_gemm_cuda.h"
#include "weighted_layer_cuda.h"
#include "../common/window.h"
#include "../common/elementwise.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

constexpr int64_t MOST = (int64_t(1) << 31) - 1;
/* Blocks that fill a device of 132 multiprocessors twice. A number, not the device's: parts of a sum follow from it. */
constexpr int64_t FULL = 264;

int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* The tiles there are, and about what an idle lane's share costs: small tiles read more for each multiply-add. */
struct TileChoice {
    int rows, columns;
    double cost;
};
constexpr TileChoice TILES[] = {{64, 64, 1.0}, {128, 32, 1.2}, {32, 32, 1.6}};

/* Rows of a tile that are used: whole windows. */
int64_t used_rows(int rows, int window) { return rows / window * window; }

/*
 * Index of the tile with the least cost of padding, reading and idle multiprocessors; parts: blocks can be had by cutting depth; window:
 * rows that must stay together.
 */
int choose_tile(int64_t rows, int64_t columns, bool parts, int window = 1) {
    int best = 0;
    double least = INFINITY;
    for (int i = 0; i < 3; i++) {
        const int64_t blocks = ceil_divide(rows, used_rows(TILES[i].rows, window)) * ceil_divide(columns, TILES[i].columns);
        const double idle = parts || blocks >= FULL ? 1.0 : double(FULL) / double(blocks);
        const double cost = double(blocks) * TILES[i].rows * TILES[i].columns * TILES[i].cost * idle;
        if (cost < least) {
            least = cost;
            best = i;
        }
    }
    return best;
}

template <Form FORM, bool STRIDED, typename TILE>
int run_tile(const char* where, const Product& product, int64_t columns, int parts, bool tf32, cudaStream_t stream) {
    const int64_t used = FORM == Form::forward_pooled ? used_rows(TILE::ROWS, int(product.windows.size.divisor)) : TILE::ROWS;
    const dim3 grid(unsigned(ceil_divide(product.rows, used)), unsigned(ceil_divide(columns, TILE::COLUMNS)), unsigned(parts));
    return tf32 ? launch(where, implicit_gemm<FORM, STRIDED, TILE, true>, grid, TILE::THREADS, stream, product)
                : launch(where, implicit_gemm<FORM, STRIDED, TILE, false>, grid, TILE::THREADS, stream, product);
}

template <Form FORM, bool STRIDED>
int run(const char* where, int tile, const Product& product, int64_t columns, int parts, bool tf32, cudaStream_t stream) {
    if (tile == 0) return run_tile<FORM, STRIDED, Tile<64, 64>>(where, product, columns, parts, tf32, stream);
    if (tile == 1) return run_tile<FORM, STRIDED, Tile<128, 32>>(where, product, columns, parts, tf32, stream);
    return run_tile<FORM, STRIDED, Tile<32, 32>>(where, product, columns, parts, tf32, stream);
}

/* The parts' sums added in order; each goes where PyTorch keeps that weight. */
struct AddParts {
    const float* sums;
    int parts, rows, taps, columns;  // columns: taps, and one for the bias
    const Tap* tap;
    float *dweights, *dbias;
    __device__ void operator()(int64_t i) const {
        double sum = 0;
        for (int part = 0; part < parts; part++) sum += double(sums[int64_t(part) * rows * columns + i]);
        const int64_t row = i / columns;
        const int column = int(i - row * columns);
        if (column < taps) {
            dweights[row * taps + tap[column].weight] = float(sum);
        } else {
            dbias[row] = float(sum);
        }
    }
};

/* The pooled dy at the convolution's full size: where a window's winner is, 0 elsewhere. */
struct Scatter {
    Windows w;
    Divisor by_channels, by_width, by_height;
    int pooled_height, pooled_width;
    const float* dy;
    float* whole;
    __device__ void operator()(int64_t i) const {
        int channel, x, y, kx, ky;
        const int pixel = by_channels.split(int(i), &channel), line = by_width.split(pixel, &x), image = by_height.split(line, &y);
        const int down = w.height.split(y + w.before_y, &ky), across = w.width.split(x + w.before_x, &kx);
        float value = 0;
        if (down < pooled_height && across < pooled_width) {
            const int from = ((image * pooled_height + down) * pooled_width + across) * int(by_channels.divisor) + channel;
            if (int(w.winner[from]) == ky * int(w.width.divisor) + kx) value = dy[from];
        }
        whole[i] = value;
    }
};

struct Layer final : WeightedLayer {
    Layer(Context* owner, const LayerShape& shape, LayerKind of)
        : WeightedLayer(owner, of), s(shape), bias((s.flags & SOFTSHARE_BIAS) != 0), relu((s.flags & SOFTSHARE_RELU) != 0),
          tf32(owner->precision == SOFTSHARE_PRECISION_TF32), taps(s.in_channels * s.kernel_height * s.kernel_width),
          back_taps(s.out_channels * s.kernel_height * s.kernel_width),
          out_height(int(output_length(s.in_height, s.kernel_height, s.stride_height, s.pad_height))),
          out_width(int(output_length(s.in_width, s.kernel_width, s.stride_width, s.pad_width))),
          in_positions(s.batch * s.in_height * s.in_width), out_positions(s.batch * out_height * out_width),
          strided(s.stride_height > 1 || s.stride_width > 1), window(s.window_height * s.window_width),
          pooled_height(int(output_length(out_height, s.window_height, s.window_height, s.window_pad_height))),
          pooled_width(int(output_length(out_width, s.window_width, s.window_width, s.window_pad_width))),
          windows(s.batch * pooled_height * pooled_width) {
        const int depth = through_winners() ? windows * window : out_positions;  // of the weights' gradient
        if (kind == LayerKind::convolution_pool && !through_winners()) whole = DeviceArray<float>(size_t(out_positions) * s.out_channels);
        std::vector<Tap> all(size_t(taps) + back_taps);
        const int kernel = s.kernel_height * s.kernel_width;
        for (int ky = 0; ky < s.kernel_height; ky++) {
            for (int kx = 0; kx < s.kernel_width; kx++) {
                const int at = ky * s.kernel_width + kx;
                for (int i = 0; i < s.in_channels; i++) {
                    all[size_t(at) * s.in_channels + i] = {ky, kx, (ky * s.in_width + kx) * s.in_channels + i, i * kernel + at};
                }
                for (int o = 0; o < s.out_channels; o++) {
                    // y = (pixel + pad − ky) / stride: without a stride the offset counts from the position's own base
                    const int element = strided ? o : (-ky * out_width - kx) * s.out_channels + o;
                    all[size_t(taps) + size_t(at) * s.out_channels + o] = {-ky, -kx, element, o * s.in_channels * kernel + at};
                }
            }
        }
        tap_table = DeviceArray<Tap>(all.size());
        if (cudaMemcpy(tap_table.get(), all.data(), all.size() * sizeof(Tap), cudaMemcpyHostToDevice) != cudaSuccess) {
            throw std::runtime_error("the table of taps was not copied to the device");
        }
        const int64_t columns = taps + (bias ? 1 : 0);
        tile_weights = choose_tile(s.out_channels, columns, true);
        const int64_t tiles = ceil_divide(s.out_channels, TILES[tile_weights].rows) * ceil_divide(columns, TILES[tile_weights].columns);
        // At least 8 steps a part: below, adding parts costs more than it saves.
        const int64_t wanted = std::max<int64_t>(1, std::min(FULL / tiles, ceil_divide(depth, 8 * STEP)));
        part = int(ceil_divide(ceil_divide(depth, wanted), STEP) * STEP);
        parts = int(ceil_divide(depth, part));
        sums = DeviceArray<float>(size_t(parts) * s.out_channels * columns);
    }

    /* Whether dy is read through the windows' winners; otherwise it is scattered to full size first. */
    bool through_winners() const { return kind == LayerKind::convolution_pool && (s.flags & SOFTSHARE_WEIGHTS_ONLY) != 0; }

    const char* implementation() const override {
        if (kind == LayerKind::convolution_pool) return tf32 ? "implicit-gemm:tf32:max-pool" : "implicit-gemm:fp32:max-pool";
        return tf32 ? "implicit-gemm:tf32" : "implicit-gemm:fp32";
    }

    Patches patches_of(const float* image, bool backward) const {
        Patches p{};
        p.image = image;
        p.height = backward ? out_height : s.in_height;
        p.width = backward ? out_width : s.in_width;
        p.channels = backward ? s.out_channels : s.in_channels;
        p.plane = Divisor(unsigned(backward ? s.in_height * s.in_width : out_height * out_width));
        p.row = Divisor(unsigned(backward ? s.in_width : out_width));
        p.step_y = backward ? 1 : s.stride_height;
        p.step_x = backward ? 1 : s.stride_width;
        p.before_y = backward ? s.pad_height : -s.pad_height;
        p.before_x = backward ? s.pad_width : -s.pad_width;
        p.stride_y = Divisor(unsigned(backward ? s.stride_height : 1));
        p.stride_x = Divisor(unsigned(backward ? s.stride_width : 1));
        p.positions = backward ? in_positions : out_positions;
        return p;
    }

    Windows windows_of(uint8_t* winner) const {
        Windows w{};
        w.winner = winner;
        w.size = Divisor(unsigned(window));
        w.height = Divisor(unsigned(s.window_height));
        w.width = Divisor(unsigned(s.window_width));
        w.plane = Divisor(unsigned(pooled_height * pooled_width));
        w.row = Divisor(unsigned(pooled_width));
        w.before_y = s.window_pad_height;
        w.before_x = s.window_pad_width;
        w.out_height = out_height;
        w.out_width = out_width;
        w.count = windows;
        return w;
    }

    int check_bias(const char* where, const void* given, const char* name) const {
        if (bias && given == nullptr) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": a bias was declared, but " + name + " is NULL");
        }
        if (!bias && given != nullptr) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": no bias was declared, but " + name + " is given");
        }
        return SOFTSHARE_OK;
    }

    int forward(const char* where, const float* x, const float* weights, const float* given_bias, float* y) override {
        if (int bad = require_pointers(where, {{"x", x}, {"weights", weights}, {"y", y}})) return bad;
        if (int bad = check_bias(where, given_bias, "bias")) return bad;
        const Product product{out_positions, s.out_channels, taps, patches_of(x, false), tap_table.get(), weights, nullptr, taps, given_bias, relu, 0, y, {}};
        return run<Form::forward, false>(where, choose_tile(product.rows, product.columns, false), product, product.columns, 1, tf32, context->stream);
    }

    int backward_data(const char* where, const float* dy, const float* y, const float* weights, float* dx) override {
        if (int bad = require_pointers(where, {{"dy", dy}, {"weights", weights}, {"dx", dx}})) return bad;
        const Product product{in_positions, s.in_channels, back_taps, patches_of(dy, true), tap_table.get() + taps, weights, y,
                              s.kernel_height * s.kernel_width, nullptr, false, 0, dx, {}};
        const int tile = choose_tile(product.rows, product.columns, false);
        return strided ? run<Form::backward_data, true>(where, tile, product, product.columns, 1, tf32, context->stream)
                       : run<Form::backward_data, false>(where, tile, product, product.columns, 1, tf32, context->stream);
    }

    int backward_weights(const char* where, const float* x, const float* dy, const float* y, float* dweights, float* dbias) override {
        if (int bad = require_pointers(where, {{"x", x}, {"dy", dy}, {"dweights", dweights}})) return bad;
        if (int bad = check_bias(where, dbias, "dbias")) return bad;
        const int columns = taps + (bias ? 1 : 0);
        const Product product{s.out_channels, taps, out_positions, patches_of(x, false), tap_table.get(), dy, y, 0, dbias, false, part, sums.get(), {}};
        if (int bad = run<Form::backward_weights, false>(where, tile_weights, product, columns, parts, tf32, context->stream)) return bad;
        return add_parts(where, columns, dweights, dbias);
    }

    int add_parts(const char* where, int columns, float* dweights, float* dbias) const {
        return for_each(where, reinterpret_cast<int64_t>(context), int64_t(s.out_channels) * columns,
                        AddParts{sums.get(), parts, s.out_channels, taps, columns, tap_table.get(), dweights, dbias});
    }

    int forward_pooled(const char* where, const float* x, const float* weights, const float* given_bias, float* y, uint8_t* winner) override {
        if (int bad = require_pointers(where, {{"x", x}, {"weights", weights}, {"y", y}})) return bad;
        if (int bad = check_bias(where, given_bias, "bias")) return bad;
        const Product product{windows * window, s.out_channels, taps, patches_of(x, false), tap_table.get(), weights, nullptr, taps, given_bias,
                              relu, 0, y, windows_of(winner)};
        const int tile = choose_tile(product.rows, product.columns, false, window);
        return run<Form::forward_pooled, false>(where, tile, product, product.columns, 1, tf32, context->stream);
    }

    int backward_pooled(const char* where, const float* x, const uint8_t* winner, const float* dy, const float* weights, float* dx,
                        float* dweights, float* dbias) override {
        if (int bad = require_pointers(where, {{"x", x}, {"argmax", winner}, {"dy", dy}, {"weights", weights}, {"dweights", dweights}})) return bad;
        if (int bad = check_bias(where, dbias, "dbias")) return bad;
        const Windows w = windows_of(const_cast<uint8_t*>(winner));  // is only read there
        if (!through_winners()) {
            const int64_t size = int64_t(out_positions) * s.out_channels;
            const Scatter scatter{w, Divisor(unsigned(s.out_channels)), Divisor(unsigned(out_width)), Divisor(unsigned(out_height)),
                                  pooled_height, pooled_width, dy, whole.get()};
            if (int bad = for_each(where, reinterpret_cast<int64_t>(context), size, scatter)) return bad;
            if (int bad = backward_weights(where, x, whole.get(), nullptr, dweights, dbias)) return bad;
            return dx == nullptr ? SOFTSHARE_OK : backward_data(where, whole.get(), nullptr, weights, dx);
        }
        if (dx != nullptr) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the layer was made for gradients of its weights only; pass NULL for dx");
        }
        const int columns = taps + (bias ? 1 : 0);
        const Product product{s.out_channels, taps, windows * window, patches_of(x, false), tap_table.get(), dy, nullptr, 0, dbias, false,
                              part, sums.get(), w};
        if (int bad = run<Form::backward_weights_pooled, false>(where, tile_weights, product, columns, parts, tf32, context->stream)) return bad;
        return add_parts(where, columns, dweights, dbias);
    }

    const LayerShape s;
    const bool bias, relu, tf32;
    const int taps, back_taps, out_height, out_width, in_positions, out_positions;
    const bool strided;
    const int window, pooled_height, pooled_width, windows;  // positions of one; of the pooled output; of all
    DeviceArray<Tap> tap_table;  // the forward taps, then those of data gradients
    int tile_weights, part, parts;
    DeviceArray<float> sums;
    DeviceArray<float> whole;  // dy at full size, where a pooled layer scatters it
};

}  // namespace

int WeightedLayer::create(const char* where, int64_t context, const LayerShape& s, LayerKind kind, int64_t* operation) {
    return guarded(where, [&] {
        const int64_t out_height = output_length(s.in_height, s.kernel_height, s.stride_height, s.pad_height);
        const int64_t out_width = output_length(s.in_width, s.kernel_width, s.stride_width, s.pad_width);
        if (out_height < 1 || out_width < 1) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the " + std::to_string(s.kernel_height) + "x" +
                                                        std::to_string(s.kernel_width) + " kernel does not fit into the padded " +
                                                        std::to_string(s.in_height) + "x" + std::to_string(s.in_width) + " input");
        }
        if (output_length(out_height, s.window_height, s.window_height, s.window_pad_height) < 1 ||
            output_length(out_width, s.window_width, s.window_width, s.window_pad_width) < 1) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the " + std::to_string(s.window_height) + "x" +
                                                        std::to_string(s.window_width) + " window does not fit into the padded " +
                                                        std::to_string(out_height) + "x" + std::to_string(out_width) + " output");
        }
        // Indices within a layer are 32 bits. In double: the products may leave 64 bits.
        const double in = double(s.batch) * s.in_height * s.in_width * s.in_channels, out = double(s.batch) * double(out_height) * double(out_width) * s.out_channels;
        const double weights = double(s.in_channels) * s.out_channels * s.kernel_height * s.kernel_width;
        // Rows of the pooled product, the windows' padding included.
        const double windows = double(s.batch) * double(out_height + s.window_height) * double(out_width + s.window_width) * s.out_channels;
        if (std::max({in, out, weights, windows}) > double(MOST) - (1 << 20)) {
            return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": a layer's input, output and weights have below 2^31 elements each; use a smaller batch");
        }
        *operation = adopt(new Layer(context_of(context), s, kind));
        return SOFTSHARE_OK;
    });
}

WeightedLayer* layer_of(const char* where, int64_t operation, LayerKind kind) {
    auto* layer = require_operation<WeightedLayer>(where, operation);
    if (layer == nullptr || layer->kind == kind) return layer;
    fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the handle is of another operation");
    return nullptr;
}

int check_convolution(const char* where, const LayerShape& s) {
    if (int bad = require_sizes(where, 1, {{"batch", s.batch}, {"in_channels", s.in_channels}, {"in_height", s.in_height},
                                           {"in_width", s.in_width}, {"out_channels", s.out_channels}, {"kernel_height", s.kernel_height},
                                           {"kernel_width", s.kernel_width}, {"stride_height", s.stride_height}, {"stride_width", s.stride_width}})) {
        return bad;
    }
    return require_sizes(where, 0, {{"pad_height", s.pad_height}, {"pad_width", s.pad_width}});
}

int convolution_create(int64_t context, int batch, int in_channels, int in_height, int in_width, int out_channels, int kernel_height,
                       int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width, int flags, int64_t* operation) {
    const char* where = "convolution_create";
    if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
    *operation = 0;
    const LayerShape shape{batch, in_channels, in_height, in_width, out_channels, kernel_height, kernel_width,
                           stride_height, stride_width, pad_height, pad_width, flags};
    if (int bad = check_convolution(where, shape)) return bad;
    return WeightedLayer::create(where, context, shape, LayerKind::convolution, operation);
}

int convolution_bf16(int64_t operation, int tensors, int* able) {
    const char* where = "convolution_bf16";
    if (layer_of(where, operation, LayerKind::convolution) == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
    if (int bad = require_pointers(where, {{"able", able}})) return bad;
    *able = 0;
    return tensors == 0 ? SOFTSHARE_OK : fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": tensors are float32 on CUDA");
}

int convolution_forward(int64_t operation, const void* x, const float* weights, const float* bias, float* y) {
    WeightedLayer* layer = layer_of("convolution_forward", operation, LayerKind::convolution);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT : layer->forward("convolution_forward", static_cast<const float*>(x), weights, bias, y);
}

int convolution_backward_data(int64_t operation, const void* dy, const float* weights, float* dx) {
    WeightedLayer* layer = layer_of("convolution_backward_data", operation, LayerKind::convolution);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT
                            : layer->backward_data("convolution_backward_data", static_cast<const float*>(dy), nullptr, weights, dx);
}

int convolution_backward_weights(int64_t operation, const void* x, const void* dy, float* dweights, float* dbias) {
    WeightedLayer* layer = layer_of("convolution_backward_weights", operation, LayerKind::convolution);
    return layer == nullptr ? SOFTSHARE_INVALID_ARGUMENT
                            : layer->backward_weights("convolution_backward_weights", static_cast<const float*>(x), static_cast<const float*>(dy),
                                                      nullptr, dweights, dbias);
}

int convolution_backward(int64_t operation, const void* x, const float* y, void* dy, const float* weights, float* dx, float* dweights,
                         float* dbias) {
    const char* where = "convolution_backward";
    WeightedLayer* layer = layer_of(where, operation, LayerKind::convolution);
    if (layer == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
    const float* gradient = static_cast<const float*>(dy);
    if (int bad = layer->backward_weights(where, static_cast<const float*>(x), gradient, y, dweights, dbias)) return bad;
    return dx == nullptr ? SOFTSHARE_OK : layer->backward_data(where, gradient, y, weights, dx);
}

}  // namespace softshare::cuda
