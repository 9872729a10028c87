/*
 * What the native benchmarks share: options, times, and one JSON line a measurement, with the same names as the lines of
 * bench/peers. Nothing is printed before its output was checked.
 */
#ifndef SOFTSHARE_TEST_BENCH_H
#define SOFTSHARE_TEST_BENCH_H

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace bench {

/* `--name value` and `--name` among the arguments. */
class Options {
public:
    Options(int count, char** arguments) : arguments_(arguments + 1, arguments + count) {}

    bool has(const char* name) const { return find(name) < arguments_.size(); }

    std::string text(const char* name, const std::string& otherwise) const {
        const size_t at = find(name);
        return at + 1 < arguments_.size() ? arguments_[at + 1] : otherwise;
    }

    int64_t number(const char* name, int64_t otherwise) const {
        const std::string value = text(name, std::to_string(otherwise));
        char* end = nullptr;
        const int64_t number = std::strtoll(value.c_str(), &end, 10);
        if (*end != 0 || number < 1) {
            std::fprintf(stderr, "%s must be a number of 1 or more, found '%s'\n", name, value.c_str());
            std::exit(2);
        }
        return number;
    }

private:
    size_t find(const char* name) const {
        return size_t(std::find(arguments_.begin(), arguments_.end(), name) - arguments_.begin());
    }
    std::vector<std::string> arguments_;
};

/* Seconds of calls: sorted. */
struct Times {
    std::vector<double> all;
    double median() const { return all[all.size() / 2]; }
    double least() const { return all.front(); }
    double most() const { return all.back(); }
    double share(double of) const { return all[std::min(all.size() - 1, size_t(of * double(all.size())))]; }
};

/* `rounds` calls, fewer (3 at least) if they would take longer than `seconds`, after a warm-up. */
template <typename Body>
Times measure(Body&& body, int64_t rounds, double seconds = 20) {
    using clock = std::chrono::steady_clock;
    for (int i = 0; i < 3; i++) body();
    Times times;
    const auto begin = clock::now();
    while (int64_t(times.all.size()) < rounds &&
           (times.all.size() < 3 || std::chrono::duration<double>(clock::now() - begin).count() < seconds)) {
        const auto start = clock::now();
        body();
        times.all.push_back(std::chrono::duration<double>(clock::now() - start).count());
    }
    std::sort(times.all.begin(), times.all.end());
    return times;
}

/* A copy that moves `bytes` in all, half of them read and half written, by so many threads. */
class Copy {
public:
    Copy(int64_t bytes, int threads) : threads_(threads), from_(size_t(bytes / 2), 1), to_(size_t(bytes / 2), 0) {}

    Times time(int64_t rounds) {
        return measure([this] { run(); }, rounds);
    }

private:
    void run() {
        std::vector<std::thread> others;
        for (int i = 1; i < threads_; i++) others.emplace_back([this, i] { part(i); });
        part(0);
        for (std::thread& other : others) other.join();
    }
    void part(int i) {
        const size_t begin = from_.size() * size_t(i) / size_t(threads_), end = from_.size() * size_t(i + 1) / size_t(threads_);
        std::memcpy(to_.data() + begin, from_.data() + begin, end - begin);
    }
    int threads_;
    std::vector<char> from_, to_;
};

/* Most bytes of memory that the process ever held. */
inline int64_t peak_bytes() {
    int64_t kilobytes = 0;
    if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
        char line[256];
        while (std::fgets(line, sizeof line, status) != nullptr) {
            if (std::sscanf(line, "VmHWM: %ld", &kilobytes) == 1) break;
        }
        std::fclose(status);
    }
    return kilobytes * 1024;
}

/* One JSON object on one line. */
class Line {
public:
    Line(const std::string& operation, const std::string& implementation, const Times& times) {
        text("side", "softshare");
        text("operation", operation);
        text("implementation", implementation);
        number("median", times.median());
        number("min", times.least());
        number("max", times.most());
        integer("rounds", int64_t(times.all.size()));
    }
    Line& text(const char* name, const std::string& value) { return add(name, "\"" + value + "\""); }
    Line& integer(const char* name, int64_t value) { return add(name, std::to_string(value)); }
    Line& number(const char* name, double value) {
        char digits[40];
        std::snprintf(digits, sizeof digits, "%.9g", value);
        return add(name, digits);
    }
    void print() {
        std::printf("{%s}\n", fields_.c_str());
        std::fflush(stdout);
    }

private:
    Line& add(const char* name, const std::string& value) {
        fields_ += (fields_.empty() ? "\"" : ", \"") + std::string(name) + "\": " + value;
        return *this;
    }
    std::string fields_;
};

}  // namespace bench

#endif
