/* The linear layer against a double-precision reference; no reference kernel of oneDNN may be used. */
#include "layers_check.h"

using namespace layers_check;

namespace {

struct Case {
    int batch, in, out, flags;
    std::string name() const {
        return "linear " + std::to_string(batch) + "x" + std::to_string(in) + " to " + std::to_string(out) + " flags " +
               std::to_string(flags);
    }
};

Doubles forward(const Case& s, const Doubles& x, const Doubles& weights, const Doubles& bias) {
    Doubles y(size_t(s.batch) * s.out);
    for (int n = 0; n < s.batch; n++)
        for (int o = 0; o < s.out; o++) {
            double sum = bias.empty() ? 0 : bias[o];
            for (int i = 0; i < s.in; i++) sum += x[size_t(n) * s.in + i] * weights[size_t(o) * s.in + i];
            y[size_t(n) * s.out + o] = sum;
        }
    return y;
}

struct Gradients {
    Doubles x, weights, bias;
};

Gradients backward(const Case& s, const Doubles& x, const Doubles& weights, const Doubles& dy) {
    Gradients g{Doubles(x.size()), Doubles(weights.size()), Doubles(s.out)};
    for (int n = 0; n < s.batch; n++)
        for (int o = 0; o < s.out; o++) {
            const double d = dy[size_t(n) * s.out + o];
            g.bias[o] += d;
            for (int i = 0; i < s.in; i++) {
                g.x[size_t(n) * s.in + i] += d * weights[size_t(o) * s.in + i];
                g.weights[size_t(o) * s.in + i] += d * x[size_t(n) * s.in + i];
            }
        }
    return g;
}

void differences() {
    const Case s{3, 4, 2, SOFTSHARE_BIAS};
    Random random(1);
    const Doubles x = wide(random.floats(12)), weights = wide(random.floats(8)), bias = wide(random.floats(2));
    const Doubles dy = wide(random.floats(6));
    const Gradients g = backward(s, x, weights, dy);
    derivative("x", x, g.x, [&](const Doubles& v) { return dot(forward(s, v, weights, bias), dy); });
    derivative("weights", weights, g.weights, [&](const Doubles& v) { return dot(forward(s, x, v, bias), dy); });
    derivative("bias", bias, g.bias, [&](const Doubles& v) { return dot(forward(s, x, weights, v), dy); });
}

int64_t create(int64_t context, const Case& s) {
    int64_t operation = 0;
    OK(softshare_linear_create(context, s.batch, s.in, s.out, s.flags, &operation));
    const std::string used = softshare_implementation(operation);
    check(!used.empty() && used.find("ref") == std::string::npos, s.name() + " uses " + used);
    return operation;
}

void compare(const Case& s) {
    Random random(5);
    const bool with_bias = (s.flags & SOFTSHARE_BIAS) != 0;
    const Floats x = random.floats(size_t(s.batch) * s.in), weights = random.floats(size_t(s.out) * s.in);
    const Floats bias = random.floats(with_bias ? s.out : 0), dy = random.floats(size_t(s.batch) * s.out);
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
            Floats all[4] = {Floats(dy.size(), NAN), Floats(x.size(), NAN), Floats(weights.size(), NAN), Floats(bias.size(), NAN)};
            OK(on(operation, softshare_linear_forward, x, weights, given(bias), all[0]));
            OK(on(operation, softshare_linear_backward_data, dy, weights, all[1]));
            OK(on(operation, softshare_linear_backward_weights, x, dy, all[2], given(with_bias, all[3])));
            // float32 sums of k products of numbers below 1: error grows with √k·2^-24.
            near(name + "y", all[0], expected, 2e-6 * sqrt(double(s.in)), 1e-5);
            near(name + "dx", all[1], g.x, 2e-6 * sqrt(double(s.out)), 1e-5);
            near(name + "dweights", all[2], g.weights, 2e-6 * sqrt(double(s.batch)), 1e-5);
            if (with_bias) near(name + "dbias", all[3], g.bias, 2e-6 * sqrt(double(s.batch)), 1e-5);
            // The whole pass under the mask of the output; where there is no rectifier it is as good a mask as any.
            Floats whole_dy = dy, dx(x.size(), NAN), dweights(weights.size(), NAN), dbias(bias.size(), NAN);
            OK(on(operation, softshare_linear_backward, x, all[0], whole_dy, weights, dx, dweights, given(with_bias, dbias)));
            near(name + "dx of the whole pass", dx, under_mask.x, 2e-6 * sqrt(double(s.out)), 1e-5);
            near(name + "dweights of the whole pass", dweights, under_mask.weights, 2e-6 * sqrt(double(s.batch)), 1e-5);
            if (with_bias) near(name + "dbias of the whole pass", dbias, under_mask.bias, 2e-6 * sqrt(double(s.batch)), 1e-5);
            Floats only(weights.size(), NAN), plain_dy = dy;
            OK(on(operation, softshare_linear_backward, x, nullptr, plain_dy, weights, nullptr, only, given(with_bias, dbias)));
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
        const Floats x = random.floats(size_t(s.batch) * s.in), weights = random.floats(size_t(s.out) * s.in);
        const Floats bias = random.floats((s.flags & SOFTSHARE_BIAS) != 0 ? s.out : 0), dy = random.floats(size_t(s.batch) * s.out);
        OK(softshare_precision(context, SOFTSHARE_PRECISION_TF32));
        within_tf32(s.name(), create(context, s), softshare_linear_forward, softshare_linear_backward_data, softshare_linear_backward_weights, x,
                    weights, bias, dy, whole(s, x, weights, bias, dy, (s.flags & SOFTSHARE_RELU) != 0),
                    whole(s, absolute(x), absolute(weights), absolute(bias), absolute(dy), false));
    }
    OK(softshare_close(context));
}

