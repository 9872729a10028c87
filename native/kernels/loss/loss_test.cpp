/* Cross-entropy with distillation against the formulas in double; extreme logits; errors, partial batches, divergence. */
#include "layers_check.h"

using namespace layers_check;

namespace {

struct Case {
    int batch, valid, classes;
    float share, temperature, scale;
};

Doubles log_softmax(const double* z, int classes, double temperature) {
    double top = z[0], sum = 0;
    for (int c = 0; c < classes; c++) top = z[c] > top ? z[c] : top;
    for (int c = 0; c < classes; c++) sum += exp((z[c] - top) / temperature);
    Doubles all(classes);
    for (int c = 0; c < classes; c++) all[c] = (z[c] - top) / temperature - log(sum);
    return all;
}

/* Σ of the rows' losses; their gradient divided by valid. */
double reference(const Case& s, const Doubles& z, const std::vector<int32_t>& labels, const Doubles& teacher, Doubles* gradient) {
    double total = 0;
    if (gradient != nullptr) gradient->assign(z.size(), 0.0);
    for (int n = 0; n < s.valid; n++) {
        const size_t at = size_t(n) * s.classes;
        const Doubles hard = log_softmax(&z[at], s.classes, 1), soft = log_softmax(&z[at], s.classes, s.temperature);
        const Doubles taught = log_softmax(&teacher[at], s.classes, s.temperature);
        double divergence = 0;
        for (int c = 0; c < s.classes; c++) divergence += exp(taught[c]) * (taught[c] - soft[c]);
        total += (1.0 - s.share) * -hard[labels[n]] + double(s.share) * s.temperature * s.temperature * divergence;
        if (gradient == nullptr) continue;
        for (int c = 0; c < s.classes; c++) {
            (*gradient)[at + c] = ((1.0 - s.share) * (exp(hard[c]) - (labels[n] == c)) +
                                   double(s.share) * s.temperature * (exp(soft[c]) - exp(taught[c]))) / s.valid;
        }
    }
    return total;
}

std::vector<int32_t> some_labels(const Case& s, Random& random) {
    std::vector<int32_t> labels(s.batch);
    for (int32_t& l : labels) l = int32_t(random.next() % s.classes);
    return labels;
}

void differences() {
    const Case s{3, 3, 4, 0.3f, 2.5f, 2};
    Random random(1);
    const Doubles z = wide(random.floats(12, s.scale)), teacher = wide(random.floats(12, s.scale));
    const std::vector<int32_t> labels = some_labels(s, random);
    Doubles gradient;
    reference(s, z, labels, teacher, &gradient);
    derivative("logits", z, gradient, [&](const Doubles& v) { return reference(s, v, labels, teacher, nullptr) / s.valid; });
}

void compare(const Case& s) {
    Random random(13);
    const size_t size = size_t(s.batch) * s.classes;
    const Floats z = random.floats(size, s.scale), teacher = random.floats(size, s.scale);
    const std::vector<int32_t> labels = some_labels(s, random);
    Doubles gradient;
    const double total = reference(s, wide(z), labels, wide(teacher), &gradient);
    int errors = 0;
    for (int n = 0; n < s.valid; n++) {
        int best = 0;
        for (int c = 1; c < s.classes; c++) best = z[n * s.classes + c] > z[n * s.classes + best] ? c : best;
        errors += best != labels[n];
    }
    Floats first;
    Doubles first_totals;
    each_context([&](int64_t context, const std::string& name) {
        const std::string what = "loss of " + std::to_string(s.batch) + " x " + std::to_string(s.classes) + ", " + name + ", ";
        Floats d(size, NAN);
        Doubles totals = {10, 20, 30, -1};
        OK(on(context, softshare_loss, s.batch, s.valid, s.classes, z, labels, given(s.share != 0, teacher), s.share, s.temperature, nullptr, d,
              totals));
        near(what + "gradient", d, gradient, 3e-7 * s.temperature / (s.valid > 0 ? s.valid : 1), 1e-5);
        check(fabs(totals[0] - 10 - total) <= 1e-6 * (s.valid + fabs(total)), what + "loss " + std::to_string(totals[0] - 10) + ", expected " + std::to_string(total));
        check(totals[1] == 20 + errors && totals[2] == 30 + s.valid && totals[3] == -1, what + "counts");
        if (first.empty()) first = d, first_totals = totals;
        same(what + "gradient", d, first);
        same(what + "totals", totals, first_totals);
        totals = {10, 20, 30, -1};
        OK(on(context, softshare_loss, s.batch, s.valid, s.classes, z, labels, given(s.share != 0, teacher), s.share, s.temperature, nullptr,
              nullptr, totals));
        same(what + "totals without gradient", totals, first_totals);
    });
}

void corners() {
    const int64_t context = open(1);
    // Extremes stay finite; the first of equals wins.
    const Floats z = {1e4f, -1e4f, 0, 5, 5, 5, -200, 0, 200};
    const std::vector<int32_t> labels = {1, 0, 2};
    Floats d(9);
    Doubles totals = {0, 0, 0, -1};
    OK(on(context, softshare_loss, 3, 3, 3, z, labels, nullptr, 0, 1, nullptr, d, totals));
    near("extremes", d, {1 / 3.0, -1 / 3.0, 0, -2 / 9.0, 1 / 9.0, 1 / 9.0, 0, 0, 0}, 1e-7, 0);
    check(fabs(totals[0] - (2e4 + log(3))) < 1e-6 && totals[1] == 1, "extremes: loss " + std::to_string(totals[0]));
    // Divergence: the first step is kept.
    const Floats bad = {NAN, 1, 2, 0, 0, INFINITY, 1, NAN, 0};
    int64_t step = 5;
    for (size_t row = 0; row < 3; row++) {
        Doubles t = {0, 0, 0, -1};
        OK(on(context, softshare_loss, 1, 1, 3, range(&bad[row * 3], 3), labels, nullptr, 0, 1, one(step), d, t));
        check(t[3] == 4, "a loss that is not finite names its step, row " + std::to_string(row));
    }
    OK(on(context, softshare_loss, 1, 1, 3, bad, labels, nullptr, 0, 1, one(step), d, totals));
    step = 6;
    OK(on(context, softshare_loss, 1, 1, 3, bad, labels, nullptr, 0, 1, one(step), d, totals));
    check(totals[3] == 4, "the first such step is kept");

    const std::vector<int32_t> unknown = {3};
    const int32_t wrong = unknown[0];
    if (device::cuda() == nullptr) {
        REFUSED(softshare_loss(context, 1, 1, 3, z.data(), &wrong, nullptr, 0, 1, nullptr, d.data(), totals.data()), "label 3 in row 0");
    } else {
        Doubles t = {0, 0, 0, -1};
        OK(on(context, softshare_loss, 1, 1, 3, z, unknown, nullptr, 0, 1, nullptr, d, t));
        check(isnan(t[0]) && t[3] == 0, "a label that is no class makes the loss NaN");
    }
    REFUSED(softshare_loss(context, 1, 2, 3, z.data(), &wrong, nullptr, 0, 1, nullptr, d.data(), totals.data()), "valid must be 0");
    REFUSED(softshare_loss(context, 1, 1, 3, z.data(), labels.data(), z.data(), 1.5f, 1, nullptr, d.data(), totals.data()), "share");
    REFUSED(softshare_loss(context, 1, 1, 3, nullptr, labels.data(), nullptr, 0, 1, nullptr, d.data(), totals.data()), "logits is NULL");
    OK(softshare_close(context));
}

}  // namespace

int main() {
    differences();
    compare({128, 128, 10, 0, 1, 5});
    compare({128, 101, 10, 0.5f, 4, 5});
    compare({7, 5, 1, 0, 1, 5});
    compare({33, 33, 3, 1, 2, 30});
    compare({100, 99, 123, 0.9f, 3, 10});
    compare({4, 0, 10, 0, 1, 1});
    corners();
    return result();
}
