/* Batch normalisation against plain loops in double; bits the same on every context. */
#include "layers_check.h"

using namespace layers_check;

namespace {

constexpr double epsilon = 1e-5;

struct Result {
    Doubles y, mean, variance;
};

Result forward(int count, int channels, const Doubles& x, const Doubles& scale, const Doubles& shift, bool relu) {
    Result r{Doubles(x.size()), Doubles(channels), Doubles(channels)};
    for (int c = 0; c < channels; c++) {
        for (int i = 0; i < count; i++) r.mean[c] += x[size_t(i) * channels + c] / count;
        for (int i = 0; i < count; i++) r.variance[c] += pow(x[size_t(i) * channels + c] - r.mean[c], 2) / count;
        for (int i = 0; i < count; i++) {
            const size_t k = size_t(i) * channels + c;
            r.y[k] = (x[k] - r.mean[c]) / sqrt(r.variance[c] + epsilon) * scale[c] + shift[c];
            if (relu && r.y[k] < 0) r.y[k] = 0;
        }
    }
    return r;
}

struct Gradients {
    Doubles x, scale, shift, masked;
};

Gradients backward(int count, int channels, const Doubles& x, const Result& r, const Doubles& dy, const Doubles& scale, bool relu) {
    Gradients g{Doubles(x.size()), Doubles(channels), Doubles(channels), dy};
    for (int c = 0; c < channels; c++) {
        const double inverse = 1 / sqrt(r.variance[c] + epsilon);
        for (int i = 0; i < count; i++) {
            const size_t k = size_t(i) * channels + c;
            if (relu && r.y[k] <= 0) g.masked[k] = 0;
            g.shift[c] += g.masked[k];
            g.scale[c] += g.masked[k] * (x[k] - r.mean[c]) * inverse;
        }
        for (int i = 0; i < count; i++) {
            const size_t k = size_t(i) * channels + c;
            g.x[k] = scale[c] * inverse * (g.masked[k] - g.shift[c] / count - (x[k] - r.mean[c]) * inverse * g.scale[c] / count);
        }
    }
    return g;
}

void differences() {
    const int count = 7, channels = 3;
    Random random(2);
    const Doubles x = wide(random.floats(21)), scale = wide(random.floats(3)), shift = wide(random.floats(3)), dy = wide(random.floats(21));
    for (bool relu : {false, true}) {
        const Gradients g = backward(count, channels, x, forward(count, channels, x, scale, shift, relu), dy, scale, relu);
        derivative("x", x, g.x, [&](const Doubles& v) { return dot(forward(count, channels, v, scale, shift, relu).y, dy); });
        derivative("scale", scale, g.scale, [&](const Doubles& v) { return dot(forward(count, channels, x, v, shift, relu).y, dy); });
        derivative("shift", shift, g.shift, [&](const Doubles& v) { return dot(forward(count, channels, x, scale, v, relu).y, dy); });
    }
}

void compare(int count, int channels, bool relu, float offset) {
    Random random(4);
    Floats x = random.floats(size_t(count) * channels);
    for (size_t i = 0; i < x.size(); i++) x[i] += offset;
    const Floats scale = random.floats(channels), shift = random.floats(channels), dy = random.floats(x.size());
    const Result r = forward(count, channels, wide(x), wide(scale), wide(shift), relu);
    std::vector<Floats> first;
    const int flags = relu ? SOFTSHARE_RELU : 0;
    each_context([&](int64_t context, const std::string& name) {
        const std::string what = "batchnorm " + std::to_string(count) + " x " + std::to_string(channels) + ", " + name + ", ";
        Floats y(x.size(), NAN), mean(channels), variance(channels), running_mean(channels, 0.5f), running_variance(channels, 2.0f);
        OK(on(context, softshare_batchnorm_forward, count, channels, x, scale, shift, float(epsilon), 0.1f, flags,
                                       y, mean, variance, running_mean, running_variance));
        Doubles expected_mean(channels), expected_variance(channels);
        for (int c = 0; c < channels; c++) {
            expected_mean[c] = 0.9 * 0.5 + 0.1 * r.mean[c];
            expected_variance[c] = 0.9 * 2.0 + 0.1 * r.variance[c] * (count > 1 ? double(count) / (count - 1) : 1);
        }
        // A mean rounded to float moves y by |mean|·2^-24 / σ.
        const double loose = 4e-6 + 1e-6 * fabs(offset);
        near(what + "y", y, r.y, loose, 1e-5);
        near(what + "mean", mean, r.mean, 1e-7, 1e-6);
        near(what + "variance", variance, r.variance, 1e-7, 1e-5);
        near(what + "running mean", running_mean, expected_mean, 1e-6, 1e-6);
        near(what + "running variance", running_variance, expected_variance, 1e-6, 1e-6);

        // The gradient is compared with the reference at what was stored, so that the mask is the same.
        const Result stored{wide(y), wide(mean), wide(variance)};
        const Gradients g = backward(count, channels, wide(x), stored, wide(dy), wide(scale), relu);
        Floats masked = dy, dx(x.size(), NAN), dscale(channels), dshift(channels);
        OK(on(context, softshare_batchnorm_backward, count, channels, x, given(relu, y), masked, scale,
                                        mean, variance, float(epsilon), flags, dx, dscale, dshift));
        const double largest = 1 / sqrt(count > 1 ? 0.1 : epsilon);
        near(what + "dx", dx, g.x, 2e-6 * largest, 1e-4);
        near(what + "dscale", dscale, g.scale, 1e-5, 1e-5);
        near(what + "dshift", dshift, g.shift, 1e-5, 1e-5);
        // dy may stay as it is.
        if (masked != dy) near(what + "masked dy", masked, g.masked, 0, 0);

        Floats inference(x.size(), NAN);
        OK(on(context, softshare_batchnorm_inference, count, channels, x, scale, shift, running_mean,
                                         running_variance, float(epsilon), flags, inference));
        Doubles straight(x.size());
        for (size_t i = 0; i < x.size(); i++) {
            const size_t c = i % channels;
            straight[i] = (x[i] - double(running_mean[c])) / sqrt(running_variance[c] + epsilon) * scale[c] + shift[c];
            if (relu && straight[i] < 0) straight[i] = 0;
        }
        near(what + "inference", inference, straight, 1e-5, 1e-5);

        const std::vector<Floats> all = {y, mean, variance, running_mean, running_variance, dx, dscale, dshift, masked, inference};
        if (first.empty()) first = all;
        for (size_t i = 0; i < all.size(); i++) same(what + "result " + std::to_string(i), all[i], first[i]);

        Floats again(x.size());
        OK(on(context, softshare_batchnorm_forward, count, channels, x, scale, shift, float(epsilon), 0.1f, flags,
                                       again, mean, variance, nullptr, nullptr));
        same(what + "without running statistics", again, y);
    });
}

/* What is written in bfloat16 is what else is written in float, rounded; and a mask is the same from either. */
void bf16(int count, int channels, bool relu) {
    if (device::cuda() != nullptr) return;
    Random random(5);
    const size_t size = size_t(count) * channels;
    Floats x = random.floats(size), scale = random.floats(channels), shift = random.floats(channels);
    const Floats dy = random.floats(size);
    const int flags = relu ? SOFTSHARE_RELU : 0;
    const float e = float(epsilon);
    each_context([&](int64_t context, const std::string& name) {
        const std::string what = "batchnorm " + std::to_string(count) + " x " + std::to_string(channels) + ", bf16, " + name + ", ";
        Floats mean(channels), variance(channels), dscale(channels), dshift(channels);
        const auto forward = [&](int tensors, void* y) {
            OK(softshare_batchnorm_forward(context, count, channels, x.data(), scale.data(), shift.data(), e, 0.1f, flags | tensors, y, mean.data(),
                                           variance.data(), nullptr, nullptr));
        };
        const auto inference = [&](int tensors, void* y) {
            OK(softshare_batchnorm_inference(context, count, channels, x.data(), scale.data(), shift.data(), mean.data(), variance.data(), e,
                                             flags | tensors, y));
        };
        const auto backward = [&](int tensors, const void* y, void* dx) {
            Floats own = dy;
            OK(softshare_batchnorm_backward(context, count, channels, x.data(), y, own.data(), scale.data(), mean.data(), variance.data(), e,
                                            flags | tensors, dx, dscale.data(), dshift.data()));
        };
        Floats y(size), dx(size), dx_by_rounded_mask(size);
        std::vector<uint16_t> y16(size), dx16(size);
        forward(0, y.data());
        forward(SOFTSHARE_BF16_Y, y16.data());
        same(what + "y", y16, to_bf16(y));
        backward(0, y.data(), dx.data());
        const Floats expected_dscale = dscale, expected_dshift = dshift;
        backward(SOFTSHARE_BF16_Y, y16.data(), dx_by_rounded_mask.data());
        same(what + "dx in float", dx_by_rounded_mask, dx);
        backward(SOFTSHARE_BF16_Y | SOFTSHARE_BF16_DX, y16.data(), dx16.data());
        same(what + "dx", dx16, to_bf16(dx));
        same(what + "dscale", dscale, expected_dscale);
        same(what + "dshift", dshift, expected_dshift);
        inference(0, y.data());
        inference(SOFTSHARE_BF16_Y, y16.data());
        same(what + "inference", y16, to_bf16(y));

        // NaN and infinity stay what they are; a tie goes to the even neighbour.
        const Floats odd = {NAN, INFINITY, -INFINITY, 0x1.01p0f, 0x1.03p0f, -0.0f, 0x1.fffffep127f}, one = {1}, none = {0};
        std::vector<uint16_t> found(odd.size());
        OK(softshare_batchnorm_inference(context, int64_t(odd.size()), 1, odd.data(), one.data(), none.data(), none.data(), one.data(), 0,
                                         SOFTSHARE_BF16_Y, found.data()));
        check((found[0] & 0x7fff) > 0x7f80, what + "NaN");
        found[0] = 0;
        same(what + "odd values", found, std::vector<uint16_t>{0, 0x7f80, 0xff80, 0x3f80, 0x3f82, 0, 0x7f80});
    });
}

void refusals() {
    const int64_t context = open(1);
    Floats b(8);
    float* p = b.data();
    REFUSED(softshare_batchnorm_forward(context, 0, 2, p, p, p, 1e-5f, 0.1f, 0, p, p, p, p, p), "count must be 1");
    REFUSED(softshare_batchnorm_forward(context, 2, 2, p, p, p, 1e-5f, 0.1f, 0, p, p, p, p, nullptr), "both running");
    REFUSED(softshare_batchnorm_backward(context, 2, 2, p, nullptr, p, p, p, p, 1e-5f, SOFTSHARE_RELU, p, p, p), "y is NULL");
    REFUSED(softshare_batchnorm_inference(context, 2, 2, p, p, p, p, p, 1e-5f, SOFTSHARE_BIAS, p), "flags");
    REFUSED(softshare_batchnorm_inference(context, 2, 2, p, p, p, p, p, -1.0f, 0, p), "epsilon");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    differences();
    compare(1, 3, false, 0);
    compare(91, 1, true, 0);
    compare(1000, 17, true, 0);
    for (bool relu : {false, true}) {
        bf16(91, 1, relu);
        bf16(1000, 17, relu);
        bf16(700, 64, relu);
    }
    if (device::small()) return result();
    compare(2048, 16, false, 100);
    compare(1024, 64, true, 0);
    compare(512, 256, true, 3);
    compare(30011, 5, true, 0);
    refusals();
    return result();
}