void bf16(const Case& s) {
    for (int threads = 1; threads <= 2; threads++) {
        const int64_t context = bf16_context(threads);
        if (context == 0) return;
        Random random(11);
        const Floats x = random.floats(size_t(s.batch) * s.in), weights = random.floats(size_t(s.out) * s.in);
        const Floats bias = random.floats((s.flags & SOFTSHARE_BIAS) != 0 ? s.out : 0), dy = random.floats(size_t(s.batch) * s.out);
        const int64_t operation = create(context, s);
        within_rounded(s.name() + ", bf16", 0x1p-8, operation, softshare_linear_forward, softshare_linear_backward_data,
                       softshare_linear_backward_weights, x, weights, bias, dy, whole(s, x, weights, bias, dy, (s.flags & SOFTSHARE_RELU) != 0),
                       whole(s, absolute(x), absolute(weights), absolute(bias), absolute(dy), false));
        // The whole pass gives the bits of its two halves.
        Floats dx[2] = {Floats(x.size(), NAN), Floats(x.size(), NAN)}, dweights[2] = {Floats(weights.size(), NAN), Floats(weights.size(), NAN)};
        Floats dbias(bias.size(), NAN), plain_dy = dy;
        OK(on(operation, softshare_linear_backward_data, dy, weights, dx[0]));
        OK(on(operation, softshare_linear_backward_weights, x, dy, dweights[0], given(!bias.empty(), dbias)));
        OK(on(operation, softshare_linear_backward, x, nullptr, plain_dy, weights, dx[1], dweights[1], given(!bias.empty(), dbias)));
        same(s.name() + ", bf16, dx of the whole pass", dx[1], dx[0]);
        same(s.name() + ", bf16, dweights of the whole pass", dweights[1], dweights[0]);
        // Nor does it matter whether x was rounded in a forward call or only now.
        const Floats elsewhere = x;
        OK(on(create(context, s), softshare_linear_backward_weights, elsewhere, dy, dweights[1], given(!bias.empty(), dbias)));
        same(s.name() + ", bf16, dweights without forward", dweights[1], dweights[0]);
        OK(softshare_close(context));
    }
}

/* Gradients below 2^-126 count as 0 in every thread, and the caller goes on with its own setting. A matter of the CPU's, which is
 * slow with them; GPUs are not. */
void tiny() {
    if (device::cuda() != nullptr) return;
    const float small = 1e-40f;
    for (int threads : {1, 2, 3}) {
        const int64_t context = open(threads);
        const Case s{256, 300, 100, 0};
        const int64_t operation = create(context, s);
        const Floats dy(size_t(s.batch) * s.out, small), weights(size_t(s.in) * s.out, 1e6f);
        Floats dx(size_t(s.batch) * s.in, 1.0f);
        OK(on(operation, softshare_linear_backward_data, dy, weights, dx));
        same("dx of tiny dy with " + std::to_string(threads) + " threads", dx, Floats(dx.size(), 0.0f));
        volatile float half = small;
        half = half * 0.5f;
        check(half > 0, "the caller's own tiny numbers stay");
        OK(softshare_close(context));
    }
}

void refusals() {
    const int64_t context = open(1);
    int64_t operation = 0;
    REFUSED(softshare_linear_create(context, 1, 0, 1, 0, &operation), "in_features must be 1");
    REFUSED(softshare_linear_create(context, 1, 1, 1, 0, nullptr), "NULL");
    operation = create(context, {1, 3, 2, 0});
    Floats buffer(6);
    REFUSED(softshare_linear_forward(operation, buffer.data(), nullptr, nullptr, buffer.data()), "weights is NULL");
    REFUSED(softshare_linear_forward(operation, buffer.data(), buffer.data(), buffer.data(), buffer.data()), "no bias was declared");
    REFUSED(softshare_linear_backward_weights(operation, buffer.data(), buffer.data(), nullptr, nullptr), "dweights is NULL");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    differences();
    constexpr int bias = SOFTSHARE_BIAS, both = SOFTSHARE_BIAS | SOFTSHARE_RELU;
    const Case cases[] = {{1, 1, 1, bias}, {3, 5, 1, bias}, {1, 7, 3, both}, {5, 1, 10, 0}, {13, 123, 31, both},
                          {128, 100, 10, bias}, {128, 784, 300, both}, {128, 800, 500, both}, {256, 300, 100, both},
                          {256, 500, 10, bias}, {96, 257, 129, 0}, {8, 256, 10, bias}};
    for (const Case& s : cases) {
        if (device::small() && s.batch * s.in * s.out > 50000) continue;
        compare(s);
        tf32(s);
        bf16(s);
    }
    tiny();
    refusals();
    return result();
}
