/*
 * Convolution with the max-pool behind it against plain loops in double, and against the two operations one after the other.
 *
 * With whole numbers every sum is exact, in FP32 and in TF32: all results must be equal, the winners of the many ties included. With
 * fractions the order of sums shows: values within the convolution's bounds, winners among those that lie within them of the greatest.
 */
#include "../convolution/convolution_reference.h"

using namespace layers_check;
using convolution_reference::Case;
using convolution_reference::Gradients;

namespace {

constexpr uint8_t NO_WINNER = 255;

struct Pooled {
    Case s;  // its flags without WEIGHTS_ONLY: each case is run with and without
    int window_h, window_w, pad_h, pad_w;
    bool large = false;  // for the large tiles: one order of threads, and two of the four ways, are enough
    int out_h() const { return (s.out_h() + 2 * pad_h - window_h) / window_h + 1; }
    int out_w() const { return (s.out_w() + 2 * pad_w - window_w) / window_w + 1; }
    size_t y() const { return size_t(s.batch) * out_h() * out_w() * s.out; }
    std::string name() const {
        return s.name() + ", windows " + std::to_string(window_h) + "x" + std::to_string(window_w) + " pad " + std::to_string(pad_h) + "x" + std::to_string(pad_w);
    }
};

/* body(index in pooled y, position in the window, index in the convolution's y), positions in order. */
template <typename Body>
void windows(const Pooled& p, Body body) {
    const Case& s = p.s;
    for (size_t i = 0; i < p.y(); i++) {
        const int channel = int(i % s.out), ox = int(i / s.out % p.out_w()), oy = int(i / s.out / p.out_w() % p.out_h());
        const size_t n = i / s.out / p.out_w() / p.out_h();
        for (int k = 0; k < p.window_h * p.window_w; k++) {
            const int y = oy * p.window_h - p.pad_h + k / p.window_w, x = ox * p.window_w - p.pad_w + k % p.window_w;
            if (y < 0 || y >= s.out_h() || x < 0 || x >= s.out_w()) continue;
            body(i, k, ((n * s.out_h() + y) * s.out_w() + x) * s.out + channel);
        }
    }
}

struct Data {
    Floats x, weights, bias, dy;
};

Data data_of(const Pooled& p, bool whole_numbers) {
    Random random(17);
    const auto some = [&](size_t count, int most) {
        Floats all = random.floats(count);
        for (float& v : all) v = whole_numbers ? float(int(v * float(most + 1))) : v;
        return all;
    };
    return {some(p.s.x(), 3), some(p.s.weights(), 2), some((p.s.flags & SOFTSHARE_BIAS) != 0 ? p.s.out : 0, 4), some(p.y(), 3)};
}

/* What is expected of y and winners; and dy at the convolution's full size by the winners that were found. */
struct Expected {
    Doubles y;
    std::vector<uint8_t> winner;
};

Expected expected_of(const Pooled& p, const Doubles& full) {
    Expected e{Doubles(p.y(), -HUGE_VAL), std::vector<uint8_t>(p.y())};
    windows(p, [&](size_t i, int k, size_t from) {
        if (full[from] > e.y[i]) e.y[i] = full[from], e.winner[i] = uint8_t(k);
    });
    if ((p.s.flags & SOFTSHARE_RELU) == 0) return e;
    for (size_t i = 0; i < e.y.size(); i++) {
        if (!(e.y[i] > 0)) e.y[i] = 0, e.winner[i] = NO_WINNER;
    }
    return e;
}

Doubles scattered(const Pooled& p, const std::vector<uint8_t>& winner, const Floats& dy) {
    Doubles full(p.s.y());
    windows(p, [&](size_t i, int k, size_t to) {
        if (winner[i] == k) full[to] = double(dy[i]);
    });
    return full;
}

int64_t create(int64_t context, const Pooled& p, bool weights_only) {
    const Case& s = p.s;
    int64_t operation = 0;
    OK(softshare_convolution_pool_create(context, s.batch, s.in, s.height, s.width, s.out, s.kernel_h, s.kernel_w, s.stride, s.stride, s.pad,
                                         s.pad, p.window_h, p.window_w, p.pad_h, p.pad_w, s.flags | (weights_only ? SOFTSHARE_WEIGHTS_ONLY : 0),
                                         &operation));
    return operation;
}

/* The error that a sum of these sizes may have. */
struct Bounds {
    double y, x, weights;
};

void compare(const Pooled& p, bool whole_numbers, bool weights_only, bool tf32, int threads) {
    const Case& s = p.s;
    const Data d = data_of(p, whole_numbers);
    const bool with_bias = (s.flags & SOFTSHARE_BIAS) != 0;
    const std::string name = p.name() + (whole_numbers ? ", whole" : "") + (weights_only ? ", weights only" : "") + (tf32 ? ", tf32, " : ", ") + std::to_string(threads) + ": ";
    const int64_t context = open(threads);
    if (tf32) OK(softshare_precision(context, SOFTSHARE_PRECISION_TF32));
    const int64_t operation = create(context, p, weights_only);
    const std::string used = softshare_implementation(operation);
    check(!used.empty() && used.find("ref") == std::string::npos, name + "uses " + used);
    check((used.find("tf32") != std::string::npos) == tf32, name + "uses " + used);

    // As in convolution_test; products of TF32's rounded inputs err by 2^-10 of at most 1.
    const double depth = double(s.in) * s.kernel_h * s.kernel_w, positions = double(s.batch) * s.out_h() * s.out_w();
    Bounds bounds{2e-6 * sqrt(depth * std::max(1, s.out / s.in)), 2e-6 * sqrt(depth * std::max(1, s.out / s.in)), 2e-6 * sqrt(positions)};
    if (tf32) bounds = {0x1p-10 * depth, 0x1p-10 * s.out * s.kernel_h * s.kernel_w, 0x1p-10 * positions};
    if (whole_numbers) bounds = {0, 0, 0};
    const double relative = whole_numbers ? 0 : 1e-5;

    Floats y(p.y(), NAN), unasked(p.y(), NAN);
    std::vector<uint8_t> winner(p.y(), 254);
    OK(on(operation, softshare_convolution_pool_forward, d.x, d.weights, given(d.bias), y, winner));
    OK(on(operation, softshare_convolution_pool_forward, d.x, d.weights, given(d.bias), unasked, nullptr));
    same(name + "y without winners", unasked, y);
    const Doubles full = forward(s, wide(d.x), wide(d.weights), wide(d.bias));
    const Expected e = expected_of(p, full);
    near(name + "y", y, e.y, bounds.y, relative);
    if (whole_numbers) {
        same(name + "winners", winner, e.winner);
    } else {
        Doubles won(p.y(), -HUGE_VAL);
        windows(p, [&](size_t i, int k, size_t from) {
            if (winner[i] == k) won[i] = full[from];
        });
        size_t wrong = 0;
        for (size_t i = 0; i < won.size(); i++) {
            const double slack = 2 * bounds.y + relative * fabs(e.y[i]);
            wrong += winner[i] == NO_WINNER ? !((s.flags & SOFTSHARE_RELU) != 0 && y[i] == 0 && e.y[i] <= slack) : !(fabs(won[i] - e.y[i]) <= slack);
        }
        check(wrong == 0, name + std::to_string(wrong) + " winners are not the greatest");
    }

    const Doubles full_dy = scattered(p, winner, d.dy);
    const Gradients g = backward(s, wide(d.x), wide(d.weights), full_dy);
    Floats dx(d.x.size(), NAN), dweights(d.weights.size(), NAN), dbias(d.bias.size(), NAN), first;
    for (int repeat = 0; repeat < 2; repeat++) {
        if (weights_only) {
            OK(on(operation, softshare_convolution_pool_backward, d.x, winner, d.dy, d.weights, nullptr, dweights, given(with_bias, dbias)));
        } else {
            OK(on(operation, softshare_convolution_pool_backward, d.x, winner, d.dy, d.weights, dx, dweights, given(with_bias, dbias)));
            near(name + "dx", dx, g.x, bounds.x, relative);
        }
        near(name + "dweights", dweights, g.weights, bounds.weights, relative);
        if (with_bias) near(name + "dbias", dbias, g.bias, bounds.weights, relative);
        if (repeat == 0) first = dweights;
        same(name + "dweights repeated", dweights, first);
    }

    // The operations apart give the same bits of y and the same winners.
    if (!weights_only && !tf32) {
        int64_t convolution = 0, pool = 0;
        OK(softshare_convolution_create(context, s.batch, s.in, s.height, s.width, s.out, s.kernel_h, s.kernel_w, s.stride, s.stride, s.pad, s.pad,
                                        s.flags & SOFTSHARE_BIAS, &convolution));
        OK(softshare_pool_create(context, SOFTSHARE_POOL_MAX, s.batch, s.out, s.out_h(), s.out_w(), p.window_h, p.window_w, p.window_h, p.window_w,
                                 p.pad_h, p.pad_w, &pool));
        Floats whole(s.y(), NAN), apart(p.y(), NAN);
        std::vector<uint8_t> positions_apart(p.y());
        OK(on(convolution, softshare_convolution_forward, d.x, d.weights, given(d.bias), whole));
        OK(on(pool, softshare_pool_forward, whole, apart, positions_apart));
        for (size_t i = 0; i < apart.size(); i++) {
            if ((s.flags & SOFTSHARE_RELU) != 0 && !(apart[i] > 0)) apart[i] = 0, positions_apart[i] = NO_WINNER;
        }
        same(name + "y of the operations apart", y, apart);
        same(name + "winners of the operations apart", winner, positions_apart);
    }
    OK(softshare_destroy(operation));
    OK(softshare_close(context));
}

/* On CUDA: where a window holds a NaN, y is NaN, rectified or not. (The CPU's pool takes the greatest number.) */
void not_a_number() {
    for (int flags : {0, SOFTSHARE_RELU}) {
        const Pooled p{{1, 1, 6, 6, 2, 1, 1, 1, 0, flags}, 2, 2, 0, 0};
        const int64_t context = open(1), operation = create(context, p, false);
        Floats x(p.s.x(), -1.0f), weights(2, 1.0f), y(p.y(), 0.0f);
        std::vector<uint8_t> winner(p.y());
        x[7] = NAN;  // of the first window
        OK(on(operation, softshare_convolution_pool_forward, x, weights, nullptr, y, winner));
        for (size_t i = 0; i < y.size(); i++) {
            check(std::isnan(y[i]) == (i < 2), "NaN: y " + std::to_string(i) + " is " + std::to_string(y[i]));
            check(winner[i] == (flags != 0 ? NO_WINNER : i < 2 ? 3 : 0), "NaN: winner " + std::to_string(i) + " is " + std::to_string(winner[i]));
        }
        OK(softshare_close(context));
    }
}

void refusals() {
    const int64_t context = open(1);
    int64_t operation = 0;
    const auto with = [&](int window_h, int window_w, int pad_h, int pad_w) {
        return softshare_convolution_pool_create(context, 1, 1, 9, 9, 1, 3, 3, 1, 1, 0, 0, window_h, window_w, pad_h, pad_w, SOFTSHARE_BIAS, &operation);
    };
    REFUSED(with(0, 2, 0, 0), "window_height must be 1");
    REFUSED(with(2, 2, -1, 0), "window_pad_height");
    REFUSED(with(3, 11, 0, 0), "32 positions at most, found 3x11");
    REFUSED(with(2, 2, 0, 2), "half the window");
    REFUSED(with(8, 2, 0, 0), "8x2 window does not fit into the padded 7x7");
    check(operation == 0, "a refused operation has no handle");
    OK(with(2, 2, 0, 0));
    Floats buffer(81);
    std::vector<uint8_t> bytes(81);
    REFUSED(softshare_convolution_pool_forward(operation, nullptr, buffer.data(), buffer.data(), buffer.data(), nullptr), "x is NULL");
    REFUSED(softshare_convolution_pool_forward(operation, buffer.data(), buffer.data(), nullptr, buffer.data(), nullptr), "bias was declared");
    REFUSED(softshare_convolution_pool_backward(operation, buffer.data(), nullptr, buffer.data(), buffer.data(), nullptr, buffer.data(), buffer.data()), "argmax is NULL");
    REFUSED(softshare_convolution_forward(operation, buffer.data(), buffer.data(), buffer.data(), buffer.data()), "another operation");
    OK(softshare_convolution_pool_create(context, 1, 1, 9, 9, 1, 3, 3, 1, 1, 0, 0, 2, 2, 0, 0, SOFTSHARE_WEIGHTS_ONLY, &operation));
    REFUSED(softshare_convolution_pool_backward(operation, buffer.data(), bytes.data(), buffer.data(), buffer.data(), buffer.data(), buffer.data(), nullptr), "pass NULL for dx");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    constexpr int bias = SOFTSHARE_BIAS, both = SOFTSHARE_BIAS | SOFTSHARE_RELU;
    const Pooled cases[] = {
        {{2, 1, 12, 11, 20, 5, 5, 1, 0, both}, 2, 2, 0, 0},  // a column of the output beyond the last window
        {{3, 20, 9, 12, 50, 5, 5, 1, 0, bias}, 2, 2, 0, 0},  {{2, 3, 13, 7, 10, 3, 3, 2, 1, both}, 2, 2, 1, 1},
        {{1, 1, 13, 7, 3, 3, 3, 1, 0, 0}, 3, 3, 1, 0},       {{2, 17, 6, 5, 19, 3, 2, 1, 1, both}, 2, 3, 1, 1},
        {{1, 4, 1, 1, 10, 1, 1, 1, 0, SOFTSHARE_RELU}, 1, 1, 0, 0}, {{1, 2, 20, 20, 5, 3, 3, 1, 1, bias}, 5, 6, 2, 3},
        {{2, 3, 9, 9, 33, 1, 1, 1, 0, both}, 4, 8, 0, 0},    {{1, 2, 11, 5, 40, 3, 3, 3, 2, both}, 3, 1, 0, 0},
        {{1, 2, 130, 131, 64, 1, 1, 1, 0, both}, 2, 2, 0, 0, true}, {{1, 1, 186, 187, 32, 2, 3, 1, 0, bias}, 3, 3, 0, 1, true},
    };
    for (const Pooled& p : cases) {
        if (device::small() && p.s.y() * p.s.in * p.s.kernel_h * p.s.kernel_w > 50000) continue;
        for (int threads = 1; threads <= (p.large ? 1 : 3); threads++) {
            for (bool whole_numbers : {false, true}) {
                for (bool weights_only : {false, true}) {
                    if (p.large && whole_numbers != weights_only) continue;
                    compare(p, whole_numbers, weights_only, false, threads);
                    if (device::cuda() != nullptr) compare(p, whole_numbers, weights_only, true, threads);
                }
            }
        }
    }
    if (device::cuda() != nullptr) not_a_number();
    refusals();
    return result();
}
