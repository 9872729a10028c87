/*
 * Times the prior against a memory copy of the same bytes (of one thread): median nanoseconds a weight, initial and late mixture, 1 and 2
 * threads. Every output is compared with double precision before it is timed. Built with -DSOFTSHARE_BENCH=ON.
 *   prior_bench [weights] [components]
 */
#include <chrono>

#include "prior_cases.h"

namespace {

constexpr int ROUNDS = 25;

template <typename Body>
double median_seconds(Body&& body) {
    for (int i = 0; i < 3; i++) body();
    std::vector<double> times;
    for (int i = 0; i < ROUNDS; i++) {
        const auto begin = std::chrono::steady_clock::now();
        body();
        times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(times.begin(), times.end());
    return times[ROUNDS / 2];
}

void line(const std::string& what, int64_t count, double seconds, double copy) {
    std::printf("%-64s %8.3f ms %8.3f ns a weight %8.2f copies\n", what.c_str(), seconds * 1e3, seconds * 1e9 / double(count), seconds / copy);
    std::fflush(stdout);
}

/* A sample of weights as an arena of its own, against double precision. */
void verify(const check::Context& context, const cases::Case& c) {
    cases::Case sample = c;
    const size_t count = std::min<size_t>(c.weights.size(), 4099);
    sample.weights.resize(count);
    sample.tensors = {{1, int64_t(count), 1}};
    if (!c.row_offsets.empty()) {
        sample.row_offsets.resize(1);
        sample.column_offsets.assign(count, 0.5f);
    }
    const cases::Output found = cases::evaluate(context, sample);
    const reference::Result expected = reference::arena(sample.tensors, sample.mixture, sample.weights.data(), sample.bits(), sample.rows(), sample.columns());
    check::close(c.name + ": gradient", int64_t(count), found.gradient.data(), expected.gradient.data(), [&](int64_t i) { return 1e-5 * expected.scale[size_t(i)] + 1e-6; });
    check::close(c.name + ": statistics", int64_t(found.statistics.size()), found.statistics.data(), expected.statistics.data(), [&](int64_t i) { return 4e-6 * expected.magnitudes[size_t(i)] + 1e-5; });
}

void bench(int64_t count, const cases::Case& c, int isa) {
    for (int threads : {1, 2}) {
        check::Context context(threads, isa);
        if (context.handle == 0) continue;
        verify(context, c);
        const int k = c.mixture.k();
        const std::string where = c.name + ", " + context.name + ": ";
        cases::Prior prior(context, c.tensors, k);
        const cases::Sizes n(c.tensors);
        std::vector<float> gradient(size_t(count), 0.0f), task(size_t(count), 1e-3f), m(size_t(count), 0.0f), v(size_t(count), 0.0f), w = c.weights;
        std::vector<float> rows(size_t(n.rows)), columns(size_t(n.columns));
        std::vector<double> statistics(size_t(3 * k + 1));
        float scalars[SOFTSHARE_SCALARS] = {1e-9f, 1e-12f, 0, 0, 1, 1};
        const double copy = median_seconds([&] { std::memcpy(gradient.data(), w.data(), size_t(count) * 4); });
        line(where + "copy of 8 bytes a weight (1 thread)", count, copy, copy);
        // A step reads weight, gradient and two moments and writes three of them back.
        std::vector<float> from(size_t(count) * 7 / 2, 1.0f), to(from.size(), 0.0f);
        const double step_copy = median_seconds([&] { std::memcpy(to.data(), from.data(), from.size() * 4); });
        line(where + "copy of 28 bytes a weight (1 thread)", count, step_copy, step_copy);
        line(where + "evaluate, gradient", count, median_seconds([&] {
                 check::ok(softshare_prior_evaluate(prior.handle, w.data(), c.bits(), c.mixture.values.data(), c.rows(), c.columns(), gradient.data(), nullptr, nullptr, nullptr), "evaluate");
             }), copy);
        line(where + "evaluate, gradient and statistics", count, median_seconds([&] {
                 check::ok(softshare_prior_evaluate(prior.handle, w.data(), c.bits(), c.mixture.values.data(), c.rows(), c.columns(), gradient.data(), statistics.data(), nullptr, nullptr), "evaluate");
             }), copy);
        line(where + "step without statistics", count, median_seconds([&] {
                 check::ok(softshare_prior_step(prior.handle, w.data(), task.data(), m.data(), v.data(), c.bits(), c.mixture.values.data(), c.rows(), c.columns(), scalars, 0.9f, 0.999f, 1e-8f, nullptr, nullptr, nullptr), "step");
             }), step_copy);
        line(where + "step, statistics and counts", count, median_seconds([&] {
                 check::ok(softshare_prior_step(prior.handle, w.data(), task.data(), m.data(), v.data(), c.bits(), c.mixture.values.data(), c.rows(), c.columns(), scalars, 0.9f, 0.999f, 1e-8f, statistics.data(), rows.data(), columns.data()), "step");
             }), step_copy);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int64_t count = argc > 1 ? std::atoll(argv[1]) : 1000000;
    const int k = argc > 2 ? std::atoi(argv[2]) : 17;
    check::Random random(3);
    const int64_t columns = std::max<int64_t>(count / 500, 1), row_count = std::max<int64_t>(count / columns, 1);
    const std::vector<reference::Tensor> tensors = {{row_count, columns, 1}};
    const int64_t size = row_count * columns;
    cases::Case initial{"initial, sigma 0.25", tensors, cases::even(k, 0.5, 0.0, 0.9), {}, {}, {}, {}};
    for (int j = 0; j < k; j++) initial.mixture.sigma(j) = 0.25;
    initial.weights = cases::weights(size, nullptr, random);
    cases::Case quarter{"initial, sigma a quarter of the spacing", tensors, cases::even(k, 0.5, 0.25, 0.9), initial.weights, {}, {}, {}};
    cases::Case late{"late", tensors, cases::late(k, 0.5, random), {}, {}, {}, {}};
    late.weights = cases::weights(size, &late.mixture, random);
    cases::Case structured = late;
    structured.name = "late, structured";
    structured.row_offsets.assign(size_t(row_count), 0.5f);
    structured.column_offsets.assign(size_t(columns), 0.25f);
    cases::Case masked = late;
    masked.name = "late, 0.5 % live";
    masked.live = cases::mask(masked.weights, 0.005, random);
    for (int isa : {SOFTSHARE_ISA_AVX512, SOFTSHARE_ISA_AVX2, SOFTSHARE_ISA_PLAIN}) {
        for (const cases::Case* c : {&initial, &quarter, &late, &structured, &masked}) bench(size, *c, isa);
    }
    return check::finish();
}
