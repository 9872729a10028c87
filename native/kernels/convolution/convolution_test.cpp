/* Convolution against a double-precision reference, odd shapes included; no reference kernel of oneDNN may be used. */
#include "convolution_reference.h"

using namespace layers_check;
using namespace convolution_reference;

namespace {

void differences() {
    const Case s{2, 2, 5, 4, 3, 3, 2, 2, 1, SOFTSHARE_BIAS};
    Random random(1);
    const Doubles x = wide(random.floats(s.x())), weights = wide(random.floats(s.weights()));
    const Doubles bias = wide(random.floats(s.out)), dy = wide(random.floats(s.y()));
    const Gradients g = backward(s, x, weights, dy);
    derivative("x", x, g.x, [&](const Doubles& v) { return dot(forward(s, v, weights, bias), dy); });
    derivative("weights", weights, g.weights, [&](const Doubles& v) { return dot(forward(s, x, v, bias), dy); });
    derivative("bias", bias, g.bias, [&](const Doubles& v) { return dot(forward(s, x, weights, v), dy); });
}

void no_reference(int64_t operation, const std::string& name) {
    const std::string used = softshare_implementation(operation);
    check(!used.empty() && used.find("ref") == std::string::npos, name + " uses " + used);
}

int64_t create(int64_t context, const Case& s) {
    int64_t operation = 0;
    OK(softshare_convolution_create(context, s.batch, s.in, s.height, s.width, s.out, s.kernel_h, s.kernel_w, s.stride,
                                    s.stride, s.pad, s.pad, s.flags, &operation));
    no_reference(operation, s.name());
    return operation;
}

void compare(const Case& s) {
    Random random(7);
    const bool with_bias = (s.flags & SOFTSHARE_BIAS) != 0;
    const Floats x = random.floats(s.x()), weights = random.floats(s.weights());
    const Floats bias = random.floats(with_bias ? s.out : 0), dy = random.floats(s.y());
    Doubles expected = forward(s, wide(x), wide(weights), wide(bias));
    if ((s.flags & SOFTSHARE_RELU) != 0) {
        for (double& v : expected) v = v > 0 ? v : 0;
    }
    const Gradients g = backward(s, wide(x), wide(weights), wide(dy));
    Doubles masked_dy = wide(dy);
    for (size_t i = 0; i < masked_dy.size(); i++) masked_dy[i] = expected[i] > 0 ? masked_dy[i] : 0;
    const Gradients under_mask = backward(s, wide(x), wide(weights), masked_dy);
    for (int threads = 1; threads <= 3; threads++) {
        const int64_t context = open(threads), operation = create(context, s);
        const std::string name = s.name() + ", " + std::to_string(threads) + " threads, ";
        Floats first[4];
        for (int repeat = 0; repeat < 2; repeat++) {
            Floats all[4] = {Floats(s.y(), NAN), Floats(s.x(), NAN), Floats(s.weights(), NAN), Floats(bias.size(), NAN)};
            OK(on(operation, softshare_convolution_forward, x, weights, given(bias), all[0]));
            OK(on(operation, softshare_convolution_backward_data, dy, weights, all[1]));
            OK(on(operation, softshare_convolution_backward_weights, x, dy, all[2], given(with_bias, all[3])));
            // float32 sums of up to k products of numbers below 1: error grows with √k·2^-24.
            const double sum = 2e-6 * sqrt(double(s.in) * s.kernel_h * s.kernel_w * std::max(1, s.out / s.in));
            const double long_sum = 2e-6 * sqrt(double(s.batch) * s.out_h() * s.out_w());
            near(name + "y", all[0], expected, sum, 1e-5);
            near(name + "dx", all[1], g.x, sum, 1e-5);
            near(name + "dweights", all[2], g.weights, long_sum, 1e-5);
            if (with_bias) near(name + "dbias", all[3], g.bias, long_sum, 1e-5);
            // The whole pass under the mask of the output; where there is no rectifier it is as good a mask as any.
            Floats whole_dy = dy, dx(x.size(), NAN), dweights(weights.size(), NAN), dbias(bias.size(), NAN);
            OK(on(operation, softshare_convolution_backward, x, all[0], whole_dy, weights, dx, dweights, given(with_bias, dbias)));
            near(name + "dx of the whole pass", dx, under_mask.x, sum, 1e-5);
            near(name + "dweights of the whole pass", dweights, under_mask.weights, long_sum, 1e-5);
            if (with_bias) near(name + "dbias of the whole pass", dbias, under_mask.bias, long_sum, 1e-5);
            Floats only(weights.size(), NAN), plain_dy = dy;
            OK(on(operation, softshare_convolution_backward, x, nullptr, plain_dy, weights, nullptr, only, given(with_bias, dbias)));
            same(name + "dweights without mask", only, all[2]);
            for (int i = 0; i < 4; i++) {
                if (repeat == 0) first[i] = all[i];
                same(name + "repeated " + std::to_string(i), all[i], first[i]);
            }
        }
        OK(softshare_destroy(operation));
        OK(softshare_close(context));
    }
}

LayerResult whole(const Case& s, const Floats& x, const Floats& weights, const Floats& bias, const Floats& dy, bool relu) {
    const Gradients g = backward(s, wide(x), wide(weights), wide(dy));
    LayerResult all{forward(s, wide(x), wide(weights), wide(bias)), g.x, g.weights, g.bias};
    for (double& v : all.y) v = relu && v < 0 ? 0 : v;
    all.dbias.resize(bias.size());
    return all;
}

void tf32(const Case& s) {
    const int64_t context = open(1);
    if (device::cuda() == nullptr) {
        REFUSED(softshare_precision(context, SOFTSHARE_PRECISION_TF32), "fp32 or bf16 only");
    } else {
        Random random(9);
        const Floats x = random.floats(s.x()), weights = random.floats(s.weights());
        const Floats bias = random.floats((s.flags & SOFTSHARE_BIAS) != 0 ? s.out : 0), dy = random.floats(s.y());
        OK(softshare_precision(context, SOFTSHARE_PRECISION_TF32));
        within_tf32(s.name(), create(context, s), softshare_convolution_forward, softshare_convolution_backward_data, softshare_convolution_backward_weights, x,
                    weights, bias, dy, whole(s, x, weights, bias, dy, (s.flags & SOFTSHARE_RELU) != 0),
                    whole(s, absolute(x), absolute(weights), absolute(bias), absolute(dy), false));
    }
    OK(softshare_close(context));
}

/* x, dy or both rounded by the caller give the bits that they give rounded by the operation. */
void rounded_before(const Case& s, int64_t operation, const Floats& x, const Floats& weights, const Floats& bias, const Floats& dy) {
    int able = -1;
    OK(softshare_convolution_bf16(operation, 0, &able));
    check(able == (std::string(softshare_implementation(operation)).find("bf16") != std::string::npos), s.name() + " computes in bf16");
    if (!able) {
        REFUSED(softshare_convolution_bf16(operation, SOFTSHARE_BF16_X, &able), "computes in float32");
        return;
    }
    const std::vector<uint16_t> x16 = to_bf16(x), dy16 = to_bf16(dy);
    const float* b = bias.empty() ? nullptr : bias.data();
    const auto all = [&](int tensors) {
        OK(softshare_convolution_bf16(operation, tensors, &able));
        std::vector<Floats> r = {Floats(s.y(), NAN), Floats(x.size(), NAN), Floats(weights.size(), NAN), Floats(bias.size(), NAN)};
        Floats gradient = dy;
        const void* in = (tensors & SOFTSHARE_BF16_X) != 0 ? static_cast<const void*>(x16.data()) : x.data();
        void* out = (tensors & SOFTSHARE_BF16_DY) != 0 ? static_cast<void*>(const_cast<uint16_t*>(dy16.data())) : gradient.data();
        OK(softshare_convolution_forward(operation, in, weights.data(), b, r[0].data()));
        OK(softshare_convolution_backward(operation, in, nullptr, out, weights.data(), r[1].data(), r[2].data(), bias.empty() ? nullptr : r[3].data()));
        return r;
    };
    const std::vector<Floats> expected = all(0);
    for (int tensors : {SOFTSHARE_BF16_X, SOFTSHARE_BF16_DY, SOFTSHARE_BF16_X | SOFTSHARE_BF16_DY, 0}) {
        const std::vector<Floats> found = all(tensors);
        for (size_t i = 0; i < found.size(); i++) {
            same(s.name() + ", tensors " + std::to_string(tensors) + " rounded before, result " + std::to_string(i), found[i], expected[i]);
        }
    }
    OK(softshare_convolution_bf16(operation, SOFTSHARE_BF16_DY, &able));
    REFUSED(softshare_convolution_backward(operation, x.data(), x.data(), const_cast<uint16_t*>(dy16.data()), weights.data(), nullptr,
                                           const_cast<float*>(weights.data()), const_cast<float*>(b)), "y must be NULL");
    REFUSED(softshare_convolution_bf16(operation, SOFTSHARE_RELU, &able), "expected SOFTSHARE_BF16_X");
    REFUSED(softshare_convolution_bf16(operation, 0, nullptr), "able is NULL");
}

void bf16(const Case& s) {
    for (int threads = 1; threads <= 2; threads++) {
        const int64_t context = bf16_context(threads);
        if (context == 0) return;
        Random random(11);
        const Floats x = random.floats(s.x()), weights = random.floats(s.weights());
        const Floats bias = random.floats((s.flags & SOFTSHARE_BIAS) != 0 ? s.out : 0), dy = random.floats(s.y());
        const int64_t operation = create(context, s);
        within_rounded(s.name() + ", bf16", 0x1p-8, operation, softshare_convolution_forward, softshare_convolution_backward_data,
                       softshare_convolution_backward_weights, x, weights, bias, dy, whole(s, x, weights, bias, dy, (s.flags & SOFTSHARE_RELU) != 0),
                       whole(s, absolute(x), absolute(weights), absolute(bias), absolute(dy), false));
        // The whole pass gives the bits of its two halves.
        Floats dx[2] = {Floats(x.size(), NAN), Floats(x.size(), NAN)}, dweights[2] = {Floats(weights.size(), NAN), Floats(weights.size(), NAN)};
        Floats dbias(bias.size(), NAN), plain_dy = dy;
        OK(on(operation, softshare_convolution_backward_data, dy, weights, dx[0]));
        OK(on(operation, softshare_convolution_backward_weights, x, dy, dweights[0], given(!bias.empty(), dbias)));
        OK(on(operation, softshare_convolution_backward, x, nullptr, plain_dy, weights, dx[1], dweights[1], given(!bias.empty(), dbias)));
        same(s.name() + ", bf16, dx of the whole pass", dx[1], dx[0]);
        same(s.name() + ", bf16, dweights of the whole pass", dweights[1], dweights[0]);
        // Nor does it matter whether x was rounded in a forward call or only now.
        const Floats elsewhere = x;
        OK(on(create(context, s), softshare_convolution_backward_weights, elsewhere, dy, dweights[1], given(!bias.empty(), dbias)));
        same(s.name() + ", bf16, dweights without forward", dweights[1], dweights[0]);
        rounded_before(s, operation, x, weights, bias, dy);
        OK(softshare_close(context));
    }
}

/* Every convolution of the built-in networks. */
void implementations() {
    const int64_t context = open(2);
    for (int batch : {128, 256}) {
        create(context, {batch, 1, 28, 28, 20, 5, 5, 1, 0, SOFTSHARE_BIAS | SOFTSHARE_RELU});
        create(context, {batch, 1, 28, 28, 20, 5, 5, 1, 0, SOFTSHARE_BIAS});
        create(context, {batch, 20, 12, 12, 50, 5, 5, 1, 0, SOFTSHARE_BIAS | SOFTSHARE_RELU});
        create(context, {batch, 20, 12, 12, 50, 5, 5, 1, 0, SOFTSHARE_BIAS});
    }
    create(context, {8, 3, 32, 32, 16, 3, 3, 1, 1, 0});
    int in = 16, size = 32;
    for (int out : {64, 128, 256}) {
        const int stride = out == 64 ? 1 : 2;
        create(context, {8, in, size, size, out, 3, 3, stride, 1, 0});
        create(context, {8, in, size, size, out, 1, 1, stride, 0, 0});
        size /= stride;
        create(context, {8, out, size, size, out, 3, 3, 1, 1, 0});
        in = out;
    }
    OK(softshare_close(context));
}

/* The layers that bf16 is for use it: those of a wide residual network behind the first. */
void bf16_implementations() {
    const int64_t context = bf16_context(2);
    if (context == 0) return;
    for (const Case& s : {Case{128, 16, 32, 32, 64, 3, 3, 1, 1, 0}, Case{128, 16, 32, 32, 64, 1, 1, 1, 0, 0}, Case{128, 64, 32, 32, 128, 3, 3, 2, 1, 0},
                          Case{128, 256, 8, 8, 256, 3, 3, 1, 1, 0}, Case{128, 20, 12, 12, 50, 5, 5, 1, 0, SOFTSHARE_BIAS}}) {
        const std::string used = softshare_implementation(create(context, s));
        check(used.find("bf16") != std::string::npos, s.name() + " in bf16 uses " + used);
    }
    OK(softshare_close(context));
}

void refusals() {
    const int64_t context = open(1);
    if (device::cuda() == nullptr) {
        int64_t narrow = 0;
        OK(softshare_open(SOFTSHARE_CPU_LIBRARY, 1, SOFTSHARE_ISA_PLAIN, &narrow));
        REFUSED(softshare_precision(narrow, SOFTSHARE_PRECISION_BF16), "avx512_bf16");
        OK(softshare_close(narrow));
    }
    int64_t operation = 0;
    REFUSED(softshare_convolution_create(context, 0, 1, 5, 5, 1, 3, 3, 1, 1, 0, 0, 0, &operation), "batch must be 1");
    REFUSED(softshare_convolution_create(context, 1, 1, 5, 5, 1, 3, 3, 1, 1, -1, 0, 0, &operation), "pad_height");
    REFUSED(softshare_convolution_create(context, 1, 1, 5, 5, 1, 7, 3, 1, 1, 0, 0, 0, &operation), "does not fit");
    REFUSED(softshare_convolution_create(context, 1, 1, 5, 5, 1, 3, 3, 1, 1, 0, 0, 0, nullptr), "NULL");
    operation = create(context, {1, 1, 5, 5, 1, 3, 3, 1, 0, SOFTSHARE_BIAS});
    Floats buffer(25);
    REFUSED(softshare_convolution_forward(operation, nullptr, buffer.data(), buffer.data(), buffer.data()), "x is NULL");
    REFUSED(softshare_convolution_forward(operation, buffer.data(), buffer.data(), nullptr, buffer.data()), "bias was declared");
    REFUSED(softshare_linear_forward(operation, buffer.data(), buffer.data(), buffer.data(), buffer.data()), "another operation");
    REFUSED(softshare_convolution_forward(0, buffer.data(), buffer.data(), buffer.data(), buffer.data()), "handle is 0");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    differences();
    constexpr int bias = SOFTSHARE_BIAS, both = SOFTSHARE_BIAS | SOFTSHARE_RELU;
    const Case cases[] = {
        {1, 1, 5, 5, 1, 3, 3, 1, 0, 0},      {1, 1, 13, 7, 3, 3, 3, 1, 0, both},  {2, 3, 13, 7, 10, 3, 3, 2, 1, bias},
        {3, 5, 7, 13, 3, 1, 1, 2, 0, 0},     {1, 16, 8, 8, 32, 1, 1, 2, 0, bias}, {2, 1, 12, 11, 20, 5, 5, 1, 0, both},
        {3, 20, 9, 12, 50, 5, 5, 1, 0, both}, {2, 17, 6, 5, 19, 3, 2, 1, 1, bias}, {2, 3, 8, 8, 16, 3, 3, 1, 1, 0},
        {1, 4, 1, 1, 10, 1, 1, 1, 0, both},  {2, 32, 8, 8, 32, 3, 3, 2, 1, 0},    {5, 2, 28, 3, 7, 4, 3, 3, 2, bias},
    };
    for (const Case& s : cases) {
        if (device::small() && s.y() * s.in * s.kernel_h * s.kernel_w > 50000) continue;
        compare(s);
        tf32(s);
        bf16(s);
    }
    implementations();
    bf16_implementations();
    refusals();
    return result();
}
