/* A chain of layers over its live weights alone; the design is in sparse.h, the loops in sparse_loops.h. */
#include "sparse.h"

#include <algorithm>
#include <string.h>
#include <vector>

#include "../common/window.h"
#include "../common/require.h"

namespace softshare::cpu {

namespace {

constexpr int64_t FIELDS = 17;      // of a layer's description, see softshare.h
constexpr int64_t PIECE = 256;      // edges a piece of the second pass, at least

const SparseLoops& loops_of(Isa isa) {
    return isa == Isa::avx512 ? avx512::sparse_loops : isa == Isa::avx2 ? avx2::sparse_loops : plain::sparse_loops;
}

/* Output channels [begin, end) of a layer. */
struct Piece {
    size_t layer;
    int64_t begin, end;
};

struct Sparse : Operation {
    Sparse(Context* owner, int64_t images) : Operation(owner), batch(images), chunks((images + SPARSE_LANES - 1) / SPARSE_LANES),
                                             loops(loops_of(owner->isa)) {}

    const int64_t batch, chunks;
    const SparseLoops& loops;
    int64_t image_height = 0, image_width = 0, image_channels = 0, classes = 0;
    std::vector<SparseLayer> layers;
    SparseMaps logits{};
    int64_t chunk_floats = 0, chunk_bytes = 0, scratch_floats = 0, zeroed_from = 0, zeroed = 0, bias_floats = 0;

    bool has_live = false;
    int64_t live = 0;
    std::vector<std::vector<int64_t>> first, taps;   // by layer
    std::vector<std::vector<uint8_t>> needed;        // by layer, of its output channels
    std::vector<uint8_t> pixels;                     // whether a live weight reads the image's channel (planar index for linear)
    std::vector<Piece> pieces;

    std::vector<float> memory, scratch, partials, bias_partials;
    std::vector<uint8_t> bytes;

    SparseChunk chunk(int64_t c, const SparseLayer& layer) {
        return {memory.data() + c * chunk_floats, bytes.data() + c * chunk_bytes, scratch.data() + c * scratch_floats,
                partials.data() + c * live + layer.first_edge, bias_partials.data() + c * bias_floats + bias_at(layer)};
    }
    int64_t bias_at(const SparseLayer& layer) const {
        int64_t at = 0;
        for (const SparseLayer* l = layers.data(); l != &layer; l++) at += l->out_channels;
        return at;
    }
    static bool is_linear(const SparseLayer& l) { return l.height == 1 && l.width == 1 && l.pool_height == 0; }

    void allocate() {
        memory.assign(size_t(chunks * chunk_floats), 0.0f);
        bytes.assign(size_t(chunks * chunk_bytes), 0);
        scratch.assign(size_t(chunks * scratch_floats), 0.0f);
        bias_partials.assign(size_t(chunks * bias_floats), 0.0f);
    }

    /* Images of a chunk into lanes; images beyond the batch are 0. */
    void load_images(int64_t c, const float* x) {
        const SparseLayer& to = layers.front();
        const bool flat = is_linear(to);
        const int64_t pixels_of_image = image_height * image_width;
        float* out = memory.data() + c * chunk_floats + to.x.base;
        for (int64_t lane = 0; lane < SPARSE_LANES; lane++) {
            const int64_t image = c * SPARSE_LANES + lane;
            const float* from = x + image * pixels_of_image * image_channels;
            for (int64_t y = 0; y < image_height; y++) {
                for (int64_t col = 0; col < image_width; col++) {
                    for (int64_t channel = 0; channel < image_channels; channel++) {
                        const int64_t planar = (channel * image_height + y) * image_width + col;
                        if (!pixels[size_t(flat ? planar : channel)]) continue;
                        const int64_t at = flat ? planar * SPARSE_LANES : inner + channel * to.x.map + y * to.x.row + col * SPARSE_LANES;
                        out[at + lane] = image < batch ? from[(y * image_width + col) * image_channels + channel] : 0;
                    }
                }
            }
        }
    }
    int64_t inner = 0;  // from the first input's base to its first pixel, behind the padding

    void store_logits(int64_t c, float* y) const {
        const float* from = memory.data() + c * chunk_floats + logits.base;
        for (int64_t lane = 0; lane < SPARSE_LANES && c * SPARSE_LANES + lane < batch; lane++)
            for (int64_t k = 0; k < classes; k++) y[(c * SPARSE_LANES + lane) * classes + k] = from[k * SPARSE_LANES + lane];
    }

