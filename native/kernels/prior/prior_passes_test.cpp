/*
 * The prior's other functions: the fused step against evaluate and Adam in double; the unfused passes against the reference; the
 * most responsible component, freezing and offsets against their definitions.
 */
#include <functional>

#include "prior_cases.h"

using cases::Case;

namespace {

constexpr float BETA1 = 0.9f, BETA2 = 0.999f, EPSILON = 1e-8f, TAU = 3e-3f, RATE = 5e-4f;

bool is_live(const Case& c, int64_t i) { return c.live.empty() || (c.live[size_t(i / 32)] >> (i % 32) & 1); }

std::vector<float> scalars() {
    std::vector<float> s(SOFTSHARE_SCALARS, 0.0f);
    s[SOFTSHARE_SCALAR_TAU] = TAU;
    s[SOFTSHARE_SCALAR_RATE_WEIGHTS] = RATE;
    s[SOFTSHARE_SCALAR_CORRECTION_1] = float(1 / (1 - std::pow(0.9, 3)));
    s[SOFTSHARE_SCALAR_CORRECTION_2] = float(1 / (1 - std::pow(0.999, 3)));
    return s;
}

/* Weights and moments after one step equal evaluate's gradient put through Adam in double; so do the unfused passes. */
void step(const Case& c, const reference::Result& e, int isa, int threads) {
    check::Context context(threads, isa);
    const std::string where = c.name + " (" + context.name + ")";
    const cases::Sizes n(c.tensors);
    const size_t count = size_t(n.weights);
    check::Random random(11);
    std::vector<float> task(count), m(count), v(count);
    for (size_t i = 0; i < count; i++) {
        task[i] = float(0.1 * random.normal());
        m[i] = float(0.05 * random.normal());
        v[i] = float(random.uniform(1e-6, 1e-2));
    }
    const std::vector<float> s = scalars();
    const cases::Output plain = cases::evaluate(context, c);
    std::vector<double> w1(count), m1(count), v1(count);
    for (size_t i = 0; i < count; i++) {
        w1[i] = double(c.weights[i]);
        m1[i] = double(m[i]);
        v1[i] = double(v[i]);
        if (!is_live(c, int64_t(i))) continue;
        const double g = double(task[i]) + double(TAU) * double(plain.gradient[i]);
        m1[i] = double(BETA1) * m1[i] + (1 - double(BETA1)) * g;
        v1[i] = double(BETA2) * v1[i] + (1 - double(BETA2)) * g * g;
        w1[i] -= double(RATE) * m1[i] * double(s[SOFTSHARE_SCALAR_CORRECTION_1]) / (std::sqrt(v1[i] * double(s[SOFTSHARE_SCALAR_CORRECTION_2])) + double(EPSILON));
    }
    auto verify = [&](const std::string& kind, const std::vector<float>& w2, const std::vector<float>& m2, const std::vector<float>& v2) {
        // An update of a few RATE, rounded; moments carry a few roundings of their terms.
        check::close(where + kind + ": weights", n.weights, w2.data(), w1.data(), [&](int64_t i) { return 1e-7 * std::fabs(w1[size_t(i)]) + 1e-5 * double(RATE); });
        check::close(where + kind + ": first moments", n.weights, m2.data(), m1.data(), [&](int64_t i) { return 1e-6 * (std::fabs(m1[size_t(i)]) + std::fabs(double(m[size_t(i)])) + 0.1 * (std::fabs(double(task[size_t(i)])) + double(TAU) * std::fabs(double(plain.gradient[size_t(i)])))); });
        check::close(where + kind + ": second moments", n.weights, v2.data(), v1.data(), [&](int64_t i) { return 2e-6 * v1[size_t(i)]; });
        for (size_t i = 0; i < count; i++) {
            if (is_live(c, int64_t(i))) continue;
            uint32_t bits = 1;
            std::memcpy(&bits, &w2[i], 4);
            check::is(bits == 0 && m2[i] == m[i] && v2[i] == v[i], where + kind + ": frozen weight " + std::to_string(i) + " changed");
        }
    };
    {
        cases::Prior prior(context, c.tensors, c.mixture.k());
        std::vector<float> w2 = c.weights, m2 = m, v2 = v, rows(size_t(n.rows)), columns(size_t(n.columns));
        std::vector<double> statistics(plain.statistics.size());
        check::ok(on(prior.handle, softshare_prior_step, w2, task, m2, v2, given(c.live), c.mixture.values, given(c.row_offsets), given(c.column_offsets), s, BETA1, BETA2, EPSILON, statistics, rows, columns), where + ": step");
        verify(": fused step", w2, m2, v2);
        check::same(where + ": step's statistics", int64_t(statistics.size()), statistics.data(), plain.statistics.data());
        check::same(where + ": step's rows", n.rows, rows.data(), plain.row_counts.data());
        check::same(where + ": step's columns", n.columns, columns.data(), plain.column_counts.data());
        std::vector<float> w3 = c.weights, m3 = m, v3 = v;
        check::ok(on(prior.handle, softshare_prior_step, w3, task, m3, v3, given(c.live), c.mixture.values, given(c.row_offsets), given(c.column_offsets), s, BETA1, BETA2, EPSILON, nullptr, nullptr, nullptr), where + ": step");
        verify(": step without statistics", w3, m3, v3);
        std::vector<float> w4 = c.weights, m4 = m, v4 = v;
        std::vector<double> alone(statistics.size());
        check::ok(on(prior.handle, softshare_prior_step, w4, task, m4, v4, given(c.live), c.mixture.values, given(c.row_offsets), given(c.column_offsets), s, BETA1, BETA2, EPSILON, alone, nullptr, nullptr), where + ": step");
        verify(": step with statistics alone", w4, m4, v4);
        if (device::cuda() == nullptr) {
            check::same(where + ": step without statistics", n.weights, w3.data(), w2.data());
            check::same(where + ": step with statistics alone", n.weights, w4.data(), w2.data());
            check::same(where + ": statistics alone", int64_t(alone.size()), alone.data(), statistics.data());
        } else {
            // CUDA has a form of its own for steps without counts. Responsibilities err by 1e-5 at 8 σ; Σ |r d| ≤ √(Σ r · Σ r d²).
            check::close(where + ": statistics alone", int64_t(alone.size()), alone.data(), statistics.data(), [&](int64_t i) {
                if (i == 0) return 2e-6 * (std::fabs(statistics[0]) + double(count));
                const size_t j = 1 + size_t(i - 1) / 3 * 3;
                const double whole = statistics[j], spread = statistics[j + 2];
                const double size = (i - 1) % 3 == 0 ? whole : (i - 1) % 3 == 1 ? std::sqrt(whole * spread) : spread;
                return 2e-5 * size + 1e-12;
            });
        }
    }
    {
        cases::Prior prior(context, c.tensors, c.mixture.k());
        const size_t k = size_t(c.mixture.k());
        std::vector<float> r(count * k, -1.0f), gradient(count, -1.0f), total = task, w2 = c.weights, m2 = m, v2 = v, rows(size_t(n.rows)), columns(size_t(n.columns));
        std::vector<double> statistics(3 * k + 1);
        check::ok(on(prior.handle, softshare_prior_responsibilities, w2, given(c.live), c.mixture.values, given(c.row_offsets), given(c.column_offsets), r, statistics), "responsibilities");
        check::ok(on(prior.handle, softshare_prior_gradient, w2, given(c.live), c.mixture.values, r, gradient), "gradient");
        check::ok(on(prior.handle, softshare_prior_statistics, w2, given(c.live), c.mixture.values, r, statistics, rows, columns), "statistics");
        check::ok(on(context.handle, softshare_add_scaled, n.weights, s, SOFTSHARE_SCALAR_TAU, gradient, total), "add_scaled");
        check::ok(on(context.handle, softshare_adam, n.weights, w2, total, m2, v2, given(c.live), s, SOFTSHARE_SCALAR_RATE_WEIGHTS, BETA1, BETA2, EPSILON), "adam");
        check::close(where + ": responsibilities", int64_t(r.size()), r.data(), e.responsibilities.data(), [&](int64_t i) { return e.nearest[size_t(i) / k] <= 8 ? 1e-5 : 1e-3; });
        check::close(where + ": unfused gradient", n.weights, gradient.data(), e.gradient.data(), [&](int64_t i) { return (e.nearest[size_t(i)] <= 8 ? 1.2e-5 : 1e-3) * e.scale[size_t(i)] + 1e-7; });
        check::close(where + ": unfused statistics", int64_t(statistics.size()), statistics.data(), e.statistics.data(), [&](int64_t i) { return 4e-6 * e.magnitudes[size_t(i)] + 1e-9 * double(n.weights) + 1e-30; });
        // From 1 − r_0, which loses digits where r_0 is near 1: half an ulp of 1 a weight.
        check::close(where + ": unfused rows", n.rows, rows.data(), e.row_counts.data(), [&](int64_t i) { return 1e-5 * e.row_counts[size_t(i)] + 1e-7 * double(count); });
        check::close(where + ": unfused columns", n.columns, columns.data(), e.column_counts.data(), [&](int64_t i) { return 1e-5 * e.column_counts[size_t(i)] + 1e-7 * double(count); });
        // The update divides by √v: of a gradient's error, RATE · error / √v may remain.
        for (size_t i = 0; i < count; i++) {
            const double slack = 1e-7 * std::fabs(w1[i]) + 1e-5 * double(RATE) + double(RATE) * double(TAU) * 3e-5 * e.scale[i] / std::sqrt(v1[i]);
            check::is(std::fabs(double(w2[i]) - w1[i]) <= slack || e.nearest[i] > 8, where + ": unfused weight " + std::to_string(i) + " is " + std::to_string(w2[i]) + ", expected " + std::to_string(w1[i]));
        }
    }
}

void assign(const Case& c, const reference::Result& e, int isa) {
    check::Context context(2, isa);
    const std::string where = c.name + " (" + context.name + ")";
    const int64_t count = int64_t(c.weights.size());
    const int k = c.mixture.k();
    cases::Prior prior(context, c.tensors, k);
    std::vector<uint8_t> found(size_t(count), 99);
    check::ok(on(prior.handle, softshare_prior_assign, c.weights, given(c.live), c.mixture.values, given(c.row_offsets), given(c.column_offsets), found), "assign");
    for (int64_t i = 0; i < count; i++) {
        if (!is_live(c, i)) {
            check::is(found[size_t(i)] == 0, where + ": frozen weight " + std::to_string(i) + " assigned to " + std::to_string(found[size_t(i)]));
            continue;
        }
        const double* r = &e.responsibilities[size_t(i * k)];
        const double best = *std::max_element(r, r + k);
        const double slack = e.nearest[size_t(i)] <= 8 ? 1e-4 : 0.5;  // of two that are nearly as likely, either
        check::is(found[size_t(i)] < k && r[found[size_t(i)]] >= best * (1 - slack), where + ": weight " + std::to_string(i) + " assigned to " + std::to_string(found[size_t(i)]));
    }
}

void freeze(const Case& c, const reference::Result& e, int isa, int threads) {
    check::Context context(threads, isa);
    const std::string where = c.name + " (" + context.name + ")";
    const int64_t count = int64_t(c.weights.size());
    const int k = c.mixture.k();
    for (float threshold : {0.5f, 0.99f, 0.9999f}) {
        cases::Prior prior(context, c.tensors, k);
        std::vector<float> w = c.weights;
        std::vector<uint32_t> live = c.live;
        if (live.empty()) live.assign(size_t(count / 32 + 1), ~0u);
        const std::vector<uint32_t> before = live;
        int64_t frozen = -1, gone = 0;
        check::ok(on(prior.handle, softshare_prior_freeze, w, live, c.mixture.values, given(c.row_offsets), given(c.column_offsets), threshold, host(&frozen)), "freeze");
        for (int64_t i = 0; i < count; i++) {
            const bool was = before[size_t(i / 32)] >> (i % 32) & 1, is = live[size_t(i / 32)] >> (i % 32) & 1;
            gone += was && !is;
            const double zero = e.responsibilities[size_t(i * k)];
            const double margin = 1e-5 * (1 - double(threshold)) + 1e-7;
            check::is(was || !is, where + ": weight " + std::to_string(i) + " came back to life");
            check::is(is ? std::memcmp(&w[size_t(i)], &c.weights[size_t(i)], 4) == 0 : w[size_t(i)] == 0 && !std::signbit(w[size_t(i)]), where + ": weight " + std::to_string(i) + " after freezing");
            if (was && std::fabs(zero - double(threshold)) > margin) {
                check::is(is == !(zero > double(threshold)), where + ": weight " + std::to_string(i) + " of zero share " + std::to_string(zero));
            }
        }
        check::is(frozen == gone, where + ": froze " + std::to_string(gone) + ", said " + std::to_string(frozen));
        check::same(where + ": bits beyond the arena", int64_t(live.size()) - count / 32 - 1, live.data() + count / 32 + 1, before.data() + count / 32 + 1);
    }
}

/*
 * One step from nothing on extreme weights, in each form (with and without sums, counts): all finite, and the first moment is
 * (1 − β1)·τ times the gradient within its bound.
 */
void extreme_step(int isa) {
    check::Context context(1, isa);
    const std::vector<float> s = scalars();
    for (int k : {1, 9, 17, 24, 32, 40}) {
        for (double sigma : {1e-4, 1e-2, 10.0}) {
            const Case c = cases::extreme(k, sigma, false, false, 11);
            const size_t count = c.weights.size();
            const reference::Result e = reference::arena(c.tensors, c.mixture, c.weights.data(), nullptr, nullptr, nullptr);
            for (int form = 0; form < 3; form++) {
                const std::string where = c.name + " (" + context.name + "), form " + std::to_string(form);
                cases::Prior prior(context, c.tensors, k);
                std::vector<float> w = c.weights, task(count, 0.0f), m(count, 0.0f), v(count, 0.0f), rows(1);
                std::vector<double> statistics(size_t(3 * k + 1));
                check::ok(on(prior.handle, softshare_prior_step, w, task, m, v, nullptr, c.mixture.values, nullptr, nullptr, s, BETA1, BETA2, EPSILON, given(form > 0, statistics), given(form > 1, rows), nullptr), where);
                const double share = (1 - double(BETA1)) * double(TAU);
                for (size_t i = 0; i < count; i++) {
                    check::is(std::isfinite(w[i]) && std::isfinite(m[i]) && std::isfinite(v[i]), where + ": weight " + std::to_string(i) + " becomes " + std::to_string(w[i]));
                    check::is(std::fabs(double(w[i]) - double(c.weights[i])) <= 1.001 * double(RATE) + 1e-7 * std::fabs(double(c.weights[i])), where + ": weight " + std::to_string(i) + " moves by more than a step");
                }
                std::vector<double> expected = e.gradient;
                for (double& g : expected) g *= share;
                check::close(where + ": first moments", int64_t(count), m.data(), expected.data(), [&](int64_t i) {
                    const size_t at = size_t(i);
                    return share * (reference::gradient_bound(e.scale[at], e.nearest[at], e.reach[at], e.doubt[at]) + 1e-10 / sigma + 1e-6 * e.scale[at]);
                });
                for (double x : statistics) check::is(std::isfinite(x), where + ": a statistic is " + std::to_string(x));
            }
        }
    }
}

/* (1 − π_0)·exp(a + b) = (n_r + 0.3)(m_c + 0.3) / (T·kernel). */
void offsets() {
    check::Context context(1, SOFTSHARE_ISA_AUTO);
    const std::vector<reference::Tensor> tensors = {{4, 3, 5}, {2, 7, 1}};
    cases::Prior prior(context, tensors, 3);
    const cases::Mixture m = cases::even(3, 0.5, 1, 0.97);
    check::Random random(5);
    std::vector<float> n(6), c(10), a(6), b(10);
    for (float& x : n) x = float(random.uniform(0, 9));
    for (float& x : c) x = float(random.uniform(0, 9));
    check::ok(on(prior.handle, softshare_prior_offsets, m.values, n, c, a, b), "offsets");
    size_t row0 = 0, column0 = 0;
    for (const reference::Tensor& t : tensors) {
        double total = 0;
        for (int64_t r = 0; r < t.rows; r++) total += double(n[row0 + size_t(r)]);
        for (int64_t r = 0; r < t.rows; r++) {
            for (int64_t x = 0; x < t.columns; x++) {
                const size_t i = row0 + size_t(r), j = column0 + size_t(x);
                const double found = (1 - m.pi(0)) * std::exp(double(a[i]) + double(b[j]));
                const double expected = (double(n[i]) + 0.3) * (double(c[j]) + 0.3) / (total * double(t.kernel));
                check::close("offsets", 1, &found, &expected, [&](int64_t) { return 3e-6 * expected; });
            }
        }
        row0 += size_t(t.rows);
        column0 += size_t(t.columns);
    }
    std::fill(n.begin(), n.end(), 0.0f);
    check::ok(on(prior.handle, softshare_prior_offsets, m.values, n, c, a, b), "offsets of nothing");
    for (float x : a) check::is(std::isfinite(x), "offsets of nothing are not finite");
}

/*
 * Two contexts of one CUDA library whose steps run at the same time, each on a stream of its own (on the host runner their pieces take
 * turns: the constants of one are written between those of the other and its kernel), leave what each leaves alone, bit for bit.
 */
void side_by_side(int k, bool graphs) {
    using Stream = int64_t;
    static auto* make = device::need<int(Stream*, unsigned)>("cudaStreamCreateWithFlags");
    static auto* drop = device::need<int(Stream)>("cudaStreamDestroy");
    static auto* begin = device::need<int(Stream, int)>("cudaStreamBeginCapture");
    static auto* end = device::need<int(Stream, void**)>("cudaStreamEndCapture");
    static auto* instantiate = device::need<int(void**, void*, unsigned long long)>("cudaGraphInstantiate");
    static auto* replay = device::need<int(void*, Stream)>("cudaGraphLaunch");
    static auto* drop_graph = device::need<int(void*)>("cudaGraphDestroy");
    static auto* drop_executable = device::need<int(void*)>("cudaGraphExecDestroy");
    auto* turns = reinterpret_cast<void (*)(int)>(device::runtime("simt_interleave"));
    constexpr unsigned not_blocking = 1;
    constexpr int thread_local_mode = 1, steps = 3, both = 2;
    const int count = 1021;
    struct Side {
        std::vector<float> w, m, v;
        std::vector<double> mixture, statistics;
    };
    Side start[both], after[3][both];
    check::Random random(13);
    for (int i = 0; i < both; i++) {
        start[i].mixture = cases::even(k, 0.5 + 0.2 * i, i == 0 ? 1.2 : 0.3, 0.5 + 0.4 * i).values;
        start[i].w = cases::weights(count, nullptr, random);
        start[i].m.assign(count, 0.0f);
        start[i].v.assign(count, 1e-4f);
        start[i].statistics.assign(size_t(3 * k + 1), 0.0);
    }
    const std::vector<float> task(count, 0.01f), s = scalars();
    auto run = [&](const std::vector<int>& sides, int result) {
        device::Copies copies[both];
        Stream streams[both] = {};
        int64_t contexts[both] = {}, priors[both] = {};
        void *graph[both] = {}, *executable[both] = {};
        const int64_t layout[] = {0, 1, count, 1};
        std::vector<std::function<void()>> step(both);
        for (int i : sides) {
            Side& out = after[result][i] = start[i];
            device::require(make(&streams[i], not_blocking), "cudaStreamCreateWithFlags");
            check::ok(device::open(1, SOFTSHARE_ISA_AUTO, &contexts[i]), "open");
            check::ok(softshare_prior_create(contexts[i], 1, layout, k, 1, &priors[i]), "create");
            check::ok(softshare_stream(contexts[i], streams[i]), "stream");
            auto put = [&](auto& values, bool written) {
                return static_cast<std::remove_reference_t<decltype(values[0])>*>(copies[i].to_device(values.data(), values.size() * sizeof(values[0]), written));
            };
            auto *w = put(out.w, true), *m = put(out.m, true), *v = put(out.v, true);
            auto *mixture = put(out.mixture, false), *statistics = put(out.statistics, true);
            const float *g = put(task, false), *rates = put(s, false);
            step[size_t(i)] = [=, handle = priors[i]] {  // twice: without the mixture's sums, as most steps, and with them
                for (double* sums : {static_cast<double*>(nullptr), statistics}) {
                    const int status = softshare_prior_step(handle, w, g, m, v, nullptr, mixture, nullptr, nullptr, rates, BETA1, BETA2, EPSILON, sums, nullptr, nullptr);
                    check::is(status == SOFTSHARE_OK, std::string("a step side by side: ") + softshare_error());
                }
            };
            if (graphs) {
                device::require(begin(streams[i], thread_local_mode), "cudaStreamBeginCapture");
                step[size_t(i)]();
                device::require(end(streams[i], &graph[i]), "cudaStreamEndCapture");
                device::require(instantiate(&executable[i], graph[i], 0), "cudaGraphInstantiate");
                step[size_t(i)] = [=] { device::require(replay(executable[i], streams[i]), "cudaGraphLaunch"); };
            }
        }
        if (turns != nullptr) turns(1);
        for (int n = 0; n < steps; n++) {
            for (int i : sides) step[size_t(i)]();
        }
        device::synchronize();
        if (turns != nullptr) turns(0);
        for (int i : sides) {
            copies[i].back();
            if (graphs) {
                device::require(drop_executable(executable[i]), "cudaGraphExecDestroy");
                device::require(drop_graph(graph[i]), "cudaGraphDestroy");
            }
            check::ok(softshare_close(contexts[i]), "close");
            device::require(drop(streams[i]), "cudaStreamDestroy");
        }
    };
    run({0}, 0);
    run({1}, 1);
    run({0, 1}, 2);
    for (int i = 0; i < both; i++) {
        const std::string where = "side by side, K = " + std::to_string(k) + (graphs ? ", graphs, " : ", ") + std::to_string(i);
        const Side &alone = after[i][i], &found = after[2][i];
        // Alone it may have had the kernels of the first slot, beside another those of the second: a device's compiler may have
        // contracted one of them otherwise.
        auto agree = [&](const char* what, const auto& x, const auto& y, double scale) {
            if (device::emulated()) return check::same(where + what, int64_t(x.size()), x.data(), y.data());
            check::close(where + what, int64_t(x.size()), x.data(), y.data(), [&](int64_t at) { return 1e-5 * std::fabs(double(y[size_t(at)])) + scale; });
        };
        agree(": weights", found.w, alone.w, 1e-4 * double(RATE));
        agree(": first moments", found.m, alone.m, 1e-7);
        agree(": second moments", found.v, alone.v, 1e-9);
        agree(": statistics", found.statistics, alone.statistics, 1e-5 * count);
        check::is(found.w != start[i].w, where + ": nothing moved");
    }
}

/* More contexts with a prior than there are slots of constant memory: one line, and room again once one has gone. */
void slots() {
    constexpr int slots = 8;
    const int64_t layout[] = {0, 1, 5, 1};
    int64_t contexts[slots + 1] = {}, prior = 0, second = 0;
    for (int i = 0; i <= slots; i++) {
        check::ok(device::open(1, SOFTSHARE_ISA_AUTO, &contexts[i]), "open");
        if (i < slots) check::ok(softshare_prior_create(contexts[i], 1, layout, 2, 1, &prior), "create in context " + std::to_string(i));
    }
    check::ok(softshare_prior_create(contexts[0], 1, layout, 2, 1, &second), "a second prior of a context needs no second slot");
    check::is(softshare_prior_create(contexts[slots], 1, layout, 2, 1, &second) == SOFTSHARE_NOT_SUPPORTED &&
                  std::string(softshare_error()).find("8 contexts") != std::string::npos,
              std::string("one context too many: ") + softshare_error());
    check::ok(softshare_destroy(prior), "destroy");
    check::ok(softshare_prior_create(contexts[slots], 1, layout, 2, 1, &second), "create in the slot that was given back");
    for (int64_t context : contexts) check::ok(softshare_close(context), "close");
}

}  // namespace

int main() {
    const std::vector<int> sets = check::instruction_sets();
    for (const Case& c : cases::all()) {
        const int k = c.mixture.k();
        if (device::small() && (k != 17 || c.weights.size() != 1021)) continue;
        if (k != 1 && k != 17 && c.weights.size() != 97 && (k != 33 || c.weights.size() > 2000)) continue;
        const reference::Result e = reference::arena(c.tensors, c.mixture, c.weights.data(), c.bits(), c.rows(), c.columns());
        for (int isa : sets) {
            if (c.weights.size() < 60000) step(c, e, isa, isa == sets.back() ? 2 : 1);
            assign(c, e, isa);
            freeze(c, e, isa, 2);
        }
    }
    for (int isa : sets) {
        if (!device::small()) extreme_step(isa);
    }
    offsets();
    if (device::cuda() != nullptr) {
        for (bool graphs : {false, true}) {
            for (int k : {3, 17, 40}) side_by_side(k, graphs);
        }
        slots();
    }
    return check::finish();
}
