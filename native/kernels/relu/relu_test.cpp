/* The rectifier, in place too, NaN and signed zeros included. */
#include "layers_check.h"

using namespace layers_check;

int main() {
    for (int each : {0, 1, 5, 1021, device::most(100003)}) {
        const size_t count = size_t(each);
        Random random(9);
        Floats x = random.floats(count);
        const Floats dy = random.floats(count);
        if (count > 4) x[0] = 0.0f, x[1] = -0.0f, x[2] = INFINITY, x[3] = -INFINITY;
        Floats y(count), dx(count);
        for (size_t i = 0; i < count; i++) {
            y[i] = x[i] > 0 ? x[i] : 0.0f;
            dx[i] = x[i] > 0 ? dy[i] : 0.0f;
        }
        // An empty vector's data may be NULL, which the functions refuse.
        x.resize(count + 1), y.resize(count + 1), dx.resize(count + 1);
        Floats d = dy;
        d.resize(count + 1);
        each_context([&](int64_t context, const std::string& name) {
            Floats found(count + 1), gradient(count + 1);
            OK(on(context, softshare_relu_forward, int64_t(count), x, found));
            OK(on(context, softshare_relu_backward, int64_t(count), found, d, gradient));
            same("relu, " + name, found, y);
            same("relu's gradient, " + name, gradient, dx);
            Floats in_place = x, gradient_in_place = d;
            in_place[count] = gradient_in_place[count] = 0;
            OK(on(context, softshare_relu_forward, int64_t(count), in_place, in_place));
            OK(on(context, softshare_relu_backward, int64_t(count), y, gradient_in_place, gradient_in_place));
            same("relu in place, " + name, in_place, y);
            same("relu's gradient in place, " + name, gradient_in_place, dx);
        });
    }
    const int64_t context = open(1);
    float nan = NAN, out = 0;
    OK(on(context, softshare_relu_forward, 1, one(nan), one(out)));
    check(out != out, "NaN must pass the rectifier");
    REFUSED(softshare_relu_forward(context, -1, &nan, &out), "count must be 0");
    REFUSED(softshare_relu_backward(context, 1, &nan, nullptr, &out), "dy is NULL");
    OK(softshare_close(context));
    return result();
}
