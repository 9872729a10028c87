/* Arenas, mixtures and calls that the prior's tests share. */
#ifndef SOFTSHARE_PRIOR_CASES_H
#define SOFTSHARE_PRIOR_CASES_H

#include <algorithm>

#include "check.h"
#include "prior_reference.h"

namespace cases {

using reference::Mixture;
using reference::Tensor;

/* Means evenly over [−range, range], σ a factor of their spacing; π_0 at zero. */
inline Mixture even(int k, double range, double width, double zero_share) {
    Mixture m{std::vector<double>(size_t(3 * k))};
    const double spacing = k > 2 ? 2 * range / (k - 2) : 2 * range;
    for (int j = 0; j < k; j++) {
        m.pi(j) = k == 1 ? 1 : j == 0 ? zero_share : (1 - zero_share) / (k - 1);
        m.mu(j) = j == 0 ? 0 : k == 2 ? range : -range + spacing * (j - 1) + 0.001234567;
        m.sigma(j) = width * spacing * (1 + 0.1 * (j % 3));
    }
    return m;
}

/* Late in a run: narrow, uneven, one component gone. */
inline Mixture late(int k, double range, check::Random& random) {
    Mixture m = even(k, range, 0.04, 0.95);
    for (int j = 1; j < k; j++) {
        m.mu(j) += random.uniform(-0.2, 0.2) * range / k;
        m.sigma(j) *= random.uniform(0.2, 1.5);
    }
    m.sigma(0) = 0.01 * range;
    if (k > 3) {
        m.pi(1) += m.pi(3);
        m.pi(3) = 0;
    }
    return m;
}

/* Trained-looking weights; gathered: near the means of the mixture. */
inline std::vector<float> weights(int64_t count, const Mixture* gathered, check::Random& random) {
    std::vector<float> w(size_t(count), 0.0f);
    for (float& x : w) {
        x = float(0.12 * random.normal());
        if (gathered != nullptr) {
            const int j = random.uniform() < 0.9 ? 0 : int(random.next() % uint64_t(gathered->k()));
            x = float(gathered->mu(j) + gathered->sigma(j) * random.normal() * 1.3);
        }
    }
    return w;
}

/* Bits a weight; frozen weights become +0. */
inline std::vector<uint32_t> mask(std::vector<float>& w, double share, check::Random& random) {
    std::vector<uint32_t> live(w.size() / 32 + 1, 0);
    for (size_t i = 0; i < w.size(); i++) {
        if (random.uniform() < share) {
            live[i / 32] |= 1u << (i % 32);
        } else {
            w[i] = 0.0f;
        }
    }
    return live;
}

struct Prior {
    int64_t handle = 0;
    Prior(const check::Context& context, const std::vector<Tensor>& tensors, int k, bool zero = true) {
        std::vector<int64_t> layout;
        int64_t offset = 0;
        for (const Tensor& t : tensors) {
            layout.insert(layout.end(), {offset, t.rows, t.columns, t.kernel});
            offset += t.size();
        }
        check::ok(softshare_prior_create(context.handle, int(tensors.size()), layout.data(), k, zero, &handle), "create");
    }
    // Freed with its context.
};

struct Sizes {
    int64_t weights = 0, rows = 0, columns = 0;
    explicit Sizes(const std::vector<Tensor>& tensors) {
        for (const Tensor& t : tensors) {
            weights += t.size();
            rows += t.rows;
            columns += t.columns;
        }
    }
};

/* What evaluate or step writes. */
struct Output {
    std::vector<float> gradient, row_counts, column_counts, weights, moment1, moment2;
    std::vector<double> statistics;
};

struct Case {
    std::string name;
    std::vector<Tensor> tensors;
    Mixture mixture;
    std::vector<float> weights;
    std::vector<uint32_t> live;  // empty: dense
    std::vector<float> row_offsets, column_offsets;  // empty: global zero component
    const uint32_t* bits() const { return live.empty() ? nullptr : live.data(); }
    const float* rows() const { return row_offsets.empty() ? nullptr : row_offsets.data(); }
    const float* columns() const { return row_offsets.empty() ? nullptr : column_offsets.data(); }
};

inline Output evaluate(const check::Context& context, const Case& c) {
    const Sizes n(c.tensors);
    Prior prior(context, c.tensors, c.mixture.k());
    Output out;
    out.gradient.assign(size_t(n.weights), -77.0f);
    out.row_counts.assign(size_t(n.rows), -77.0f);
    out.column_counts.assign(size_t(n.columns), -77.0f);
    out.statistics.assign(size_t(3 * c.mixture.k() + 1), -77.0);
    check::ok(on(prior.handle, softshare_prior_evaluate, c.weights, given(c.live), c.mixture.values, given(c.row_offsets),
                                       given(c.column_offsets), out.gradient, out.statistics, out.row_counts,
                                       out.column_counts),
              c.name + ": evaluate");
    return out;
}

/* ±1e4, denormals, zeros, and a component at 1e4 (where there is more than one); all of one width; repeated. */
inline Case extreme(int k, double sigma, bool without_zero, bool structured, int repeat) {
    const float w[] = {0.0f, -0.0f, 1e4f, -1e4f, 1e-40f, -1e-40f, 1e-38f, 0.5f, 0.50000006f, 3.0f, -100.0f, 1e-4f};
    Case c{"extremes, K = " + std::to_string(k) + ", sigma " + std::to_string(sigma) + (without_zero ? ", no zero" : "") + (structured ? ", structured" : ""),
           {}, even(k, 0.5, 1.0, 0.5), {}, {}, {}, {}};
    for (int i = 0; i < repeat; i++) c.weights.insert(c.weights.end(), std::begin(w), std::end(w));
    for (int j = 0; j < k; j++) c.mixture.sigma(j) = sigma;
    if (k > 1) c.mixture.mu(k - 1) = 1e4;
    if (without_zero) c.mixture.pi(0) = 0;
    c.tensors = {{1, int64_t(c.weights.size()), 1}};
    if (structured) {
        c.row_offsets = {100.0f};  // is clipped
        c.column_offsets.assign(c.weights.size(), 0.0f);
    }
    return c;
}

/* The cases: sizes × components × mixtures × dense, masked, structured. */
inline std::vector<Case> all() {
    check::Random random(1);
    std::vector<Case> cases;
    auto add = [&](std::string name, std::vector<Tensor> tensors, Mixture m, bool gathered, double live, bool structured) {
        const Sizes n(tensors);
        Case c{std::move(name), std::move(tensors), m, weights(n.weights, gathered ? &m : nullptr, random), {}, {}, {}};
        if (live < 1) c.live = mask(c.weights, live, random);
        if (structured) {
            for (int64_t i = 0; i < n.rows; i++) c.row_offsets.push_back(float(random.uniform(-4, 5)));
            for (int64_t i = 0; i < n.columns; i++) c.column_offsets.push_back(float(random.uniform(-4, 5)));
        }
        cases.push_back(std::move(c));
    };
    const std::vector<Tensor> nets = {{20, 1, 25}, {50, 20, 25}, {7, 13, 1}, {1, 1, 1}, {3, 5000, 2}, {2000, 3, 1}};
    for (int k : {1, 2, 9, 17, 33, 64, 256}) {
        const std::string of = " of K = " + std::to_string(k);
        for (int64_t size : {0, 1, 31, 33, 1021}) {
            add(std::to_string(size) + of, {{1, size, 1}}, even(k, 0.5, 1.2, 0.5), false, 1, false);
        }
        if (k == 2 || k == 64) continue;  // nets of these add time, not paths
        add("net, even" + of, nets, even(k, 0.5, 0.25, 0.9), false, 1, false);
        add("net, late" + of, nets, late(k, 0.5, random), true, 1, false);
        add("net, late, structured" + of, nets, late(k, 0.5, random), true, 1, true);
        add("net, wide, structured" + of, nets, even(k, 0.5, 2.0, 0.7), false, 1, true);
        for (double live : {0.9, 0.3, 0.005, 0.0}) {
            const std::string share = ", live " + std::to_string(live);
            add("net, even" + share + of, nets, even(k, 0.5, 0.5, 0.9), false, live, false);
            add("net, late, structured" + share + of, nets, late(k, 0.5, random), true, live, true);
        }
    }
    for (int k = 1; k <= 64; k++) add("97 of K = " + std::to_string(k), {{1, 97, 1}}, late(k, 0.5, random), true, 1, false);
    add("1,000,003 of K = 40", {{1, 1, 1000003}}, even(40, 0.5, 1.0, 0.5), false, 1, false);
    add("1,000,003 of K = 17", {{1, 1, 1000003}}, even(17, 0.5, 1.0, 0.5), false, 1, false);
    add("100,003 of K = 17", {{1, 100003, 1}}, even(17, 0.5, 1.0, 0.5), false, 1, false);
    add("100,003 rows of K = 17", {{100003, 1, 1}}, late(17, 0.5, random), true, 0.5, true);
    return cases;
}

}  // namespace cases

#endif
