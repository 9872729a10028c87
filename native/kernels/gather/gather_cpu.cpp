/*
 * Gathering a batch: images with their augmentation, labels, rows of floats. What is drawn for an example depends on
 * seed, epoch and example alone, never on the batch or the thread.
 */
#include <string.h>

#include <algorithm>
#include <vector>

#include "../common/philox.h"
#include "../common/require.h"

namespace softshare::cpu {

namespace {

/* Where the batch begins in `order`; below 0 with the error told if the step has not begun. */
int64_t batch_begin(const char* where, const int64_t* step, int batch) {
    if (step == nullptr) return 0;
    if (*step < 1) {
        fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": no step has begun; call softshare_step_begin first");
        return -1;
    }
    return (*step - 1) * batch;
}

struct Draw {
    int64_t dx = 0, dy = 0;
    bool flip = false;
};

Draw draw(int32_t example, int augment, int shift, float probability, uint64_t seed, uint32_t epoch) {
    Draw d;
    if (augment == SOFTSHARE_AUGMENT_NONE) return d;
    const Philox random = philox(static_cast<uint32_t>(example), 0, epoch, 1, seed);
    const uint32_t span = 2 * static_cast<uint32_t>(shift) + 1;
    if (static_cast<float>(random.r[2] >> 8) * 0x1p-24f < probability) {
        d.dx = static_cast<int64_t>(random.r[0] % span) - shift;
        d.dy = static_cast<int64_t>(random.r[1] % span) - shift;
    }
    d.flip = augment == SOFTSHARE_AUGMENT_FLIP_CROP && (random.r[3] & 1) != 0;
    return d;
}

/* One row of the result in bytes: the source row (NULL: all outside) moved by dx, mirrored before that if flip. */
void move_row(const uint8_t* in, int64_t width, int64_t channels, int64_t dx, bool flip, uint8_t* out) {
    memset(out, 0, width * channels);
    if (in == nullptr) return;
    const int64_t begin = std::max<int64_t>(0, dx), end = std::min(width, width + dx);
    if (begin >= end) return;
    if (!flip) {
        memcpy(out + begin * channels, in + (begin - dx) * channels, (end - begin) * channels);
        return;
    }
    for (int64_t x = begin; x < end; x++) {
        const uint8_t* pixel = in + (width - 1 - (x - dx)) * channels;
        for (int64_t c = 0; c < channels; c++) out[x * channels + c] = pixel[c];
    }
}

}  // namespace

int gather_images(int64_t context, const uint8_t* images, int64_t count, int height, int width, int channels,
                  const int32_t* order, const int64_t* step, int batch, const float* mean, const float* inverse_scale,
                  int augment, int shift, float probability, uint64_t seed, uint32_t epoch, float* x) {
    const char* where = "gather_images";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"images", images}, {"order", order}, {"mean", mean},
                                               {"inverse_scale", inverse_scale}, {"x", x}})) {
            return bad;
        }
        if (int bad = require_sizes(where, 1, {{"count", count}, {"height", height}, {"width", width},
                                               {"channels", channels}, {"batch", batch}})) {
            return bad;
        }
        if (augment < SOFTSHARE_AUGMENT_NONE || augment > SOFTSHARE_AUGMENT_FLIP_CROP) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": unknown augmentation " + std::to_string(augment));
        }
        if (augment != SOFTSHARE_AUGMENT_NONE && (shift < 0 || shift > (1 << 20))) {
            return fail(SOFTSHARE_INVALID_ARGUMENT,
                        std::string(where) + ": shift must be 0 to 1048576, found " + std::to_string(shift));
        }
        const int64_t first = batch_begin(where, step, batch);
        if (first < 0) return SOFTSHARE_INVALID_ARGUMENT;
        for (int i = 0; i < batch; i++) {
            if (order[first + i] < 0 || order[first + i] >= count) {
                return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": order names example " +
                                                            std::to_string(order[first + i]) + " of " +
                                                            std::to_string(count));
            }
        }
        const int64_t row = static_cast<int64_t>(width) * channels;
        // Mean and scale of each element of a row: the inner loop then is the same for any number of channels. Memory
        // of the thread, which grows once and stays.
        static thread_local std::vector<float> factors;
        factors.resize(2 * row);
        float* means = factors.data();
        float* scales = means + row;
        for (int64_t i = 0; i < row; i++) {
            means[i] = mean[i % channels];
            scales[i] = inverse_scale[i % channels];
        }
        parallel_range(context_of(context), batch, 8, [=](int64_t begin, int64_t end) {
            static thread_local std::vector<uint8_t> moved;
            moved.resize(row);
            for (int64_t i = begin; i < end; i++) {
                const int32_t example = order[first + i];
                const uint8_t* image = images + example * height * row;
                const Draw d = draw(example, augment, shift, probability, seed, epoch);
                for (int64_t y = 0; y < height; y++) {
                    const int64_t from = y - d.dy;
                    const uint8_t* pixels = from < 0 || from >= height ? nullptr : image + from * row;
                    if (pixels == nullptr || d.dx != 0 || d.flip) {
                        move_row(pixels, width, channels, d.dx, d.flip, moved.data());
                        pixels = moved.data();
                    }
                    float* out = x + (i * height + y) * row;
                    for (int64_t j = 0; j < row; j++) out[j] = (static_cast<float>(pixels[j]) - means[j]) * scales[j];
                }
            }
        });
        return SOFTSHARE_OK;
    });
}

int gather_labels(int64_t, const uint8_t* labels, const int32_t* order, const int64_t* step, int batch, int32_t* out) {
    const char* where = "gather_labels";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"labels", labels}, {"order", order}, {"out", out}})) return bad;
        if (int bad = require_sizes(where, 1, {{"batch", batch}})) return bad;
        const int64_t first = batch_begin(where, step, batch);
        if (first < 0) return SOFTSHARE_INVALID_ARGUMENT;
        for (int i = 0; i < batch; i++) out[i] = labels[order[first + i]];
        return SOFTSHARE_OK;
    });
}

int gather_rows(int64_t, const float* rows, int width, const int32_t* order, const int64_t* step, int batch, float* out) {
    const char* where = "gather_rows";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"rows", rows}, {"order", order}, {"out", out}})) return bad;
        if (int bad = require_sizes(where, 1, {{"width", width}, {"batch", batch}})) return bad;
        const int64_t first = batch_begin(where, step, batch);
        if (first < 0) return SOFTSHARE_INVALID_ARGUMENT;
        for (int64_t i = 0; i < batch; i++) {
            memcpy(out + i * width, rows + static_cast<int64_t>(order[first + i]) * width, width * sizeof(float));
        }
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
