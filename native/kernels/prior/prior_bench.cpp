/*
 * Times the prior: value and gradients, and the step fused with Adam, against memory copies of the same bytes: 12 a weight
 * (weight read, gradient read and written) and 28 (weight, gradient and two moments read, three of them written). Outputs are
 * compared with double precision before they are timed. Built with -DSOFTSHARE_BENCH=ON; bench/compare runs it.
 *   prior_bench [--weights 1000000] [--components 17] [--threads 2] [--isa auto|all] [--rounds 25] [--cases all|peers]
 *               [--data DIR: writes the peers' cases there] [--large: only the step, for its memory]
 */
#include "bench.h"
#include "prior_cases.h"

namespace {

struct Errors {
    double gradient = 0, statistics = 0;
};

/* Largest differences from double precision, each against 1 + what it should be, over a sample as an arena of its own. */
Errors verify(const check::Context& context, const cases::Case& c) {
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
    if (check::failures() > 0) std::exit(check::finish());
    Errors errors;
    for (size_t i = 0; i < count; i++) {
        errors.gradient = std::fmax(errors.gradient, std::fabs(double(found.gradient[i]) - expected.gradient[i]) / (1 + std::fabs(expected.gradient[i])));
    }
    for (size_t i = 0; i < found.statistics.size(); i++) {
        errors.statistics = std::fmax(errors.statistics, std::fabs(found.statistics[i] - expected.statistics[i]) / (1 + expected.magnitudes[i]));
    }
    return errors;
}

/* Buffers of one case. */
struct State {
    const cases::Case& c;
    cases::Prior prior;
    std::vector<float> w, gradient, m, v, rows, columns;
    std::vector<double> statistics;
    // A rate so low that the weights stay where they are while the same work is done.
    float scalars[SOFTSHARE_SCALARS] = {1e-9f, 1e-12f, 0, 0, 1, 1};

    State(const check::Context& context, const cases::Case& of, bool step)
        : c(of), prior(context, of.tensors, of.mixture.k()), w(of.weights), gradient(of.weights.size(), 1e-3f),
          m(step ? of.weights.size() : 0), v(step ? of.weights.size() : 0), rows(size_t(cases::Sizes(of.tensors).rows)),
          columns(size_t(cases::Sizes(of.tensors).columns)), statistics(size_t(3 * of.mixture.k() + 1)) {}

