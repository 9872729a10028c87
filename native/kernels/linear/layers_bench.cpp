/*
 * Times training steps of LeNet-300-100 and LeNet-5: forward, loss, backward, Adam, without the prior and with it (the
 * fused step with its sums and the mixture's update, at every step). Random data; one batch again and again: its loss must
 * have fallen before a time is printed. Built with -DSOFTSHARE_BENCH=ON; bench/compare runs it.
 *   layers_bench [--threads 2] [--batch 256] [--rounds 200] [--seconds 2] [--layers: each layer's time too, on stderr]
 */
#include "bench.h"
#include "layers_check.h"

using namespace layers_check;

namespace {

typedef std::function<void()> Call;

constexpr int COMPONENTS = 17;
constexpr double EXAMPLES = 60000;

struct Timed {
    std::string name;
    Call call;
};

/* Values with gradients and moments, contiguous: layers take slices one after another. */
struct Arena {
    Floats values, gradient, moment1, moment2;
    size_t used = 0;
    explicit Arena(size_t most) : values(most), gradient(most), moment1(most), moment2(most) {}
    size_t take(size_t size) {
        used += size;
        return used - size;
    }
};

enum class Prior { none, global, structured };

/* A network as a list of calls on buffers that it owns. */
class Net {
public:
    Net(int64_t context, int batch, int size) : context_(context), batch_(batch), random_(1), weights_(1 << 20), biases_(4096) {
        x_ = buffer(size_t(batch) * size);
        for (int i = 0; i < batch * size; i++) x_[i] = 0.5f + 0.5f * random_.uniform();
        d_ = nullptr;
    }

    void convolution(int in, int size, int out, int kernel) {
        int64_t op = 0;
        OK(softshare_convolution_create(context_, batch_, in, size, size, out, kernel, kernel, 1, 1, 0, 0, SOFTSHARE_BIAS, &op));
        const int o = size - kernel + 1;
        const std::string name = "convolution " + std::to_string(in) + "-" + std::to_string(out);
        const Layer l = layer(size_t(out) * o * o, out, in, kernel * kernel);
        forward_.push_back({name + " forward", [=] { OK(softshare_convolution_forward(op, l.x, l.weights, l.bias, l.y)); }});
        weighted(name, l, [=] { OK(softshare_convolution_backward_data(op, l.dy, l.weights, l.dx)); },
                 [=] { OK(softshare_convolution_backward_weights(op, l.x, l.dy, l.dweights, l.dbias)); });
        implementations_ += softshare_implementation(op) + std::string(";");
    }

    void linear(int in, int out, bool relu) {
        int64_t op = 0;
        OK(softshare_linear_create(context_, batch_, in, out, SOFTSHARE_BIAS | (relu ? SOFTSHARE_RELU : 0), &op));
        const Layer l = layer(out, out, in, 1);
        const std::string name = "linear " + std::to_string(in) + "-" + std::to_string(out);
        const int64_t context = context_, count = int64_t(batch_) * out;
        forward_.push_back({name + " forward", [=] { OK(softshare_linear_forward(op, l.x, l.weights, l.bias, l.y)); }});
        weighted(name, l, [=] { OK(softshare_linear_backward_data(op, l.dy, l.weights, l.dx)); },
                 [=] { OK(softshare_linear_backward_weights(op, l.x, l.dy, l.dweights, l.dbias)); });
        if (relu) backward_.push_back({name + " mask", [=] { OK(softshare_relu_backward(context, count, l.y, l.dy, l.dy)); }});
        implementations_ += softshare_implementation(op) + std::string(";");
    }

    void pool(int channels, int size) {
        int64_t op = 0;
        OK(softshare_pool_create(context_, SOFTSHARE_POOL_MAX, batch_, channels, size, size, 2, 2, 2, 2, 0, 0, &op));
        const size_t out = size_t(channels) * (size / 2) * (size / 2);
        const Layer l = layer(out, 0, 0, 0);
        argmax_.emplace_back(out * batch_);
        uint8_t* argmax = argmax_.back().data();
        const std::string name = "pool " + std::to_string(channels);
        forward_.push_back({name + " forward", [=] { OK(softshare_pool_forward(op, l.x, l.y, argmax)); }});
        backward_.push_back({name + " backward", [=] { OK(softshare_pool_backward(op, l.dy, argmax, l.dx)); }});
    }

