/*
 * The mixture's update: gradients against central differences of the prior's loss L_C with its hyperpriors, in double; damped EM
 * against its definition and against the loss, which EM may not raise; schedules; the floor of σ.
 */
#include "../prior/prior_cases.h"

using cases::Mixture;

namespace {

constexpr double TAU = 0.003;
const std::vector<double> HYPER = {5000, 2, 250, 0.1, 0, 0, 0};

struct Setting {
    Mixture mixture;
    std::vector<float> weights;
    std::vector<double> hyper;
    bool zero;
};

double log_beta_gamma(const Setting& s, const Mixture& m) {
    double sum = 0;
    for (int j = 0; j < m.k(); j++) {
        const double lambda = 1 / (m.sigma(j) * m.sigma(j));
        const double alpha = s.hyper[s.zero && j == 0 ? 0 : 2], beta = s.hyper[s.zero && j == 0 ? 1 : 3];
        if (alpha > 0) sum += (alpha - 1) * std::log(lambda) - beta * lambda;
    }
    if (s.zero && s.hyper[4] > 0) sum += (s.hyper[4] - 1) * std::log(m.pi(0)) + (s.hyper[5] - 1) * std::log1p(-m.pi(0));
    return sum;
}

/* L_C */
double loss(const Setting& s, const Mixture& m) {
    double sum = -log_beta_gamma(s, m);
    for (float w : s.weights) sum += reference::weight(m, double(w), false, 0).value;
    return sum;
}

std::vector<double> statistics(const Setting& s) {
    return reference::arena({{1, int64_t(s.weights.size()), 1}}, s.mixture, s.weights.data(), nullptr, nullptr, nullptr).statistics;
}

Mixture update(const Setting& s, const std::vector<float>& scalars, std::vector<double>* moments, int learn_sigma) {
    check::Context context(1, SOFTSHARE_ISA_AUTO);
    cases::Prior prior(context, {{1, int64_t(s.weights.size()), 1}}, s.mixture.k(), s.zero);
    Mixture m = s.mixture;
    moments->resize(size_t(6 * m.k()), 0.0);
    const std::vector<double> sums = statistics(s);
    check::ok(on(prior.handle, softshare_mixture_update, m.values, *moments, sums, scalars, s.hyper, learn_sigma), "update");
    return m;
}

/* The mixture with one parameter moved: group 0: ρ_j (ρ_0: log-odds of π_0), 1: μ_j, 2: log σ_j. */
Mixture moved(const Setting& s, int group, int j, double by) {
    Mixture m = s.mixture;
    const int first = s.zero ? 1 : 0;
    if (group == 1) m.mu(j) += by;
    if (group == 2) m.sigma(j) *= std::exp(by);
    if (group == 0 && j < first) {
        const double old = 1 - m.pi(0);
        m.pi(0) = 1 / (1 + std::exp(-(std::log(m.pi(0)) - std::log1p(-m.pi(0)) + by)));
        for (int x = 1; x < m.k(); x++) m.pi(x) *= (1 - m.pi(0)) / old;
    } else if (group == 0) {
        double before = 0, after = 0;
        for (int x = first; x < m.k(); x++) before += m.pi(x);
        m.pi(j) *= std::exp(by);
        for (int x = first; x < m.k(); x++) after += m.pi(x);
        for (int x = first; x < m.k(); x++) m.pi(x) *= before / after;
    }
    return m;
}

/* Adam's first moments after one step from zero are 0.1 of the gradient of τ·L_C; its update has size `rate` against it. */
void by_gradient(const std::string& name, const Setting& s) {
    std::vector<float> scalars(SOFTSHARE_SCALARS, 0.0f);
    scalars[SOFTSHARE_SCALAR_TAU] = float(TAU);
    scalars[SOFTSHARE_SCALAR_RATE_MEANS] = 1e-4f;
    scalars[SOFTSHARE_SCALAR_RATE_PRECISIONS] = 3e-3f;
    scalars[SOFTSHARE_SCALAR_RATE_PROPORTIONS] = 2e-3f;
    scalars[SOFTSHARE_SCALAR_CORRECTION_1] = 10.0f;
    scalars[SOFTSHARE_SCALAR_CORRECTION_2] = 1000.0f;
    std::vector<double> moments;
    const Mixture m = update(s, scalars, &moments, 0);
    const int k = s.mixture.k(), first = s.zero ? 1 : 0;
    for (int group = 0; group < 3; group++) {
        for (int j = 0; j < k; j++) {
            const bool fixed = (group == 1 && j < first) || (group == 0 && j < first && s.hyper[4] == 0);
            const double found = moments[size_t(group * k + j)] * 10;
            const double e = 1e-5;
            const double difference = fixed ? 0 : double(float(TAU)) * (loss(s, moved(s, group, j, e)) - loss(s, moved(s, group, j, -e))) / (2 * e);
            check::close(name + ": gradient of group " + std::to_string(group) + ", component " + std::to_string(j), 1, &found, &difference, [&](int64_t) { return 1e-5 * std::fabs(difference) + 1e-6; });
        }
    }
    double sum = 0, free_before = 0, free_after = 0;
    for (int j = 0; j < k; j++) {
        sum += m.pi(j);
        check::is(std::fabs(std::fabs(m.sigma(j) / s.mixture.sigma(j)) - 1) < 3.1e-3 && m.sigma(j) != s.mixture.sigma(j), name + ": sigma moved by its rate");
        if (j < first) continue;
        free_before += s.mixture.pi(j);
        free_after += m.pi(j);
        const double step = std::fabs(m.mu(j) - s.mixture.mu(j));
        // Against Adam's ε: a component that no weight is near has no gradient to speak of.
        const bool pulled = std::fabs(moments[size_t(k + j)]) > 1e-6;
        check::is((!pulled || step > 0.9e-4) && step < 1.01e-4, name + ": mean moved by " + std::to_string(step));
    }
    check::is(std::fabs(sum - 1) < 1e-12, name + ": proportions sum to " + std::to_string(sum));
    if (s.hyper[4] == 0) check::is(std::fabs(free_before - free_after) < 1e-12, name + ": pi_0 changed");
    check::is(loss(s, m) < loss(s, s.mixture), name + ": the step raised the loss");
}

void by_em(const std::string& name, Setting s) {
    s.hyper.assign(7, 0.0);
    std::vector<float> scalars(SOFTSHARE_SCALARS, 0.0f);
    scalars[SOFTSHARE_SCALAR_TAU] = float(TAU);
    std::vector<double> moments;
    const int k = s.mixture.k(), first = s.zero ? 1 : 0;
    const std::vector<double> sums = statistics(s);
    for (float damping : {0.125f, 1.0f}) {
        scalars[SOFTSHARE_SCALAR_EM] = damping;
        const Mixture m = update(s, scalars, &moments, 1), kept = update(s, scalars, &moments, 0);
        double all = 0;
        for (int j = first; j < k; j++) all += sums[size_t(1 + 3 * j)];
        for (int j = 0; j < k; j++) {
            const double r = sums[size_t(1 + 3 * j)], a = sums[size_t(2 + 3 * j)], b = sums[size_t(3 + 3 * j)];
            const double shift = j < first ? 0 : a / r;
            double mean = s.mixture.mu(j) + double(damping) * shift;
            double sigma = s.mixture.sigma(j) + double(damping) * (std::sqrt(b / r - shift * shift) - s.mixture.sigma(j));
            double pi = j < first ? s.mixture.pi(j) : s.mixture.pi(j) + double(damping) * ((s.zero ? 1 - s.mixture.pi(0) : 1) * r / all - s.mixture.pi(j));
            if (r <= 1) {
                mean = s.mixture.mu(j);
                sigma = s.mixture.sigma(j);
            }
            const double found[3] = {m.pi(j), m.mu(j), m.sigma(j)}, expected[3] = {pi, mean, sigma};
            check::close(name + ": EM of component " + std::to_string(j), 3, found, expected, [](int64_t) { return 1e-12; });
            check::is(kept.sigma(j) == s.mixture.sigma(j), name + ": sigma learned unasked");
        }
        check::is(loss(s, m) <= loss(s, s.mixture), name + ": EM raised the loss");
    }
    scalars[SOFTSHARE_SCALAR_EM] = 0;
    check::same(name + ": no update", 3 * k, update(s, scalars, &moments, 1).values.data(), s.mixture.values.data());
    scalars[SOFTSHARE_SCALAR_SIGMA_ZERO] = 0.25f;
    scalars[SOFTSHARE_SCALAR_SIGMA] = 0.125f;
    scalars[SOFTSHARE_SCALAR_EM] = 0.5f;
    Mixture m = update(s, scalars, &moments, 1);
    for (int j = 0; j < k; j++) check::is(m.sigma(j) == (j < first ? 0.25 : 0.125), name + ": sigma by schedule");
    s.hyper[6] = 0.2;
    m = update(s, scalars, &moments, 1);
    for (int j = 0; j < k; j++) check::is(m.sigma(j) == (j < first ? 0.25 : 0.2), name + ": floor of sigma");
}

}  // namespace

int main() {
    check::Random random(9);
    for (int k : {2, 5, 17}) {
        for (bool zero : {true, false}) {
            for (double a : {0.0, 40.0}) {
                if (device::small() && k != 5) continue;
                Setting s{cases::even(k, 0.5, 0.4, 0.9), {}, HYPER, zero};
                if (!zero) s.mixture.mu(0) = 0.31;
                s.hyper[4] = zero ? a : 0;
                s.hyper[5] = 3;
                s.weights = cases::weights(700, nullptr, random);
                const std::string name = "K = " + std::to_string(k) + (zero ? ", zero component" : "") + (a > 0 ? ", pi_0 learned" : "");
                by_gradient(name, s);
                by_em(name, s);
            }
        }
    }
    return check::finish();
}
