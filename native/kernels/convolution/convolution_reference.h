/* Convolution and its gradients in plain loops and double precision, for the tests. */
#ifndef SOFTSHARE_CONVOLUTION_REFERENCE_H
#define SOFTSHARE_CONVOLUTION_REFERENCE_H

#include "layers_check.h"

namespace convolution_reference {

using layers_check::Doubles;

struct Case {
    int batch, in, height, width, out, kernel_h, kernel_w, stride, pad, flags;
    int out_h() const { return (height + 2 * pad - kernel_h) / stride + 1; }
    int out_w() const { return (width + 2 * pad - kernel_w) / stride + 1; }
    size_t x() const { return size_t(batch) * height * width * in; }
    size_t y() const { return size_t(batch) * out_h() * out_w() * out; }
    size_t weights() const { return size_t(out) * in * kernel_h * kernel_w; }
    std::string name() const {
        return "convolution " + std::to_string(batch) + "x" + std::to_string(in) + "x" + std::to_string(height) + "x" +
               std::to_string(width) + " to " + std::to_string(out) + " kernel " + std::to_string(kernel_h) + "x" +
               std::to_string(kernel_w) + " stride " + std::to_string(stride) + " pad " + std::to_string(pad) + " flags " +
               std::to_string(flags);
    }
};

/* body(index in x, index in weights, index in y) for every product of the sum. */
template <typename Body>
void products(const Case& s, Body body) {
    for (int n = 0; n < s.batch; n++)
        for (int oy = 0; oy < s.out_h(); oy++)
            for (int ox = 0; ox < s.out_w(); ox++)
                for (int ky = 0; ky < s.kernel_h; ky++)
                    for (int kx = 0; kx < s.kernel_w; kx++) {
                        const int iy = oy * s.stride - s.pad + ky, ix = ox * s.stride - s.pad + kx;
                        if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
                        const size_t x = ((size_t(n) * s.height + iy) * s.width + ix) * s.in;
                        const size_t y = ((size_t(n) * s.out_h() + oy) * s.out_w() + ox) * s.out;
                        for (int o = 0; o < s.out; o++)
                            for (int i = 0; i < s.in; i++)
                                body(x + i, ((size_t(o) * s.in + i) * s.kernel_h + ky) * s.kernel_w + kx, y + o);
                    }
}

inline Doubles forward(const Case& s, const Doubles& x, const Doubles& weights, const Doubles& bias) {
    Doubles y(s.y());
    for (size_t i = 0; i < y.size(); i++) y[i] = bias.empty() ? 0 : bias[i % s.out];
    products(s, [&](size_t a, size_t b, size_t c) { y[c] += x[a] * weights[b]; });
    return y;
}

struct Gradients {
    Doubles x, weights, bias;
};

inline Gradients backward(const Case& s, const Doubles& x, const Doubles& weights, const Doubles& dy) {
    Gradients g{Doubles(s.x()), Doubles(s.weights()), Doubles(s.out)};
    products(s, [&](size_t a, size_t b, size_t c) {
        g.x[a] += dy[c] * weights[b];
        g.weights[b] += dy[c] * x[a];
    });
    for (size_t i = 0; i < dy.size(); i++) g.bias[i % s.out] += dy[i];
    return g;
}

}  // namespace convolution_reference

#endif
