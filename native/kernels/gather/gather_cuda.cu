/*
 * Gathering a batch on CUDA: images with their augmentation, labels, rows of floats. What is drawn for an example depends on
 * seed, epoch and example alone: the same numbers, and the same bits, as on the CPU. The order is trusted here, since it lies on
 * the device; an example that does not exist is read as 0.
 */
#include <math.h>

#include "../common/elementwise.h"
#include "../common/philox.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

__device__ __forceinline__ int64_t example_of(const int32_t* order, const int64_t* step, int batch, int64_t i) {
    return order[(step == nullptr ? 0 : (*step - 1) * batch) + i];
}

struct Image {
    const uint8_t* images;
    int64_t count;
    int height, width, channels;
    const int32_t* order;
    const int64_t* step;
    int batch;
    const float *mean, *inverse_scale;
    int augment, shift;
    float probability;
    uint64_t seed;
    uint32_t epoch;
    float* x;
    // One pixel's channels. Its draw is made anew for each pixel: ten rounds of multiplications, less than to wait for memory.
    __device__ void operator()(int64_t i) const {
        const int64_t pixels = int64_t(height) * width, image = i / pixels;
        const int at = int(i - image * pixels), y = at / width, column = at - y * width;
        const int64_t example = example_of(order, step, batch, image);
        int dx = 0, dy = 0;
        bool flip = false;
        if (augment != SOFTSHARE_AUGMENT_NONE) {
            const Philox random = philox(uint32_t(example), 0, epoch, 1, seed);
            const uint32_t span = 2 * uint32_t(shift) + 1;
            if (float(random.r[2] >> 8) * 0x1p-24f < probability) {
                dx = int(random.r[0] % span) - shift;
                dy = int(random.r[1] % span) - shift;
            }
            flip = augment == SOFTSHARE_AUGMENT_FLIP_CROP && (random.r[3] & 1) != 0;
        }
        const int from_y = y - dy, moved = column - dx, from_x = flip ? width - 1 - moved : moved;
        const bool inside = from_y >= 0 && from_y < height && moved >= 0 && moved < width && example >= 0 && example < count;
        const uint8_t* pixel = inside ? images + ((example * height + from_y) * width + from_x) * channels : nullptr;
        for (int c = 0; c < channels; c++) {
            x[i * channels + c] = ((inside ? float(pixel[c]) : 0.0f) - mean[c]) * inverse_scale[c];
        }
    }
};

struct Label {
    const uint8_t* labels;
    const int32_t* order;
    const int64_t* step;
    int batch;
    int32_t* out;
    __device__ void operator()(int64_t i) const { out[i] = labels[example_of(order, step, batch, i)]; }
};

struct Row {
    const float* rows;
    int width;
    const int32_t* order;
    const int64_t* step;
    int batch;
    float* out;
    __device__ void operator()(int64_t i) const {
        const int64_t row = i / width;
        out[i] = rows[example_of(order, step, batch, row) * width + (i - row * width)];
    }
};

}  // namespace

int gather_images(int64_t context, const uint8_t* images, int64_t count, int height, int width, int channels, const int32_t* order,
                  const int64_t* step, int batch, const float* mean, const float* inverse_scale, int augment, int shift,
                  float probability, uint64_t seed, uint32_t epoch, float* x) {
    const char* where = "gather_images";
    if (int bad = require_pointers(where, {{"images", images}, {"order", order}, {"mean", mean}, {"inverse_scale", inverse_scale}, {"x", x}})) {
        return bad;
    }
    if (int bad = require_sizes(where, 1, {{"count", count}, {"height", height}, {"width", width}, {"channels", channels}, {"batch", batch}})) {
        return bad;
    }
    if (augment < SOFTSHARE_AUGMENT_NONE || augment > SOFTSHARE_AUGMENT_FLIP_CROP) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": unknown augmentation " + std::to_string(augment));
    }
    if (augment != SOFTSHARE_AUGMENT_NONE && (shift < 0 || shift > (1 << 20))) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": shift must be 0 to 1048576, found " + std::to_string(shift));
    }
    return for_each(where, context, int64_t(batch) * height * width,
                    Image{images, count, height, width, channels, order, step, batch, mean, inverse_scale, augment, shift, probability, seed, epoch, x});
}

int gather_labels(int64_t context, const uint8_t* labels, const int32_t* order, const int64_t* step, int batch, int32_t* out) {
    if (int bad = require_pointers("gather_labels", {{"labels", labels}, {"order", order}, {"out", out}})) return bad;
    if (int bad = require_sizes("gather_labels", 1, {{"batch", batch}})) return bad;
    return for_each("gather_labels", context, batch, Label{labels, order, step, batch, out});
}

int gather_rows(int64_t context, const float* rows, int width, const int32_t* order, const int64_t* step, int batch, float* out) {
    if (int bad = require_pointers("gather_rows", {{"rows", rows}, {"order", order}, {"out", out}})) return bad;
    if (int bad = require_sizes("gather_rows", 1, {{"width", width}, {"batch", batch}})) return bad;
    return for_each("gather_rows", context, int64_t(batch) * width, Row{rows, width, order, step, batch, out});
}

}  // namespace softshare::cuda
