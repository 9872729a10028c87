/*
 * The fused prior against plain double precision: gradient, statistics, counts, on every instruction set; the reference's own
 * gradient against finite differences; the same bits for every number of threads; extremes.
 *
 * Bounds
 *   gradient    1e-5 · Σ_j r_j |d_j| / σ_j² where a component lies within 8 σ (floats: t_j of up to 46 in log2 carries about 1e-5),
 *               beyond that reference::gradient_bound; plus 1e-10 / (least σ) for components that were left out of a block
 *   statistics  2e-6 of the sum of absolute values (floats within a block, then doubles), plus 1e-9 a weight
 *   counts      4e-6 of the sum, plus 1e-6 a weight for responsibilities near 1e-6
 */
#include "prior_cases.h"

using cases::Case;
using cases::Output;

namespace {

double worst_gradient = 0, worst_statistics = 0, worst_counts = 0;

void against_reference(const Case& c, const reference::Result& expected, const std::vector<int>& sets) {
    const cases::Sizes n(c.tensors);
    double least = HUGE_VAL;
    for (int j = 0; j < c.mixture.k(); j++) least = std::fmin(least, c.mixture.sigma(j));
    for (int isa : sets) {
        check::Context context(1, isa);
        const std::string where = c.name + " (" + context.name + ")";
        const Output found = cases::evaluate(context, c);
        worst_gradient = std::fmax(worst_gradient, check::close(where + ": gradient", n.weights, found.gradient.data(), expected.gradient.data(), [&](int64_t i) {
            const size_t at = size_t(i);
            return reference::gradient_bound(expected.scale[at], expected.nearest[at], expected.reach[at], expected.doubt[at]) + 1e-10 / least;
        }));
        worst_statistics = std::fmax(worst_statistics, check::close(where + ": statistics", int64_t(found.statistics.size()), found.statistics.data(), expected.statistics.data(), [&](int64_t i) {
            return 2e-6 * expected.magnitudes[size_t(i)] + 1e-9 * double(n.weights) + 1e-30;
        }));
        auto count_bound = [](const std::vector<double>& sums) {
            return [&sums](int64_t i) { return 4e-6 * sums[size_t(i)] + 1e-9; };
        };
        worst_counts = std::fmax(worst_counts, check::close(where + ": row counts", n.rows, found.row_counts.data(), expected.row_counts.data(), count_bound(expected.row_counts)));
        worst_counts = std::fmax(worst_counts, check::close(where + ": column counts", n.columns, found.column_counts.data(), expected.column_counts.data(), count_bound(expected.column_counts)));
        if (c.bits() != nullptr) {
            for (int64_t i = 0; i < n.weights; i++) {
                if (c.live[size_t(i / 32)] >> (i % 32) & 1) continue;
                check::is(found.gradient[size_t(i)] == 0, where + ": gradient of frozen weight " + std::to_string(i));
            }
        }
    }
}

void any_threads(const Case& c, const std::vector<int>& sets) {
    for (int isa : sets) {
        check::Context one(1, isa);
        const Output expected = cases::evaluate(one, c);
        for (int threads : {2, 3}) {
            check::Context context(threads, isa);
            const Output found = cases::evaluate(context, c);
            const std::string where = c.name + " (" + context.name + ")";
            check::same(where + ": gradient", int64_t(found.gradient.size()), found.gradient.data(), expected.gradient.data());
            check::same(where + ": statistics", int64_t(found.statistics.size()), found.statistics.data(), expected.statistics.data());
            check::same(where + ": rows", int64_t(found.row_counts.size()), found.row_counts.data(), expected.row_counts.data());
            check::same(where + ": columns", int64_t(found.column_counts.size()), found.column_counts.data(), expected.column_counts.data());
        }
    }
}

/* Central differences of the reference's value, in double. */
void reference_gradient() {
    check::Random random(7);
    for (int k : {1, 2, 17}) {
        const cases::Mixture m = cases::even(k, 0.5, 0.6, 0.8);
        for (int i = 0; i < 200; i++) {
            const double w = random.uniform(-0.8, 0.8), o = random.uniform(-4, 7), e = 1e-5;
            for (bool structured : {false, true}) {
                const double difference = (reference::weight(m, w + e, structured, o).value - reference::weight(m, w - e, structured, o).value) / (2 * e);
                const double found = reference::weight(m, w, structured, o).gradient;
                check::close("reference's gradient", 1, &found, &difference, [&](int64_t) { return 1e-6 * (1 + std::fabs(difference)); });
            }
        }
    }
}

/* Extreme weights and mixtures: the gradient within its bound, nothing but numbers anywhere; NaN in does not crash. */
void extremes(const std::vector<int>& sets) {
    for (int isa : sets) {
        check::Context context(1, isa);
        for (int k : {1, 2, 9, 24, 40}) {
            for (double sigma : {1e-4, 1e-2, 10.0}) {
                for (int one_gone : {0, 1}) {
                    for (bool structured : {false, true}) {
                        if (k == 1 && (one_gone == 1 || structured)) continue;
                        const Case c = cases::extreme(k, sigma, one_gone == 1, structured, k == 9 ? 60 : 3);
                        const std::string where = c.name + " (" + context.name + ")";
                        const reference::Result expected = reference::arena(c.tensors, c.mixture, c.weights.data(), nullptr, c.rows(), c.columns());
                        const Output found = cases::evaluate(context, c);
                        worst_gradient = std::fmax(worst_gradient, check::close(where + ": gradient", int64_t(found.gradient.size()), found.gradient.data(), expected.gradient.data(), [&](int64_t i) {
                            const size_t at = size_t(i);
                            return reference::gradient_bound(expected.scale[at], expected.nearest[at], expected.reach[at], expected.doubt[at]) + 1e-10 / sigma;
                        }));
                        for (float x : found.gradient) check::is(std::isfinite(x), where + ": a gradient is " + std::to_string(x));
                        for (double x : found.statistics) check::is(std::isfinite(x), where + ": a statistic is " + std::to_string(x));
                        for (float x : found.row_counts) check::is(std::isfinite(x), where + ": a row's count is " + std::to_string(x));
                        Case bad = c;
                        bad.weights[3] = NAN;
                        bad.weights[7] = INFINITY;
                        cases::evaluate(context, bad);
                    }
                }
            }
        }
    }
}

void refusals() {
    check::Context context(1, SOFTSHARE_ISA_AUTO);
    int64_t handle = 0;
    const int64_t good[] = {0, 2, 3, 4}, gap[] = {1, 2, 3, 4};
    check::refused(softshare_prior_create(context.handle, 1, good, 0, 1, &handle), SOFTSHARE_INVALID_ARGUMENT, "K = 0");
    check::refused(softshare_prior_create(context.handle, 1, good, 257, 1, &handle), SOFTSHARE_INVALID_ARGUMENT, "K = 257");
    check::refused(softshare_prior_create(context.handle, 1, gap, 2, 1, &handle), SOFTSHARE_INVALID_ARGUMENT, "a gap");
    check::ok(softshare_prior_create(context.handle, 1, good, 2, 0, &handle), "create");
    std::vector<float> w(24), offsets(3);
    std::vector<double> mixture = {0.5, 0.5, 0, 1, 1, 0};
    check::refused(softshare_prior_evaluate(handle, w.data(), nullptr, mixture.data(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), SOFTSHARE_INVALID_ARGUMENT, "sigma = 0");
    mixture[5] = NAN;
    check::refused(softshare_prior_evaluate(handle, w.data(), nullptr, mixture.data(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), SOFTSHARE_INVALID_ARGUMENT, "sigma NaN");
    mixture[5] = 1;
    check::refused(softshare_prior_evaluate(handle, w.data(), nullptr, mixture.data(), offsets.data(), offsets.data(), nullptr, nullptr, nullptr, nullptr), SOFTSHARE_INVALID_ARGUMENT, "offsets without a zero component");
    check::ok(softshare_prior_evaluate(handle, w.data(), nullptr, mixture.data(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), "nothing wanted");
}

}  // namespace

int main() {
    const std::vector<int> sets = check::instruction_sets();
    reference_gradient();
    for (const Case& c : cases::all()) {
        // A weight of 256 components takes 20 µs where threads are emulated: of the large cases with many, one is enough.
        const bool large = c.weights.size() > 2000 && (c.mixture.k() > 17 || c.weights.size() > 90000);
        if (device::small() && (c.weights.size() != 1021 || (c.mixture.k() != 17 && c.mixture.k() != 33))) continue;
        const bool wanted = c.name == "net, late, structured of K = 33" || c.name == "1,000,003 of K = 17" || c.name == "1,000,003 of K = 40";
        if (device::emulated() && large && !wanted) continue;
        const reference::Result expected = reference::arena(c.tensors, c.mixture, c.weights.data(), c.bits(), c.rows(), c.columns());
        against_reference(c, expected, sets);
        if (c.mixture.k() == 17 && device::cuda() == nullptr) any_threads(c, sets);
    }
    if (!device::small()) extremes(sets);
    if (device::cuda() == nullptr) refusals();  // a device's mixture is not read back to be judged
    std::printf("worst errors as shares of their bounds: gradient %.3f, statistics %.3f, counts %.3f\n", worst_gradient, worst_statistics, worst_counts);
    return check::finish();
}
