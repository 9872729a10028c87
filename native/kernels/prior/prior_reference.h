/*
 * The prior in plain double precision, straight from METHOD: what the kernels are compared with. One weight at a time, the
 * structured density by its definition (π_0' from its log-odds), responsibilities from log-densities.
 */
#ifndef SOFTSHARE_PRIOR_REFERENCE_H
#define SOFTSHARE_PRIOR_REFERENCE_H

#include <cmath>
#include <cstdint>
#include <vector>

namespace reference {

struct Mixture {
    std::vector<double> values;  // π, μ, σ
    int k() const { return int(values.size() / 3); }
    double& pi(int j) { return values[size_t(j)]; }
    double& mu(int j) { return values[size_t(k() + j)]; }
    double& sigma(int j) { return values[size_t(2 * k() + j)]; }
    double pi(int j) const { return values[size_t(j)]; }
    double mu(int j) const { return values[size_t(k() + j)]; }
    double sigma(int j) const { return values[size_t(2 * k() + j)]; }
};

struct Tensor {
    int64_t rows, columns, kernel;
    int64_t size() const { return rows * columns * kernel; }
};

/*
 * One weight: value −log p(w), its gradient, Σ r |d| / σ², the distance to the nearest component in σ, and r; and for the bound far
 * from all components the largest distance in σ of those that take part, and Σ 2 r (1 − r) |d| / σ².
 */
struct Weight {
    double value, gradient, scale, nearest, reach, doubt;
    std::vector<double> r;
};

/* structured: the offset o = clip(a + b) counts, else π_0 is the mixture's. */
inline Weight weight(const Mixture& m, double w, bool structured, double offset) {
    const int k = m.k();
    std::vector<double> t(size_t(k), -HUGE_VAL);
    double log_zero = std::log(m.pi(0)), log_rest = 0;
    if (structured && m.pi(0) > 0) {  // without a zero component no odds can be shifted
        const double odds = std::log1p(-m.pi(0)) - std::log(m.pi(0)) + offset;
        log_zero = odds > 0 ? -odds - std::log1p(std::exp(-odds)) : -std::log1p(std::exp(odds));
        log_rest = log_zero + odds - std::log1p(-m.pi(0));
    }
    double most = -HUGE_VAL;
    Weight out{0, 0, 0, HUGE_VAL, 0, 0, std::vector<double>(size_t(k), 0.0)};
    for (int j = 0; j < k; j++) {
        if (!(m.pi(j) > 0)) continue;
        const double z = (w - m.mu(j)) / m.sigma(j);
        const double share = j == 0 && structured ? log_zero : std::log(m.pi(j)) + (j == 0 ? 0 : log_rest);
        t[size_t(j)] = share - std::log(m.sigma(j)) - 0.9189385332046727 - 0.5 * z * z;
        most = std::fmax(most, t[size_t(j)]);
        out.nearest = std::fmin(out.nearest, std::fabs(z));
    }
    double sum = 0;
    for (int j = 0; j < k; j++) sum += std::exp(t[size_t(j)] - most);
    out.value = -(most + std::log(sum));
    for (int j = 0; j < k; j++) {
        out.r[size_t(j)] = std::exp(t[size_t(j)] - most) / sum;
        const double pull = out.r[size_t(j)] * (w - m.mu(j)) / (m.sigma(j) * m.sigma(j));
        out.gradient += pull;
        out.scale += std::fabs(pull);
        double others = 1 - out.r[size_t(j)];
        if (others < 0.5) {  // of at most one component: its difference from 1 would lose what is left
            others = 0;
            for (int i = 0; i < k; i++) others += i == j ? 0 : std::exp(t[size_t(i)] - most) / sum;
        }
        out.doubt += 2 * others * std::fabs(pull);
        if (out.r[size_t(j)] > 1e-30) out.reach = std::fmax(out.reach, std::fabs(w - m.mu(j)) / m.sigma(j));
    }
    return out;
}

/*
 * How far off a gradient in floats may be (derived in prior_passes_cuda.h): 1e-5 Σ r |d| / σ² where a component lies within 8 σ;
 * beyond, ln p_j errs by 3.5 · 2^-24 z_j², which moves r_j by at most 2 r_j (1 − r_j) times that, and the rest is roundings.
 */
inline double gradient_bound(double scale, double nearest, double reach, double doubt) {
    return nearest <= 8 ? 1e-5 * scale : 2e-6 * scale + 2.1e-7 * reach * reach * doubt;
}

/* A whole arena. */
struct Result {
    std::vector<double> value, gradient, scale, nearest, reach, doubt, responsibilities, statistics, row_counts, column_counts;
    std::vector<double> magnitudes;  // Σ of absolute values behind each statistic
};

inline double clip(double x) { return x < -4 ? -4 : x > 7 ? 7 : x; }

inline Result arena(const std::vector<Tensor>& tensors, const Mixture& m, const float* w, const uint32_t* live,
                    const float* row_offsets, const float* column_offsets) {
    const int k = m.k();
    int64_t count = 0, rows = 0, columns = 0;
    for (const Tensor& t : tensors) {
        count += t.size();
        rows += t.rows;
        columns += t.columns;
    }
    Result out;
    out.value.assign(size_t(count), 0);
    out.gradient = out.scale = out.nearest = out.reach = out.doubt = out.value;
    out.responsibilities.assign(size_t(count * k), 0);
    out.statistics.assign(size_t(3 * k + 1), 0);
    out.magnitudes = out.statistics;
    out.row_counts.assign(size_t(rows), 0);
    out.column_counts.assign(size_t(columns), 0);
    int64_t i = 0, row0 = 0, column0 = 0;
    for (const Tensor& t : tensors) {
        for (int64_t r = 0; r < t.rows; r++) {
            for (int64_t c = 0; c < t.columns; c++) {
                for (int64_t x = 0; x < t.kernel; x++, i++) {
                    if (live != nullptr && !(live[i >> 5] >> (i & 31) & 1)) continue;
                    const bool structured = row_offsets != nullptr;
                    const double o = structured ? clip(double(row_offsets[row0 + r]) + double(column_offsets[column0 + c])) : 0;
                    const Weight one = weight(m, double(w[i]), structured, o);
                    out.value[size_t(i)] = one.value;
                    out.gradient[size_t(i)] = one.gradient;
                    out.scale[size_t(i)] = one.scale;
                    out.nearest[size_t(i)] = one.nearest;
                    out.reach[size_t(i)] = one.reach;
                    out.doubt[size_t(i)] = one.doubt;
                    out.statistics[0] += one.value;
                    out.magnitudes[0] += std::fabs(one.value);
                    double rest = 0;
                    for (int j = 0; j < k; j++) {
                        const double d = double(w[i]) - m.mu(j), p = one.r[size_t(j)];
                        out.responsibilities[size_t(i * k + j)] = p;
                        const double moments[3] = {p, p * d, p * d * d};
                        for (int q = 0; q < 3; q++) {
                            out.statistics[size_t(1 + 3 * j + q)] += moments[q];
                            out.magnitudes[size_t(1 + 3 * j + q)] += std::fabs(moments[q]);
                        }
                        if (j > 0) rest += p;
                    }
                    out.row_counts[size_t(row0 + r)] += rest;
                    out.column_counts[size_t(column0 + c)] += rest;
                }
            }
        }
        row0 += t.rows;
        column0 += t.columns;
    }
    return out;
}

}  // namespace reference

#endif
