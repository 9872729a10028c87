/* Philox' known answers; batches with and without augmentation against the header's formulas, pixel by pixel. */
#include "../common/philox.h"
#include "layers_check.h"

using namespace layers_check;

namespace {

void known_answers() {
    const softshare::Philox zero = softshare::philox(0, 0, 0, 0, 0);
    check(zero.r[0] == 0x6627e8d5u && zero.r[1] == 0xe169c58du && zero.r[2] == 0xbc57ac4cu && zero.r[3] == 0x9b00dbd8u, "Philox of zeros");
    const softshare::Philox ones = softshare::philox(~0u, ~0u, ~0u, ~0u, ~0ull);
    check(ones.r[0] == 0x408f276du && ones.r[1] == 0x41c83b0eu && ones.r[2] == 0xa20bc7c6u && ones.r[3] == 0x6d5451fdu, "Philox of ones");
    const softshare::Philox pi = softshare::philox(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0x299f31d0a4093822ull);
    check(pi.r[0] == 0xd16cfe09u && pi.r[1] == 0x94fdcceb && pi.r[2] == 0x5001e420u && pi.r[3] == 0x24126ea1u, "Philox of digits of pi");
}

void images(int height, int width, int channels, int augment, int shift, float probability) {
    const int count = 23, batch = 10;
    const int64_t step = 2;
    const uint64_t seed = 0x123456789abcdefull;
    const uint32_t epoch = 5;
    Random random(8);
    std::vector<uint8_t> pixels(size_t(count) * height * width * channels);
    for (uint8_t& p : pixels) p = uint8_t(random.next());
    std::vector<int32_t> order(20);
    for (int32_t& e : order) e = int32_t(random.next() % count);
    const Floats mean = random.floats(channels, 100), scale = random.floats(channels, 0.1f);
    Floats expected;
    int moved = 0, flipped = 0;
    for (int i = 0; i < batch; i++) {
        const int e = order[batch + i];
        const softshare::Philox r = softshare::philox(uint32_t(e), 0, epoch, 1, seed);
        int dx = 0, dy = 0;
        if (augment != SOFTSHARE_AUGMENT_NONE && float(r.r[2] >> 8) * 0x1p-24f < probability) {
            dx = int(r.r[0] % uint32_t(2 * shift + 1)) - shift;
            dy = int(r.r[1] % uint32_t(2 * shift + 1)) - shift;
        }
        const bool flip = augment == SOFTSHARE_AUGMENT_FLIP_CROP && (r.r[3] & 1) != 0;
        moved += dx != 0 || dy != 0, flipped += flip;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int c = 0; c < channels; c++) {
                    const int from_y = y - dy, from_x = x - dx;
                    const bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
                    const int column = flip ? width - 1 - from_x : from_x;
                    const float pixel = inside ? pixels[((size_t(e) * height + from_y) * width + column) * channels + c] : 0.0f;
                    expected.push_back((pixel - mean[c]) * scale[c]);
                }
    }
    if (augment == SOFTSHARE_AUGMENT_NONE) check(moved + flipped == 0, "nothing moves without augmentation");
    if (augment != SOFTSHARE_AUGMENT_NONE && shift > 0) check(moved > 0 && (probability >= 1 || moved < batch), "the case has moved examples");
    if (augment == SOFTSHARE_AUGMENT_FLIP_CROP) check(flipped > 0 && flipped < batch, "the case has flipped examples and others");
    each_context([&](int64_t context, const std::string& name) {
        Floats x(expected.size(), NAN);
        OK(on(context, softshare_gather_images, pixels, count, height, width, channels, order, one(step), batch, mean,
                                   scale, augment, shift, probability, seed, epoch, x));
        same("images, augmentation " + std::to_string(augment) + ", " + name, x, expected);
        OK(on(context, softshare_gather_images, pixels, count, height, width, channels, range(order.data() + batch, size_t(batch)), nullptr, batch,
                                   mean, scale, augment, shift, probability, seed, epoch, x));
        same("images without a step, " + name, x, expected);
    });
}

void labels_and_rows() {
    const int64_t context = open(2);
    const uint8_t labels[] = {7, 1, 255, 0};
    const Floats rows = {0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32};
    const int32_t order[] = {0, 1, 3, 2, 2, 0};
    const int64_t step = 2;
    std::vector<int32_t> out(3);
    Floats found(9);
    OK(on(context, softshare_gather_labels, labels, order, one(step), 3, out));
    same("labels", out, {255, 255, 7});
    OK(on(context, softshare_gather_labels, labels, order, nullptr, 3, out));
    same("labels without a step", out, {7, 1, 0});
    OK(on(context, softshare_gather_rows, rows, 3, order, one(step), 3, found));
    same("rows", found, {20, 21, 22, 20, 21, 22, 0, 1, 2});
    const int64_t none = 0;
    if (device::cuda() == nullptr) REFUSED(softshare_gather_labels(context, labels, order, &none, 3, out.data()), "no step has begun");  // a device is not asked
    REFUSED(softshare_gather_rows(context, rows.data(), 0, order, &step, 3, found.data()), "width must be 1");
    OK(softshare_close(context));
}

void refusals() {
    const int64_t context = open(1);
    const uint8_t pixels[4] = {};
    const int32_t order[] = {0, 4};
    const float one = 1;
    float x[8];
    if (device::cuda() == nullptr) REFUSED(softshare_gather_images(context, pixels, 4, 1, 1, 1, order, nullptr, 2, &one, &one, 0, 0, 0, 1, 1, x), "example 4 of 4");  // a device is not asked
    REFUSED(softshare_gather_images(context, pixels, 4, 1, 1, 1, order, nullptr, 1, &one, &one, 3, 0, 0, 1, 1, x), "augmentation 3");
    REFUSED(softshare_gather_images(context, pixels, 4, 1, 1, 1, order, nullptr, 1, &one, &one, 1, -1, 0, 1, 1, x), "shift must be");
    REFUSED(softshare_gather_images(context, pixels, 4, 1, 1, 1, order, nullptr, 1, nullptr, &one, 0, 0, 0, 1, 1, x), "mean is NULL");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    known_answers();
    images(28, 28, 1, SOFTSHARE_AUGMENT_NONE, 0, 0);
    images(28, 28, 1, SOFTSHARE_AUGMENT_SHIFT, 2, 0.5f);
    images(32, 32, 3, SOFTSHARE_AUGMENT_FLIP_CROP, 4, 1.0f);
    images(13, 7, 3, SOFTSHARE_AUGMENT_FLIP_CROP, 9, 1.0f);
    images(5, 1, 2, SOFTSHARE_AUGMENT_SHIFT, 1, 1.0f);
    labels_and_rows();
    refusals();
    return result();
}
