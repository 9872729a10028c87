/* Pooling against plain loops in double, overlapping windows and padding included; bits the same on every context. */
#include "layers_check.h"

using namespace layers_check;

namespace {

struct Case {
    int kind, batch, channels, height, width, kernel_h, kernel_w, stride, pad_h, pad_w;
    int out_h() const { return (height + 2 * pad_h - kernel_h) / stride + 1; }
    int out_w() const { return (width + 2 * pad_w - kernel_w) / stride + 1; }
    size_t x() const { return size_t(batch) * height * width * channels; }
    size_t y() const { return size_t(batch) * out_h() * out_w() * channels; }
};

/* body(index in y, position in the window, index in x) for every position inside the image. */
template <typename Body>
void windows(const Case& s, Body body) {
    for (int n = 0; n < s.batch; n++)
        for (int oy = 0; oy < s.out_h(); oy++)
            for (int ox = 0; ox < s.out_w(); ox++)
                for (int c = 0; c < s.channels; c++)
                    for (int k = 0; k < s.kernel_h * s.kernel_w; k++) {
                        const int iy = oy * s.stride - s.pad_h + k / s.kernel_w, ix = ox * s.stride - s.pad_w + k % s.kernel_w;
                        if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
                        body(((size_t(n) * s.out_h() + oy) * s.out_w() + ox) * s.channels + c, k,
                             ((size_t(n) * s.height + iy) * s.width + ix) * s.channels + c);
                    }
}

struct Reference {
    Doubles y;
    std::vector<uint8_t> argmax;
    std::vector<size_t> winner;
    Doubles count;
};

Reference forward(const Case& s, const Doubles& x) {
    Reference r{Doubles(s.y()), std::vector<uint8_t>(s.y()), std::vector<size_t>(s.y()), Doubles(s.y())};
    windows(s, [&](size_t y, int k, size_t i) {
        r.count[y]++;
        if (s.kind == SOFTSHARE_POOL_AVERAGE) {
            r.y[y] += x[i];
        } else if (r.count[y] == 1 || x[i] > r.y[y]) {
            r.y[y] = x[i], r.argmax[y] = uint8_t(k), r.winner[y] = i;
        }
    });
    if (s.kind == SOFTSHARE_POOL_AVERAGE) {
        for (size_t i = 0; i < r.y.size(); i++) r.y[i] /= r.count[i];
    }
    return r;
}

Doubles backward(const Case& s, const Reference& r, const Doubles& dy) {
    Doubles dx(s.x());
    windows(s, [&](size_t y, int, size_t i) {
        if (s.kind == SOFTSHARE_POOL_AVERAGE) {
            dx[i] += dy[y] / r.count[y];
        } else if (r.winner[y] == i) {
            dx[i] += dy[y];
        }
    });
    return dx;
}

void differences(const Case& s) {
    Random random(3);
    const Doubles x = wide(random.floats(s.x())), dy = wide(random.floats(s.y()));
    derivative("pool", x, backward(s, forward(s, x), dy), [&](const Doubles& v) { return dot(forward(s, v).y, dy); });
}

void compare(const Case& s) {
    Random random(11);
    Floats x = random.floats(s.x());
    const Floats dy = random.floats(s.y());
    for (size_t i = 0; i < x.size(); i += 3) x[i] = 0;  // ties: the first wins
    const Reference r = forward(s, wide(x));
    const Doubles dx = backward(s, r, wide(dy));
    const bool maximum = s.kind == SOFTSHARE_POOL_MAX;
    Floats first_y, first_dx;
    each_context([&](int64_t context, const std::string& name) {
        int64_t operation = 0;
        OK(softshare_pool_create(context, s.kind, s.batch, s.channels, s.height, s.width, s.kernel_h, s.kernel_w, s.stride,
                                 s.stride, s.pad_h, s.pad_w, &operation));
        check(std::string(softshare_implementation(operation)).empty(), "an own kernel names no library");
        Floats y(s.y(), NAN), found(s.x(), NAN);
        std::vector<uint8_t> argmax(s.y(), 255);
        OK(on(operation, softshare_pool_forward, x, y, given(maximum, argmax)));
        OK(on(operation, softshare_pool_backward, dy, given(maximum, argmax), found));
        const std::string what = "pool of " + std::to_string(s.channels) + " channels, " + name;
        if (maximum) same(what + ", argmax", argmax, r.argmax);
        near(what + ", y", y, r.y, maximum ? 0 : 1e-6, 0);
        near(what + ", dx", found, dx, 1e-6, 0);
        if (first_y.empty()) first_y = y, first_dx = found;
        same(what + ", y", y, first_y);
        same(what + ", dx", found, first_dx);
        OK(softshare_destroy(operation));
    });
}

void refusals() {
    const int64_t context = open(1);
    int64_t operation = 0;
    REFUSED(softshare_pool_create(context, 2, 1, 1, 4, 4, 2, 2, 2, 2, 0, 0, &operation), "unknown kind 2");
    REFUSED(softshare_pool_create(context, 0, 1, 1, 40, 40, 17, 17, 1, 1, 0, 0, &operation), "256 positions");
    REFUSED(softshare_pool_create(context, 0, 1, 1, 4, 4, 2, 2, 2, 2, 2, 0, &operation), "half the window");
    REFUSED(softshare_pool_create(context, 0, 1, 1, 4, 4, 5, 2, 2, 2, 0, 0, &operation), "does not fit");
    OK(softshare_pool_create(context, 0, 1, 1, 4, 4, 2, 2, 2, 2, 0, 0, &operation));
    Floats buffer(16);
    REFUSED(softshare_pool_forward(operation, buffer.data(), buffer.data(), nullptr), "argmax is NULL");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    constexpr int most = SOFTSHARE_POOL_MAX, mean = SOFTSHARE_POOL_AVERAGE;
    differences({most, 2, 3, 5, 4, 3, 2, 2, 1, 1});
    differences({mean, 2, 3, 5, 4, 3, 2, 2, 1, 1});
    for (int kind : {most, mean}) {
        compare({kind, 3, 20, 24, 24, 2, 2, 2, 0, 0});
        compare({kind, 9, 50, 8, 8, 2, 2, 2, 0, 0});
        compare({kind, 2, 19, 7, 5, 2, 2, 2, 0, 0});  // windows side by side, a row and a column beyond the last
        compare({kind, 1, 3, 8, 10, 3, 3, 3, 0, 0});
        compare({kind, 2, 1, 13, 7, 3, 3, 2, 1, 1});
        compare({kind, 2, 3, 7, 13, 3, 2, 1, 1, 1});
        compare({kind, 1, 17, 5, 5, 2, 2, 3, 0, 0});
        compare({kind, 2, 64, 8, 8, 8, 8, 1, 0, 0});
        compare({kind, 1, 5, 1, 1, 1, 1, 1, 0, 0});
        compare({kind, 1, 10, 16, 16, 16, 16, 1, 0, 0});
    }
    refusals();
    return result();
}
