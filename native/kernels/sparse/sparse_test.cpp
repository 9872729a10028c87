/* Chains over live weights against dense layers in double; bits the same for every number of threads. */
#include "layers_check.h"

using namespace layers_check;

namespace {

/* kernel, stride, pad, outputs, rectifier, pooling window and stride (0: none); flat: a linear layer of `outputs`. */
struct Step {
    bool flat;
    int outputs, kernel, stride, pad;
    bool relu;
    int pool, pool_stride;
};

struct Net {
    const char* name;
    int batch, height, width, channels;
    std::vector<Step> steps;
    double live;
};

struct Shape {
    int channels, height, width;
    int size() const { return channels * height * width; }
};

/* One layer's numbers: where its parameters lie, its shapes. */
struct Plan {
    Step step;
    Shape in, conv, out;
    int64_t weights, biases;
    int taps() const { return in.channels * kernel() * kernel(); }
    int kernel() const { return step.flat ? 1 : step.kernel; }
};

struct Model {
    std::vector<Plan> plans;
    std::vector<int64_t> layout, index;
    Floats arena, packed;
    int classes = 0;
    int64_t weights = 0;
};

int length(int in, int kernel, int stride, int pad) { return (in + 2 * pad - kernel) / stride + 1; }

Model make(const Net& net, uint64_t seed) {
    Model m;
    Shape shape{net.channels, net.height, net.width};
    for (const Step& s : net.steps) {
        Plan p{s, shape, {}, {}, m.weights, 0};
        if (s.flat) p.in = {shape.size(), 1, 1};
        p.conv = {s.outputs, length(p.in.height, p.kernel(), s.flat ? 1 : s.stride, s.flat ? 0 : s.pad),
                  length(p.in.width, p.kernel(), s.flat ? 1 : s.stride, s.flat ? 0 : s.pad)};
        p.out = s.pool == 0 ? p.conv
                            : Shape{s.outputs, length(p.conv.height, s.pool, s.pool_stride, 0),
                                    length(p.conv.width, s.pool, s.pool_stride, 0)};
        m.weights += int64_t(s.outputs) * p.taps();
        shape = p.out;
        m.plans.push_back(p);
    }
    int64_t at = m.weights;
    for (Plan& p : m.plans) p.biases = at, at += p.step.outputs;
    m.classes = shape.size();
    Random random(seed);
    m.arena = random.floats(size_t(at));
    for (int64_t i = 0; i < m.weights; i++) {
        if (random.uniform() * 0.5 + 0.5 < net.live) {
            m.index.push_back(i);
            m.packed.push_back(m.arena[size_t(i)]);
        } else {
            m.arena[size_t(i)] = 0;
        }
    }
    for (const Plan& p : m.plans) {
        const Step& s = p.step;
        for (int64_t field : {int64_t(p.in.channels), int64_t(p.in.height), int64_t(p.in.width), int64_t(s.outputs),
                              int64_t(p.kernel()), int64_t(p.kernel()), int64_t(s.flat ? 1 : s.stride), int64_t(s.flat ? 1 : s.stride),
                              int64_t(s.flat ? 0 : s.pad), int64_t(s.flat ? 0 : s.pad),
                              int64_t(SOFTSHARE_BIAS | (s.relu ? SOFTSHARE_RELU : 0)), p.weights, p.biases, int64_t(s.pool),
                              int64_t(s.pool), int64_t(s.pool_stride), int64_t(s.pool_stride)}) {
            m.layout.push_back(field);
        }
    }
    return m;
}

/* Planar activations of one image after each layer, and which position of the map won each pooled output. */
struct Trace {
    std::vector<Doubles> values;
    std::vector<std::vector<int>> winners;
};

/* body(weight, input, output) for each product of a convolution. */
template <typename Body>
void products(const Plan& p, Body body) {
    const int kernel = p.kernel(), stride = p.step.flat ? 1 : p.step.stride, pad = p.step.flat ? 0 : p.step.pad;
    for (int o = 0; o < p.conv.channels; o++)
        for (int oy = 0; oy < p.conv.height; oy++)
            for (int ox = 0; ox < p.conv.width; ox++)
                for (int t = 0; t < p.taps(); t++) {
                    const int c = t / (kernel * kernel), y = oy * stride - pad + t / kernel % kernel, x = ox * stride - pad + t % kernel;
                    if (y < 0 || y >= p.in.height || x < 0 || x >= p.in.width) continue;
                    body(size_t(p.weights) + size_t(o) * p.taps() + t, size_t((c * p.in.height + y) * p.in.width + x),
                         size_t((o * p.conv.height + oy) * p.conv.width + ox));
                }
}

Trace forward(const Model& m, const Doubles& arena, const Doubles& image) {
    Trace trace{{image}, {}};
    for (const Plan& p : m.plans) {
        const Doubles& x = trace.values.back();
        Doubles map(size_t(p.conv.size()));
        for (size_t i = 0; i < map.size(); i++) map[i] = arena[size_t(p.biases) + i / size_t(p.conv.height * p.conv.width)];
        products(p, [&](size_t w, size_t i, size_t o) { map[o] += arena[w] * x[i]; });
        Doubles y(size_t(p.out.size()));
        std::vector<int> winner(y.size());
        for (int c = 0, at = 0; c < p.out.channels; c++)
            for (int oy = 0; oy < p.out.height; oy++)
                for (int ox = 0; ox < p.out.width; ox++, at++) {
                    const int side = p.step.pool == 0 ? 1 : p.step.pool, stride = p.step.pool == 0 ? 1 : p.step.pool_stride;
                    for (int k = 0; k < side * side; k++) {
                        const int from = (c * p.conv.height + oy * stride + k / side) * p.conv.width + ox * stride + k % side;
                        if (k == 0 || map[size_t(from)] > y[size_t(at)]) y[size_t(at)] = map[size_t(from)], winner[size_t(at)] = from;
                    }
                    if (p.step.relu && y[size_t(at)] < 0) y[size_t(at)] = 0;
                }
        trace.values.push_back(y);
        trace.winners.push_back(winner);
    }
    return trace;
}

void backward(const Model& m, const Doubles& arena, const Trace& trace, Doubles dy, Doubles* gradient) {
    for (size_t l = m.plans.size(); l-- > 0;) {
        const Plan& p = m.plans[l];
        Doubles map(size_t(p.conv.size())), dx(size_t(p.in.size()));
        for (size_t i = 0; i < dy.size(); i++)
            if (!p.step.relu || trace.values[l + 1][i] > 0) map[size_t(trace.winners[l][i])] += dy[i];
        for (size_t i = 0; i < map.size(); i++) (*gradient)[size_t(p.biases) + i / size_t(p.conv.height * p.conv.width)] += map[i];
        products(p, [&](size_t w, size_t i, size_t o) {
            (*gradient)[w] += map[o] * trace.values[l][i];
            dx[i] += map[o] * arena[w];
        });
        dy = dx;
    }
}

/* Image n of (batch, height, width, channels) as (channels, height, width). */
Doubles planar(const Net& net, const Floats& x, int n) {
    Doubles image(size_t(net.channels * net.height * net.width));
    for (int c = 0; c < net.channels; c++)
        for (int i = 0; i < net.height * net.width; i++)
            image[size_t(c * net.height * net.width + i)] = x[size_t((n * net.height * net.width + i) * net.channels + c)];
    return image;
}

void differences(const Net& net) {
    const Model m = make(net, 5);
    Random random(9);
    const Floats x = random.floats(size_t(net.height * net.width * net.channels));
    const Doubles dy = wide(random.floats(size_t(m.classes))), image = planar(net, x, 0), arena = wide(m.arena);
    Doubles gradient(arena.size());
    backward(m, arena, forward(m, arena, image), dy, &gradient);
    derivative(net.name, arena, gradient, [&](const Doubles& a) { return dot(forward(m, a, image).values.back(), dy); });
}

void compare(const Net& net) {
    const Model m = make(net, 5);
    Random random(9);
    const Floats x = random.floats(size_t(net.batch) * size_t(net.height * net.width * net.channels));
    const Floats dlogits = random.floats(size_t(net.batch * m.classes));
    const Doubles arena = wide(m.arena);
    Doubles logits, gradient(arena.size()), packed, biases;
    for (int n = 0; n < net.batch; n++) {
        const Trace trace = forward(m, arena, planar(net, x, n));
        logits.insert(logits.end(), trace.values.back().begin(), trace.values.back().end());
        const auto from = dlogits.begin() + n * m.classes;
        backward(m, arena, trace, Doubles(from, from + m.classes), &gradient);
    }
    for (int64_t i : m.index) packed.push_back(gradient[size_t(i)]);
    biases.assign(gradient.begin() + m.weights, gradient.end());
    std::string before;
    Floats first;
    each_context([&](int64_t context, const std::string& name) {
        int64_t operation = 0;
        OK(softshare_sparse_create(context, net.batch, net.height, net.width, net.channels, int(m.plans.size()), m.layout.data(), &operation));
        // Other weights first: nothing of them may stay.
        const Model other = make({net.name, net.batch, net.height, net.width, net.channels, net.steps, 0.9}, 77);
        Floats y(logits.size(), NAN), dpacked(other.packed.size(), NAN), darena(m.arena.size(), NAN);
        OK(softshare_sparse_live(operation, int64_t(other.index.size()), other.index.data()));
        OK(softshare_sparse_forward(operation, x.data(), other.packed.data(), other.arena.data(), y.data()));
        OK(softshare_sparse_backward(operation, dlogits.data(), other.packed.data(), dpacked.data(), darena.data()));
        dpacked.assign(m.packed.size(), NAN);
        OK(softshare_sparse_live(operation, int64_t(m.index.size()), m.index.data()));
        for (int twice = 0; twice < 2; twice++) {
            OK(softshare_sparse_forward(operation, x.data(), m.packed.data(), m.arena.data(), y.data()));
            OK(softshare_sparse_backward(operation, dlogits.data(), m.packed.data(), dpacked.data(), darena.data()));
            const std::string what = std::string(net.name) + ", " + name;
            const Floats dbias(darena.begin() + m.weights, darena.end());
            near(what + ", logits", y, logits, 2e-5, 1e-5);
            near(what + ", weights", dpacked, packed, 1e-4, 1e-5);
            near(what + ", biases", dbias, biases, 1e-4, 1e-5);
            const std::string set = name.substr(0, name.find(','));
            Floats all = y;
            all.insert(all.end(), dpacked.begin(), dpacked.end());
            all.insert(all.end(), dbias.begin(), dbias.end());
            if (set != before) first = all, before = set;
            same(what, all, first);
        }
        OK(softshare_destroy(operation));
    });
}

void refusals() {
    const int64_t context = open(1);
    int64_t operation = 0;
    Model m = make({"two", 3, 6, 6, 1, {{false, 2, 3, 1, 0, true, 2, 2}, {true, 3, 1, 1, 0, false, 0, 0}}, 0.5}, 5);
    std::vector<int64_t> wrong = m.layout;
    wrong[17] = 9;
    REFUSED(softshare_sparse_create(context, 3, 6, 6, 1, 2, wrong.data(), &operation), "layer 1 takes 9x1x1, the one before gives 2x2x2");
    wrong = m.layout;
    wrong[4] = 7;
    REFUSED(softshare_sparse_create(context, 3, 6, 6, 1, 2, wrong.data(), &operation), "does not fit");
    REFUSED(softshare_sparse_create(context, 0, 6, 6, 1, 2, m.layout.data(), &operation), "batch must be 1 or more");
    OK(softshare_sparse_create(context, 3, 6, 6, 1, 2, m.layout.data(), &operation));
    Floats x(108), y(9);
    REFUSED(softshare_sparse_forward(operation, x.data(), m.packed.data(), m.arena.data(), y.data()), "call sparse_live first");
    const int64_t unordered[] = {3, 3}, beyond[] = {0, m.weights};
    REFUSED(softshare_sparse_live(operation, 2, unordered), "expected increasing positions");
    REFUSED(softshare_sparse_live(operation, 2, beyond), "beyond the last weight");
    OK(softshare_sparse_live(operation, int64_t(m.index.size()), m.index.data()));
    REFUSED(softshare_sparse_forward(operation, nullptr, m.packed.data(), m.arena.data(), y.data()), "x is NULL");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    const Step flat{true, 7, 1, 1, 0, true, 0, 0}, last{true, 10, 1, 1, 0, false, 0, 0};
    differences({"convolutions", 1, 7, 6, 2, {{false, 3, 3, 1, 1, true, 2, 2}, {false, 4, 2, 1, 0, true, 0, 0}, last}, 0.5});
    compare({"linear layers", 37, 5, 4, 3, {{true, 30, 1, 1, 0, true, 0, 0}, flat, last}, 0.3});
    compare({"like LeNet-5", 20, 14, 14, 1, {{false, 6, 5, 1, 0, false, 2, 2}, {false, 9, 3, 1, 0, true, 2, 2}, flat, last}, 0.2});
    compare({"padding, strides, windows that overlap", 5, 13, 9, 2,
             {{false, 5, 3, 2, 1, true, 0, 0}, {false, 4, 3, 1, 2, true, 3, 2}, {false, 11, 2, 1, 1, true, 0, 0}, last}, 0.4});
    compare({"almost nothing live", 16, 8, 8, 1, {{false, 8, 3, 1, 0, true, 2, 2}, {true, 20, 1, 1, 0, true, 0, 0}, last}, 0.02});
    compare({"wide rows", 3, 4, 40, 1, {{false, 3, 3, 1, 1, true, 2, 2}, last}, 0.6});
    compare({"nothing live", 4, 5, 5, 2, {{false, 3, 3, 1, 0, true, 0, 0}, last}, -1});
    refusals();
    return result();
}