    void evaluate(bool sums) {
        check::ok(softshare_prior_evaluate(prior.handle, w.data(), c.bits(), c.mixture.values.data(), c.rows(), c.columns(), gradient.data(), sums ? statistics.data() : nullptr, nullptr, nullptr), "evaluate");
    }
    void step(bool sums, bool counts) {
        check::ok(softshare_prior_step(prior.handle, w.data(), gradient.data(), m.data(), v.data(), c.bits(), c.mixture.values.data(), c.rows(), c.columns(), scalars, 0.9f, 0.999f, 1e-8f, sums ? statistics.data() : nullptr, counts ? rows.data() : nullptr, counts ? columns.data() : nullptr), "step");
    }
};

void small(const cases::Case& c, int threads, int isa, int64_t rounds) {
    check::Context context(threads, isa);
    if (context.handle == 0) return;
    const int64_t count = int64_t(c.weights.size());
    const Errors errors = verify(context, c);
    const double copies[2] = {bench::Copy(12 * count, threads).time(rounds).median(), bench::Copy(28 * count, threads).time(rounds).median()};
    State state(context, c, true);
    auto report = [&](const std::string& implementation, const bench::Times& times, bool step) {
        bench::Line line("prior", implementation, times);
        line.text("mixture", c.name).integer("weights", count).integer("components", c.mixture.k()).integer("threads", threads);
        line.text("version", softshare_describe(context.handle));
        line.number("nanosecondsAWeight", times.median() * 1e9 / double(count));
        line.integer("copyBytes", step ? 28 : 12).number("copies", times.median() / copies[step]);
        line.number("value", state.statistics[0]).number("gradientError", errors.gradient).number("statisticsError", errors.statistics);
        line.print();
    };
    const bench::Times all = bench::measure([&] { state.evaluate(true); }, rounds);
    report("value and gradients", all, false);
    report("gradient of weights", bench::measure([&] { state.evaluate(false); }, rounds), false);
    report("step with Adam", bench::measure([&] { state.step(false, false); }, rounds), true);
    report("step with Adam and gradients", bench::measure([&] { state.step(true, false); }, rounds), true);
    report("step with Adam, gradients and counts", bench::measure([&] { state.step(true, true); }, rounds), true);
}

/* The step alone on weights made by repeating a million: time and the memory that the process ever held. */
void large(const cases::Case& million, int64_t count, int threads, int64_t rounds) {
    cases::Case c = million;
    c.tensors = {{1, count, 1}};
    c.weights.resize(size_t(count));
    for (size_t i = million.weights.size(); i < c.weights.size(); i++) c.weights[i] = million.weights[i % million.weights.size()];
    check::Context context(threads, SOFTSHARE_ISA_AUTO);
    const std::vector<double> of_sums(size_t(3 * c.mixture.k() + 1));
    const Errors errors = verify(context, million);
    cases::Prior prior(context, c.tensors, c.mixture.k());
    std::vector<float> gradient(size_t(count), 1e-3f), m(size_t(count), 0.0f), v(size_t(count), 0.0f);
    std::vector<double> statistics = of_sums;
    float scalars[SOFTSHARE_SCALARS] = {1e-9f, 1e-12f, 0, 0, 1, 1};
    const bench::Times times = bench::measure([&] {
        check::ok(softshare_prior_step(prior.handle, c.weights.data(), gradient.data(), m.data(), v.data(), nullptr, c.mixture.values.data(), nullptr, nullptr, scalars, 0.9f, 0.999f, 1e-8f, statistics.data(), nullptr, nullptr), "step");
    }, rounds, 5);
    bench::Line line("prior", "step with Adam and gradients", times);
    line.text("mixture", c.name).integer("weights", count).integer("components", c.mixture.k()).integer("threads", threads);
    line.text("version", softshare_describe(context.handle)).number("nanosecondsAWeight", times.median() * 1e9 / double(count));
    line.number("value", statistics[0]).number("gradientError", errors.gradient);
    line.integer("arenaBytes", 16 * count).integer("matrixBytes", 4 * count * c.mixture.k()).integer("peakBytes", bench::peak_bytes());
    line.print();
}

void write(const std::string& path, const void* data, size_t bytes) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr || std::fwrite(data, 1, bytes, file) != bytes || std::fclose(file) != 0) {
        std::fprintf(stderr, "cannot write %s; --data names a folder that exists\n", path.c_str());
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Options options(argc, argv);
    const int64_t count = options.number("--weights", 1000000), rounds = options.number("--rounds", 25);
    const int k = int(options.number("--components", 17)), threads = int(options.number("--threads", 2));
    const bool is_large = options.has("--large");
    check::Random random(3);
    const int64_t made = is_large ? std::min<int64_t>(count, 1000000) : count;
    const int64_t columns = std::max<int64_t>(made / 500, 1), row_count = std::max<int64_t>(made / columns, 1);
    const std::vector<reference::Tensor> tensors = {{row_count, columns, 1}};
    const int64_t size = row_count * columns;
    cases::Case initial{"initial", tensors, cases::even(k, 0.5, 0.0, 0.99), {}, {}, {}, {}};
    for (int j = 0; j < k; j++) initial.mixture.sigma(j) = 0.25;
    initial.weights = cases::weights(size, nullptr, random);
    cases::Case quarter{"initial-quarter", tensors, cases::even(k, 0.5, 0.25, 0.99), initial.weights, {}, {}, {}};
    cases::Case late{"late", tensors, cases::late(k, 0.5, random), {}, {}, {}, {}};
    // The tests' mixture has a component without a share, of which PyTorch's logarithms know nothing.
    for (int j = 1; j < k; j++) late.mixture.pi(j) = (1 - late.mixture.pi(0)) / (k - 1);
    late.weights = cases::weights(size, &late.mixture, random);
    if (is_large) {
        large(late, count, threads, rounds);
        return check::failures() > 0;
    }
    const std::string folder = options.text("--data", "");
    if (!folder.empty()) {
        for (const cases::Case* c : {&initial, &quarter, &late}) {
            write(folder + "/" + c->name + ".weights", c->weights.data(), c->weights.size() * sizeof(float));
            write(folder + "/" + c->name + ".mixture", c->mixture.values.data(), c->mixture.values.size() * sizeof(double));
        }
    }
    cases::Case structured = late;
    structured.name = "late-structured";
    structured.row_offsets.assign(size_t(row_count), 0.5f);
    structured.column_offsets.assign(size_t(columns), 0.25f);
    cases::Case masked = late;
    masked.name = "late-live-0.5-percent";
    masked.live = cases::mask(masked.weights, 0.005, random);
    std::vector<const cases::Case*> all = {&initial, &quarter, &late};
    if (options.text("--cases", "all") == "all") all.insert(all.end(), {&structured, &masked});
    std::vector<int> sets = {SOFTSHARE_ISA_AUTO};
    if (options.text("--isa", "auto") == "all") sets = {SOFTSHARE_ISA_AVX512, SOFTSHARE_ISA_AVX2, SOFTSHARE_ISA_PLAIN};
    for (int isa : sets) {
        for (const cases::Case* c : all) small(*c, threads, isa, rounds);
    }
    return check::failures() > 0;
}