    void load_gradient(int64_t c, const float* dy) {
        float* base = memory.data() + c * chunk_floats;
        memset(base + zeroed_from, 0, size_t(zeroed) * sizeof(float));
        float* to = base + logits.base + layers.back().gradients;
        for (int64_t lane = 0; lane < SPARSE_LANES; lane++) {
            const int64_t image = c * SPARSE_LANES + lane;
            for (int64_t k = 0; k < classes; k++) to[k * SPARSE_LANES + lane] = image < batch ? dy[image * classes + k] : 0;
        }
    }

    void reduce(const Piece& piece, float* dpacked, float* darena) {
        const SparseLayer& s = layers[piece.layer];
        for (int64_t o = piece.begin; o < piece.end; o++) {
            for (int64_t e = s.first[o]; e < s.first[o + 1]; e++) {
                float sum = 0;
                if (s.needed[o]) {
                    if (is_linear(s)) {
                        sum = loops.linear_gradient(s, memory.data(), chunk_floats, chunks, o, e);
                    } else {
                        for (int64_t c = 0; c < chunks; c++) sum += partials[size_t(c * live + s.first_edge + e)];
                    }
                }
                dpacked[s.first_edge + e] = sum;
            }
            if (!s.bias) continue;
            float sum = 0;
            if (s.needed[o] && is_linear(s)) {
                sum = loops.linear_gradient(s, memory.data(), chunk_floats, chunks, o, -1);
            } else if (s.needed[o]) {
                const int64_t at = bias_at(s) + o;
                for (int64_t c = 0; c < chunks; c++) sum += bias_partials[size_t(c * bias_floats + at)];
            }
            darena[s.bias_offset + o] = sum;
        }
    }
};

std::string text(int64_t n) { return std::to_string(n); }

/* Layers, their geometry and the memory of a chunk from the descriptions. Returns what is wrong, or nothing. */
std::string describe(Sparse* s, int64_t count, const int64_t* layout) {
    int64_t channels = s->image_channels, height = s->image_height, width = s->image_width;
    int64_t offset = 0, weights = 0;
    std::vector<int64_t> pad_height, pad_width;
    for (int64_t l = 0; l < count; l++) {
        const int64_t* f = layout + l * FIELDS;
        const std::string name = "layer " + text(l);
        for (int k = 0; k < FIELDS; k++) {
            const bool may_be_zero = k == 8 || k == 9 || k >= 10;
            if (f[k] < (may_be_zero ? 0 : 1) || f[k] > (int64_t(1) << 31)) return name + ": field " + text(k) + " is " + text(f[k]);
        }
        SparseLayer n{};
        n.in_channels = f[0];
        n.out_channels = f[3];
        const int64_t in_height = f[1], in_width = f[2], kernel_height = f[4], kernel_width = f[5];
        const bool follows = f[0] == channels && in_height == height && in_width == width;
        const bool flattens = f[0] == channels * height * width && in_height == 1 && in_width == 1;
        if (!follows && !flattens) {
            return name + " takes " + text(f[0]) + "x" + text(in_height) + "x" + text(in_width) + ", the one before gives " +
                   text(channels) + "x" + text(height) + "x" + text(width);
        }
        if (flattens && (f[8] != 0 || f[9] != 0)) return name + " pads what is flat";
        n.stride_height = f[6];
        n.stride_width = f[7];
        n.height = output_length(in_height, kernel_height, f[6], f[8]);
        n.width = output_length(in_width, kernel_width, f[7], f[9]);
        if (n.height < 1 || n.width < 1) return name + ": the kernel does not fit into its input";
        n.bias = (f[10] & SOFTSHARE_BIAS) != 0;
        n.relu = (f[10] & SOFTSHARE_RELU) != 0;
        n.weight_offset = f[11];
        n.kernel = kernel_height * kernel_width;
        n.kernel_width = kernel_width;
        n.weight_count = n.out_channels * n.in_channels * n.kernel;
        n.bias_offset = f[12];
        if (n.weight_offset < weights) return name + ": weights overlap those of the layer before";
        weights = n.weight_offset + n.weight_count;
        n.pool_height = f[13];
        n.pool_width = f[14];
        n.pool_stride_height = f[15];
        n.pool_stride_width = f[16];
        n.out_height = n.height;
        n.out_width = n.width;
        if (n.pool_height > 0) {
            if (n.pool_width < 1 || n.pool_stride_height < 1 || n.pool_stride_width < 1 || n.pool_height * n.pool_width > 256) {
                return name + ": windows of " + text(n.pool_height) + "x" + text(n.pool_width) + " cannot be pooled";
            }
            n.out_height = output_length(n.height, n.pool_height, n.pool_stride_height, 0);
            n.out_width = output_length(n.width, n.pool_width, n.pool_stride_width, 0);
            if (n.out_height < 1 || n.out_width < 1) return name + ": the window does not fit";
        }
        const int64_t row = (in_width + 2 * f[9]) * SPARSE_LANES;
        n.x = {offset, (in_height + 2 * f[8]) * row, row};
        pad_height.push_back(f[8]);
        pad_width.push_back(f[9]);
        offset += n.in_channels * n.x.map;
        n.wants_dx = l > 0;
        n.argmax = s->chunk_bytes;
        if (n.pool_height > 0) s->chunk_bytes += n.out_channels * n.out_height * n.out_width * SPARSE_LANES;
        s->scratch_floats = std::max(s->scratch_floats, n.height * n.width * SPARSE_LANES);
        s->bias_floats += n.out_channels;
        if (offset > (int64_t(1) << 34)) return name + ": activations beyond all memory";
        s->layers.push_back(n);
        channels = n.out_channels;
        height = n.out_height;
        width = n.out_width;
    }
    s->classes = channels * height * width;
    s->logits = {offset, height * width * SPARSE_LANES, width * SPARSE_LANES};
    const int64_t outputs = s->classes * SPARSE_LANES;
    const int64_t images = s->layers.front().in_channels * s->layers.front().x.map;
    const int64_t gradients = offset + outputs - images;  // the images have none
    s->zeroed_from = images + gradients;
    s->zeroed = offset - images;
    s->chunk_floats = offset + outputs + gradients;
    s->inner = pad_height[0] * s->layers[0].x.row + pad_width[0] * SPARSE_LANES;
    for (size_t l = 0; l < s->layers.size(); l++) {
        SparseLayer& n = s->layers[l];
        n.gradients = gradients;
        n.y = s->logits;
        if (l + 1 < s->layers.size()) {
            const SparseLayer& next = s->layers[l + 1];
            if (next.in_channels == n.out_channels) {
                n.y = {next.x.base + pad_height[l + 1] * next.x.row + pad_width[l + 1] * SPARSE_LANES, next.x.map, next.x.row};
            } else {
                n.y = {next.x.base, n.out_height * n.out_width * SPARSE_LANES, n.out_width * SPARSE_LANES};
            }
        }
    }
    return "";
}

/* Edges from the indices of live weights: increasing, each inside a layer. Returns what is wrong, or nothing. */
std::string connect(Sparse* s, int64_t live, const int64_t* index) {
    const size_t count = s->layers.size();
    std::vector<std::vector<int64_t>> first(count), taps(count);
    int64_t k = 0;
    for (size_t l = 0; l < count; l++) {
        SparseLayer& n = s->layers[l];
        const int64_t filter = n.in_channels * n.kernel;
        n.first_edge = k;
        first[l].assign(size_t(n.out_channels) + 1, 0);
        for (; k < live && index[k] < n.weight_offset + n.weight_count; k++) {
            if (index[k] < n.weight_offset || (k > 0 && index[k] <= index[k - 1])) {
                return "index " + text(k) + " is " + text(index[k]) + ", expected increasing positions of weights";
            }
            const int64_t at = index[k] - n.weight_offset;
            first[l][size_t(at / filter) + 1]++;
            taps[l].push_back(at % filter);
        }
        for (int64_t o = 0; o < n.out_channels; o++) first[l][size_t(o) + 1] += first[l][size_t(o)];
    }
    if (k < live) return "index " + text(k) + " is " + text(index[k]) + ", beyond the last weight";
    s->first = std::move(first);
    s->taps = std::move(taps);
    return "";
}

/* Which channels are read, from the last layer to the images; taps from positions in a filter to offsets. */
void finish_edges(Sparse* s) {
    const size_t count = s->layers.size();
    s->needed.assign(count, {});
    s->needed[count - 1].assign(size_t(s->layers[count - 1].out_channels), 1);
    for (size_t l = count; l-- > 0;) {
        SparseLayer& n = s->layers[l];
        const int64_t channels = l > 0 ? s->layers[l - 1].out_channels : n.in_channels;
        std::vector<uint8_t> read(size_t(channels), 0);
        const int64_t per_channel = n.in_channels / channels;
        for (int64_t o = 0; o < n.out_channels; o++) {
            for (int64_t e = s->first[l][size_t(o)]; e < s->first[l][size_t(o) + 1]; e++) {
                int64_t& tap = s->taps[l][size_t(e)];
                const int64_t channel = tap / n.kernel, position = tap % n.kernel;
                if (s->needed[l][size_t(o)]) read[size_t(channel / per_channel)] = 1;
                tap = channel * n.x.map + position / n.kernel_width * n.x.row + position % n.kernel_width * SPARSE_LANES;
            }
        }
        if (l > 0) {
            s->needed[l - 1] = std::move(read);
        } else {
            s->pixels = std::move(read);
        }
    }
    s->pieces.clear();
    for (size_t l = 0; l < count; l++) {
        SparseLayer& n = s->layers[l];
        n.first = s->first[l].data();
        n.taps = s->taps[l].data();
        n.needed = s->needed[l].data();
        for (int64_t begin = 0, o = 0; o < n.out_channels; o++) {
            if (n.first[o + 1] - n.first[begin] >= PIECE || o + 1 - begin >= PIECE || o + 1 == n.out_channels) {
                s->pieces.push_back({l, begin, o + 1});
                begin = o + 1;
            }
        }
    }
}

}  // namespace

int sparse_create(int64_t context, int batch, int image_height, int image_width, int image_channels, int layers,
                  const int64_t* layout, int64_t* operation) {
    const char* where = "sparse_create";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"operation", operation}, {"layout", layout}})) return bad;
        *operation = 0;
        if (int bad = require_sizes(where, 1, {{"batch", batch}, {"image_height", image_height}, {"image_width", image_width},
                                               {"image_channels", image_channels}, {"layers", layers}})) {
            return bad;
        }
        auto* s = new Sparse(context_of(context), batch);
        const int64_t handle = adopt(s);
        s->image_height = image_height;
        s->image_width = image_width;
        s->image_channels = image_channels;
        std::string wrong;
        try {
            wrong = describe(s, layers, layout);
            if (wrong.empty()) s->allocate();
        } catch (...) {
            s->context->operations.erase(s);
            delete s;
            throw;
        }
        if (!wrong.empty()) {
            s->context->operations.erase(s);
            delete s;
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": " + wrong);
        }
        *operation = handle;
        return SOFTSHARE_OK;
    });
}