    void flatten(int channels, int size) {
        const Layer l = layer(size_t(channels) * size * size, 0, 0, 0);
        const int64_t context = context_;
        const int batch = batch_;
        forward_.push_back({"flatten", [=] { OK(softshare_flatten(context, batch, channels, size, size, l.x, l.y)); }});
        backward_.push_back({"unflatten", [=] { OK(softshare_unflatten(context, batch, channels, size, size, l.dy, l.dx)); }});
    }

    void loss(int classes) {
        labels_.resize(batch_);
        for (int32_t& l : labels_) l = int32_t(random_.next() % classes);
        totals_ = {0, 0, 0, -1};
        const int64_t context = context_;
        const int batch = batch_;
        const float* z = x_;
        float* d = d_;
        forward_.push_back({"loss", [=] {
            OK(softshare_loss(context, batch, batch, classes, z, labels_.data(), nullptr, 0, 1, nullptr, d, totals_.data()));
        }});
    }

    /* After the last layer. */
    void optimiser(Prior prior) {
        prior_ = prior;
        std::reverse(backward_.begin(), backward_.end());
        const int64_t context = context_;
        update_.push_back({"Adam of biases", [=] { adam(context, biases_, SOFTSHARE_SCALAR_RATE_OTHER); }});
        if (prior == Prior::none) {
            update_.push_back({"Adam of weights", [=] { adam(context, weights_, SOFTSHARE_SCALAR_RATE_WEIGHTS); }});
            return;
        }
        int64_t op = 0;
        OK(softshare_prior_create(context, int(layout_.size() / 4), layout_.data(), COMPONENTS, 1, &op));
        size_t rows = 0, columns = 0;
        for (size_t i = 0; i < layout_.size(); i += 4) rows += size_t(layout_[i + 1]), columns += size_t(layout_[i + 2]);
        row_counts_.assign(rows, 0.0f), row_offsets_ = row_counts_;
        column_counts_.assign(columns, 0.0f), column_offsets_ = column_counts_;
        mixture_.assign(3 * COMPONENTS, 0.0);
        for (int j = 0; j < COMPONENTS; j++) {  // as in METHOD
            mixture_[j] = j == 0 ? 0.999 : 0.001 / (COMPONENTS - 1);
            mixture_[COMPONENTS + j] = j == 0 ? 0.0 : -0.6 + 1.2 * (j - 1) / (COMPONENTS - 2);
            mixture_[2 * COMPONENTS + j] = 0.25;
        }
        moments_.assign(6 * COMPONENTS, 0.0);
        statistics_.assign(3 * COMPONENTS + 1, 0.0);
        const bool structured = prior == Prior::structured;
        float *row = structured ? row_offsets_.data() : nullptr, *column = structured ? column_offsets_.data() : nullptr;
        float *row_count = structured ? row_counts_.data() : nullptr, *column_count = structured ? column_counts_.data() : nullptr;
        update_.push_back({"prior and Adam", [=] {
            OK(softshare_prior_step(op, weights_.values.data(), weights_.gradient.data(), weights_.moment1.data(), weights_.moment2.data(), nullptr, mixture_.data(), row, column, scalars_, 0.9f, 0.999f, 1e-8f, statistics_.data(), row_count, column_count));
        }});
        update_.push_back({"mixture", [=] { OK(softshare_mixture_update(op, mixture_.data(), moments_.data(), statistics_.data(), scalars_, hyper_, 1)); }});
        if (!structured) return;
        update_.push_back({"offsets", [=] { OK(softshare_prior_offsets(op, mixture_.data(), row_count, column_count, row, column)); }});
    }

    void report(const std::string& name, const bench::Options& options) {
        step();
        const double first = totals_[0];
        const bench::Times times = bench::measure([this] { step(); }, options.number("--rounds", 200), double(options.number("--seconds", 2)));
        if (!(totals_[0] < first) || totals_[3] != -1) {
            fprintf(stderr, "the loss of %s must fall on one batch, %g became %g\n", name.c_str(), first / batch_, totals_[0] / batch_);
            exit(1);
        }
        bench::Line line("training step", "fused", times);
        line.text("model", name).integer("batch", batch_).integer("threads", options.number("--threads", 2));
        line.text("prior", prior_ == Prior::none ? "none" : prior_ == Prior::global ? "prior" : "structured");
        line.text("version", softshare_describe(context_)).integer("peakBytes", bench::peak_bytes()).print();
        if (!options.has("--layers")) return;
        fprintf(stderr, "%s\n", implementations_.c_str());
        for (const auto* list : {&forward_, &backward_, &update_}) {
            for (const Timed& t : *list) {
                const bench::Times p = bench::measure(t.call, 500, 0.3);
                fprintf(stderr, "  %-36s %8.1f us  (%.1f to %.1f)\n", t.name.c_str(), p.median() * 1e6, p.least() * 1e6, p.share(0.8) * 1e6);
            }
        }
    }

private:
    struct Layer {
        float *x, *y, *dx, *dy, *weights, *bias, *dweights, *dbias;
    };

