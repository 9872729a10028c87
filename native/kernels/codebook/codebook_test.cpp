/* The hard step against its definition: assignment, values, the gradient of shared values, rounding. */
#include "check.h"

namespace {

void book(int64_t count, int components, bool penalised, bool masked, int first, int isa) {
    check::Random random{uint64_t(count * 31 + components)};
    std::vector<float> w(size_t(count), 0.0f), g = w, codebook, penalty;
    std::vector<uint32_t> live(size_t(count / 32 + 1), 0);
    for (int j = 0; j < components; j++) {
        codebook.push_back(j == 0 ? 0.0f : float(random.uniform(-0.6, 0.6)));
        penalty.push_back(float(random.uniform(0, 0.02)));
    }
    for (size_t i = 0; i < w.size(); i++) {
        w[i] = i % 9 == 0 ? codebook[random.next() % uint64_t(components)] : float(0.3 * random.normal());
        g[i] = float(random.normal());
        if (random.uniform() < 0.4) live[i / 32] |= 1u << (i % 32);
    }
    std::vector<uint8_t> expected;
    std::vector<double> sums;
    for (int threads : {1, 2, 3}) {
        check::Context context(threads, isa);
        const std::string where = "codebook of " + std::to_string(components) + ", " + std::to_string(count) + " weights (" + context.name + ")";
        std::vector<uint8_t> found(size_t(count), 99);
        check::ok(on(context.handle, softshare_codebook_assign, count, w, given(masked, live), components, codebook, given(penalised, penalty), first, found), where);
        for (size_t i = 0; i < w.size(); i++) {
            if (masked && !(live[i / 32] >> (i % 32) & 1)) {
                check::is(found[i] == 0, where + ": frozen weight " + std::to_string(i) + " assigned");
                continue;
            }
            double best = HUGE_VAL;
            auto cost = [&](int j) { return std::pow(double(w[i]) - double(codebook[size_t(j)]), 2) + (penalised ? double(penalty[size_t(j)]) : 0); };
            for (int j = first; j < components; j++) best = std::fmin(best, cost(j));
            check::is(found[i] >= first && found[i] < components && cost(found[i]) <= best * (1 + 1e-5) + 1e-12, where + ": weight " + std::to_string(i) + " assigned to " + std::to_string(found[i]));
        }
        std::vector<float> values(size_t(count), -1.0f);
        check::ok(on(context.handle, softshare_codebook_values, count, found, codebook, values), where);
        for (size_t i = 0; i < w.size(); i++) check::is(values[i] == codebook[found[i]], where + ": value " + std::to_string(i));
        std::vector<double> totals(size_t(components), -1.0), plain(size_t(components), 0.0), size(size_t(components), 0.0);
        check::ok(on(context.handle, softshare_codebook_gradient, count, g, found, components, totals), where);
        for (size_t i = 0; i < w.size(); i++) {
            plain[found[i]] += double(g[i]);
            size[found[i]] += std::fabs(double(g[i]));
        }
        check::close(where + ": gradient", components, totals.data(), plain.data(), [&](int64_t j) { return 1e-13 * size[size_t(j)] + 1e-30; });
        if (threads == 1) {
            expected = found;
            sums = totals;
        }
        check::same(where + ": threads", count, found.data(), expected.data());
        check::same(where + ": threads, sums", components, totals.data(), sums.data());
    }
}

void rounding(int isa) {
    check::Context context(2, isa);
    const float x[] = {0.125f, 0.375f, -0.125f, 0.3f, -7.26f, 0.0f, 1e6f}, expected[] = {0.0f, 0.5f, -0.0f, 0.25f, -7.25f, 0.0f, 1e6f};
    float y[7];
    check::ok(on(context.handle, softshare_round, 7, 0.25f, x, y), "round");
    check::same("round to quarters, ties to even", 7, y, expected);
    check::ok(on(context.handle, softshare_round, 7, 0.25f, y, y), "round in place");
    check::same("rounding twice", 7, y, expected);
    check::refused(softshare_round(context.handle, 7, 0.0f, x, y), SOFTSHARE_INVALID_ARGUMENT, "grid 0");
}

/* Three steps of Adam in double, straight from its formulas; entry 0 stays. */
void update(int isa) {
    check::Context context(1, isa);
    const int k = 5;
    std::vector<float> codebook = {0, -0.5f, 0.25f, 0.75f, 1}, scalars(SOFTSHARE_SCALARS, 0.0f);
    std::vector<double> moments(2 * k, 0.0), m(k, 0.0), v(k, 0.0), expected(codebook.begin(), codebook.end());
    scalars[SOFTSHARE_SCALAR_RATE_CODEBOOK] = 1e-3f;
    for (int t = 1; t <= 3; t++) {
        const std::vector<double> sums = {9, 0.5 * t, -2e-3, 0, 1e6 / t};
        scalars[SOFTSHARE_SCALAR_CORRECTION_1] = float(1 / (1 - std::pow(0.9, t)));
        scalars[SOFTSHARE_SCALAR_CORRECTION_2] = float(1 / (1 - std::pow(0.999, t)));
        check::ok(on(context.handle, softshare_codebook_update, k, sums, scalars, 0.9f, 0.999f, 1e-8f, moments, codebook), "update");
        for (int j = 1; j < k; j++) {
            const size_t i = size_t(j);
            m[i] = 0.9 * m[i] + 0.1 * sums[i];
            v[i] = 0.999 * v[i] + 0.001 * sums[i] * sums[i];
            expected[i] -= 1e-3 * m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
        }
        check::close("shared values after step " + std::to_string(t), k, codebook.data(), expected.data(), [](int64_t) { return 1e-6; });
    }
    check::is(codebook[0] == 0 && codebook[3] == 0.75f, "the zero and a value without gradient stay");
    check::refused(softshare_codebook_update(context.handle, 257, nullptr, nullptr, 0.9f, 0.999f, 1e-8f, nullptr, nullptr), SOFTSHARE_INVALID_ARGUMENT, "257 entries");
}

}  // namespace

int main() {
    for (int isa : check::instruction_sets()) update(isa);
    for (int isa : check::instruction_sets()) {
        for (int64_t count : {0, 1, 31, 33, 1021, device::most(device::emulated() ? 20003 : 100003)}) {
            for (int components : {1, 2, 17, 256}) {
                if ((count > 2000 || device::small()) && components > 17) continue;
                for (bool penalised : {false, true}) {
                    for (bool masked : {false, true}) book(count, components, penalised, masked, components > 1 && penalised ? 1 : 0, isa);
                }
            }
        }
        rounding(isa);
    }
    check::Context context(1, SOFTSHARE_ISA_AUTO);
    float x = 0;
    uint8_t a = 0;
    check::refused(softshare_codebook_assign(context.handle, 1, &x, nullptr, 257, &x, nullptr, 0, &a), SOFTSHARE_INVALID_ARGUMENT, "257 entries");
    check::refused(softshare_codebook_assign(context.handle, 1, &x, nullptr, 2, &x, nullptr, 2, &a), SOFTSHARE_INVALID_ARGUMENT, "first beyond the end");
    return check::finish();
}