int sparse_live(int64_t operation, int64_t live, const int64_t* index) {
    const char* where = "sparse_live";
    return guarded(where, [&] {
        auto* s = require_operation<Sparse>(where, operation);
        if (s == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
        if (int bad = require_sizes(where, 0, {{"live", live}})) return bad;
        if (int bad = live > 0 ? require_pointers(where, {{"index", index}}) : SOFTSHARE_OK) return bad;
        s->has_live = false;
        const std::string wrong = connect(s, live, index);
        if (!wrong.empty()) return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": " + wrong);
        finish_edges(s);
        s->live = live;
        s->partials.assign(size_t(s->chunks * live), 0.0f);
        s->has_live = true;
        return SOFTSHARE_OK;
    });
}

int sparse_forward(int64_t operation, const float* x, const float* packed, const float* arena, float* logits) {
    const char* where = "sparse_forward";
    return guarded(where, [&] {
        auto* s = require_operation<Sparse>(where, operation);
        if (s == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
        if (!s->has_live) return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": call sparse_live first");
        if (int bad = require_pointers(where, {{"x", x}, {"arena", arena}, {"logits", logits}})) return bad;
        if (int bad = s->live > 0 ? require_pointers(where, {{"packed", packed}}) : SOFTSHARE_OK) return bad;
        parallel(s->context, s->chunks, [&](int64_t c) {
            s->load_images(c, x);
            for (const SparseLayer& layer : s->layers) s->loops.forward(layer, s->chunk(c, layer), packed, arena);
            s->store_logits(c, logits);
        });
        return SOFTSHARE_OK;
    });
}

int sparse_backward(int64_t operation, const float* dlogits, const float* packed, float* dpacked, float* darena) {
    const char* where = "sparse_backward";
    return guarded(where, [&] {
        auto* s = require_operation<Sparse>(where, operation);
        if (s == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
        if (!s->has_live) return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": call sparse_live first");
        if (int bad = require_pointers(where, {{"dlogits", dlogits}, {"darena", darena}})) return bad;
        if (int bad = s->live > 0 ? require_pointers(where, {{"packed", packed}, {"dpacked", dpacked}}) : SOFTSHARE_OK) return bad;
        parallel(s->context, s->chunks, [&](int64_t c) {
            s->load_gradient(c, dlogits);
            for (size_t l = s->layers.size(); l-- > 0;) s->loops.backward(s->layers[l], s->chunk(c, s->layers[l]), packed);
        });
        parallel(s->context, int64_t(s->pieces.size()),
                 [&](int64_t piece) { s->reduce(s->pieces[size_t(piece)], dpacked, darena); });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