    void step() {
        steps_++;
        totals_[0] = 0;
        const float rates[] = {float(0.003 / EXAMPLES), 5e-4f, 5e-4f, 0, float(1 / (1 - pow(0.9, steps_))), float(1 / (1 - pow(0.999, steps_))), 1e-4f, 3e-3f, 3e-3f};
        std::copy(std::begin(rates), std::end(rates), scalars_);
        for (const auto* list : {&forward_, &backward_, &update_}) {
            for (const Timed& t : *list) t.call();
        }
    }

    void adam(int64_t context, Arena& a, int rate) {
        OK(softshare_adam(context, int64_t(a.used), a.values.data(), a.gradient.data(), a.moment1.data(), a.moment2.data(), nullptr, scalars_, rate, 0.9f, 0.999f, 1e-8f));
    }

    float* buffer(size_t size) {
        buffers_.emplace_back(size + 16, 0.0f);
        float* p = buffers_.back().data();
        return reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(p) + 63) / 64 * 64);
    }

    /* out: numbers an example; rows, columns, kernel of the weights. */
    Layer layer(size_t out, int rows, int columns, int kernel) {
        const size_t size = size_t(rows) * columns * kernel, w = weights_.take(size), b = biases_.take(size_t(rows));
        const float scale = size == 0 ? 0 : 1 / sqrtf(float(columns * kernel));
        for (size_t i = 0; i < size; i++) weights_.values[w + i] = scale * random_.uniform();
        for (int i = 0; i < rows; i++) biases_.values[b + i] = scale * random_.uniform();
        if (size > 0) layout_.insert(layout_.end(), {int64_t(w), rows, columns, kernel});
        const Layer l{x_, buffer(out * batch_), d_, buffer(out * batch_), &weights_.values[w], &biases_.values[b], &weights_.gradient[w], &biases_.gradient[b]};
        x_ = l.y;
        d_ = l.dy;
        return l;
    }

    /* Backward calls are listed last first; the first layer needs no gradient of its input. */
    void weighted(const std::string& name, const Layer& l, Call data, Call weights) {
        if (l.dx != nullptr) backward_.push_back({name + " backward data", std::move(data)});
        backward_.push_back({name + " backward weights", std::move(weights)});
    }

    int64_t context_;
    int batch_, steps_ = 0;
    Prior prior_ = Prior::none;
    Random random_;
    float *x_, *d_;
    Arena weights_, biases_;
    std::vector<int64_t> layout_;
    std::vector<Floats> buffers_;
    std::vector<std::vector<uint8_t>> argmax_;
    std::vector<int32_t> labels_;
    Floats row_counts_, column_counts_, row_offsets_, column_offsets_;
    Doubles totals_, mixture_, moments_, statistics_;
    float scalars_[SOFTSHARE_SCALARS] = {};
    const double hyper_[7] = {5000, 2, 250, 0.1, 0, 0, 1e-3};
    std::string implementations_;
    std::vector<Timed> forward_, backward_, update_;
};

}  // namespace

int main(int count, char** arguments) {
    const bench::Options options(count, arguments);
    const int64_t context = open(int(options.number("--threads", 2)));
    const int batch = int(options.number("--batch", 256));
    for (Prior prior : {Prior::none, Prior::global, Prior::structured}) {
        Net small(context, batch, 784);
        small.linear(784, 300, true);
        small.linear(300, 100, true);
        small.linear(100, 10, false);
        small.loss(10);
        small.optimiser(prior);
        small.report("lenet-300-100", options);
        Net convolutional(context, batch, 784);
        convolutional.convolution(1, 28, 20, 5);
        convolutional.pool(20, 24);
        convolutional.convolution(20, 12, 50, 5);
        convolutional.pool(50, 8);
        convolutional.flatten(50, 4);
        convolutional.linear(800, 500, true);
        convolutional.linear(500, 10, false);
        convolutional.loss(10);
        convolutional.optimiser(prior);
        convolutional.report("lenet-5", options);
    }
    OK(softshare_close(context));
    return 0;
}
