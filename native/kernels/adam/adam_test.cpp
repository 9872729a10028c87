/* Adam and y += a·x against double precision: sizes around the vectors', live bits, every instruction set, any threads. */
#include "check.h"

namespace {

void adam(int64_t count, double share, int isa) {
    check::Random random{uint64_t(count)};
    std::vector<float> w(size_t(count), 0.0f), g = w, m = w, v = w;
    std::vector<uint32_t> live(size_t(count / 32 + 1), 0);
    for (size_t i = 0; i < w.size(); i++) {
        w[i] = float(random.normal());
        g[i] = float(random.normal());
        m[i] = float(0.1 * random.normal());
        v[i] = float(random.uniform(1e-8, 1e-1));
        if (random.uniform() < share) live[i / 32] |= 1u << (i % 32);
    }
    std::vector<float> scalars(SOFTSHARE_SCALARS, 0.0f);
    scalars[SOFTSHARE_SCALAR_RATE_OTHER] = 1e-3f;
    scalars[SOFTSHARE_SCALAR_CORRECTION_1] = 3.69f;
    scalars[SOFTSHARE_SCALAR_CORRECTION_2] = 333.7f;
    std::vector<std::vector<float>> first;
    for (int threads : {1, 2, 3}) {
        check::Context context(threads, isa);
        const std::string where = "adam of " + std::to_string(count) + ", live " + std::to_string(share) + " (" + context.name + ")";
        std::vector<float> w1 = w, m1 = m, v1 = v, y = w;
        check::ok(on(context.handle, softshare_adam, count, w1, g, m1, v1, given(share < 1, live), scalars, SOFTSHARE_SCALAR_RATE_OTHER, 0.9f, 0.999f, 1e-8f), where);
        check::ok(on(context.handle, softshare_add_scaled, count, scalars, SOFTSHARE_SCALAR_CORRECTION_1, g, y), where);
        std::vector<double> e(w.size()), em(w.size()), ev(w.size()), ey(w.size());
        for (size_t i = 0; i < w.size(); i++) {
            e[i] = double(w[i]);
            em[i] = double(m[i]);
            ev[i] = double(v[i]);
            ey[i] = double(w[i]) + double(3.69f) * double(g[i]);
            if (share < 1 && !(live[i / 32] >> (i % 32) & 1)) continue;
            em[i] = double(0.9f) * em[i] + (1 - double(0.9f)) * double(g[i]);
            ev[i] = double(0.999f) * ev[i] + (1 - double(0.999f)) * double(g[i]) * double(g[i]);
            e[i] -= double(1e-3f) * double(3.69f) * em[i] / (std::sqrt(ev[i] * double(333.7f)) + 1e-8);
        }
        check::close(where + ": values", count, w1.data(), e.data(), [&](int64_t i) { return 1.2e-7 * std::fabs(e[size_t(i)]) + 1e-9; });
        check::close(where + ": first", count, m1.data(), em.data(), [&](int64_t i) { return 3e-7 * (std::fabs(double(m[size_t(i)])) + std::fabs(double(g[size_t(i)]))); });
        check::close(where + ": second", count, v1.data(), ev.data(), [&](int64_t i) { return 1e-6 * ev[size_t(i)]; });
        check::close(where + ": add_scaled", count, y.data(), ey.data(), [&](int64_t i) { return 4e-7 * (std::fabs(double(w[size_t(i)])) + 4 * std::fabs(double(g[size_t(i)]))); });
        for (size_t i = 0; share < 1 && i < w.size(); i++) {
            if (live[i / 32] >> (i % 32) & 1) continue;
            check::is(w1[i] == w[i] && m1[i] == m[i] && v1[i] == v[i], where + ": frozen " + std::to_string(i) + " changed");
        }
        const std::vector<std::vector<float>> all = {w1, m1, v1, y};
        if (first.empty()) first = all;
        for (size_t x = 0; x < all.size(); x++) check::same(where + ": threads", count, all[x].data(), first[x].data());
    }
}

}  // namespace

int main() {
    for (int isa : check::instruction_sets()) {
        for (int64_t count : {0, 1, 15, 31, 32, 33, 1021, device::most(100003)}) {
            for (double share : {1.0, 0.7, 0.02, 0.0}) adam(count, share, isa);
        }
    }
    check::Context context(1, SOFTSHARE_ISA_AUTO);
    float x = 0;
    check::refused(softshare_add_scaled(context.handle, 1, &x, SOFTSHARE_SCALARS, &x, &x), SOFTSHARE_INVALID_ARGUMENT, "index");
    check::refused(softshare_adam(context.handle, -1, &x, &x, &x, &x, nullptr, &x, 0, 0.9f, 0.999f, 1e-8f), SOFTSHARE_INVALID_ARGUMENT, "count");
    return check::finish();
}
