/* Reads kernels' machine code out of a library made by nvcc: see README.md. */
#include <cxxabi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

/* Low 9 bits of an instruction. */
enum Opcode { FMUL = 0x20, FADD = 0x21, FFMA = 0x23, HMMA = 0x3c, MUFU = 0x108, BAR = 0x11d, BRA = 0x147, LDG = 0x181, LDL = 0x183,
              LDS = 0x184, STG = 0x186, STL = 0x187, STS = 0x188, SHFL = 0x189 };

struct Instruction {
    uint64_t low, high;
    int opcode() const { return int(low & 0x1ff); }
};

struct Kernel {
    std::string name;
    int architecture = 0, registers = 0, shared = 0;
    std::vector<Instruction> code;
    size_t loop_begin = 0, loop_end = 0;  // the largest loop; empty: none

    int count(Opcode opcode) const { return count(opcode, 0, code.size()); }
    int loop(Opcode opcode) const { return count(opcode, loop_begin, loop_end); }
    int loop_size() const { return int(loop_end - loop_begin); }
    int count(Opcode opcode, size_t from, size_t to) const {
        return int(std::count_if(code.begin() + long(from), code.begin() + long(to), [&](const Instruction& i) { return i.opcode() == opcode; }));
    }
};

typedef std::vector<unsigned char> Bytes;

template <typename T>
T at(const Bytes& b, size_t offset) {
    if (offset + sizeof(T) > b.size()) {
        fprintf(stderr, "cubins: the library ends within its machine code\n");
        exit(1);
    }
    T value;
    memcpy(&value, b.data() + offset, sizeof value);
    return value;
}

std::string text_at(const Bytes& b, size_t offset) {
    std::string text;
    while (offset < b.size() && b[offset] != 0) text += char(b[offset++]);
    return text;
}

/* softshare::cuda::(file and hash)::step_flat<17, false>(…) → prior::step_flat<17, false> */
std::string readable(std::string mangled) {
    // What is local to a file lies in a namespace of nvcc's: the file's name is enough of it.
    const std::regex local("[0-9]+_GLOBAL__N__[0-9a-f]+_[0-9]+_([a-z_]+)_cuda_cu_[0-9a-f]{8}");
    for (std::smatch match; std::regex_search(mangled, match, local);) {
        const std::string file = match[1];
        mangled = match.prefix().str() + std::to_string(file.size()) + file + match.suffix().str();
    }
    int status = 0;
    char* demangled = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
    std::string name = status == 0 ? demangled : mangled;
    free(demangled);
    name = std::regex_replace(name, std::regex("^void |softshare::cuda::"), "");
    name = std::regex_replace(name, std::regex("\\(Form\\)0"), "forward");
    name = std::regex_replace(name, std::regex("\\(Form\\)1"), "backward_data");
    name = std::regex_replace(name, std::regex("\\(Form\\)2"), "backward_weights");
    name = std::regex_replace(name, std::regex("\\(Form\\)3"), "forward_pooled");
    name = std::regex_replace(name, std::regex("\\(Form\\)4"), "backward_weights_pooled");
    // The parameters: from the first bracket outside of <…>.
    int depth = 0;
    for (size_t i = 0; i < name.size(); i++) {
        if (name[i] == '<') depth++;
        if (name[i] == '>') depth--;
        if (name[i] == '(' && depth == 0) return name.substr(0, i);
    }
    return name;
}

/* Signed instructions that a branch jumps, from the one after it. */
int64_t branch_distance(const Kernel& k, const Instruction& i) {
    const int64_t high = int64_t(i.low) >> 34;
    return k.architecture < 90 ? high * 4 / 16 : (high * 256 + int64_t(i.low >> 16 & 255)) * 4 / 16;
}

void find_loop(Kernel* k) {
    for (size_t i = 0; i < k->code.size(); i++) {
        if (k->code[i].opcode() != BRA) continue;
        const int64_t target = int64_t(i) + 1 + branch_distance(*k, k->code[i]);
        if (target < 0 || target >= int64_t(i)) continue;  // forward, or the endless loop after the kernel's end
        if (i + 1 - size_t(target) > size_t(k->loop_size())) {
            k->loop_begin = size_t(target);
            k->loop_end = i + 1;
        }
    }
}

/* Registers of each symbol from a section .nv.info: records of (format, attribute, size), REGCOUNT's holding (symbol, count). */
void read_registers(const Bytes& b, size_t from, size_t size, std::map<uint32_t, int>* registers) {
    constexpr int sized = 4, register_count = 0x2f;
    for (size_t i = from; i + 4 <= from + size;) {
        const int format = b.at(i), attribute = b.at(i + 1), length = format == sized ? at<uint16_t>(b, i + 2) : 0;
        if (format == sized && attribute == register_count) (*registers)[at<uint32_t>(b, i + 4)] = int(at<uint32_t>(b, i + 8));
        i += 4 + size_t(length);
    }
}

/* The kernels of one cubin, an ELF file at an offset in the library. */
void read_cubin(const Bytes& b, size_t start, std::vector<Kernel>* kernels) {
    const int architecture = int(at<uint32_t>(b, start + 48) >> 8 & 0xff);
    const size_t table = start + at<uint64_t>(b, start + 40), sections = at<uint16_t>(b, start + 60), names = at<uint16_t>(b, start + 62);
    const size_t texts = start + at<uint64_t>(b, table + 64 * names + 24);
    std::map<std::string, int> shared, registers_of;
    std::map<uint32_t, int> registers;
    std::vector<Kernel> found;
    size_t symbols = 0, symbols_size = 0, symbol_names = 0;
    for (size_t s = 0; s < sections; s++) {
        const size_t section = table + 64 * s;
        const std::string name = text_at(b, texts + at<uint32_t>(b, section));
        const size_t offset = start + at<uint64_t>(b, section + 24), size = at<uint64_t>(b, section + 32);
        if (name.rfind(".nv.shared.", 0) == 0 && name.find("reserved") == std::string::npos) shared[name.substr(11)] = int(size);
        if (name == ".nv.info") read_registers(b, offset, size, &registers);
        if (name == ".symtab") {
            symbols = offset;
            symbols_size = size;
            symbol_names = start + at<uint64_t>(b, table + 64 * at<uint32_t>(b, section + 40) + 24);
        }
        if (name.rfind(".text.", 0) != 0) continue;
        Kernel k;
        k.name = name.substr(6);
        k.architecture = architecture;
        for (size_t i = 0; i + 16 <= size; i += 16) k.code.push_back({at<uint64_t>(b, offset + i), at<uint64_t>(b, offset + i + 8)});
        find_loop(&k);
        found.push_back(k);
    }
    for (const auto& [symbol, count] : registers) {
        if (24 * (size_t(symbol) + 1) <= symbols_size) registers_of[text_at(b, symbol_names + at<uint32_t>(b, symbols + 24 * symbol))] = count;
    }
    for (Kernel& k : found) {
        k.registers = registers_of[k.name];
        // From sm_90 on the first KiB belongs to the system.
        k.shared = shared.count(k.name) != 0 ? shared[k.name] - (architecture >= 90 ? 1024 : 0) : 0;
        k.name = readable(k.name);
        kernels->push_back(k);
    }
}

std::vector<Kernel> read_library(const char* path) {
    std::ifstream in(path, std::ios::binary);
    const Bytes b((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::vector<Kernel> kernels;
    const unsigned char magic[] = {0x7f, 'E', 'L', 'F', 2};
    constexpr int machine_cuda = 190;
    for (auto i = b.begin(); (i = std::search(i, b.end(), magic, magic + 5)) != b.end(); ++i) {
        const size_t start = size_t(i - b.begin());
        if (start + 64 <= b.size() && at<uint16_t>(b, start + 18) == machine_cuda) read_cubin(b, start, &kernels);
    }
    if (kernels.empty()) {
        fprintf(stderr, "cubins: %s holds no readable machine code; build it with --compress-mode=none\n", path);
        exit(1);
    }
    std::sort(kernels.begin(), kernels.end(), [](const Kernel& x, const Kernel& y) { return x.name != y.name ? x.name < y.name : x.architecture < y.architecture; });
    return kernels;
}

/* What one turn of a kernel's largest loop does, and the bytes of memory that it moves a unit. */
struct Work {
    const char* unit;
    double units, bytes;
};

Work work_of(const Kernel& k) {
    if (k.name.rfind("prior::step_flat<", 0) == 0) return {"weight", 4, 28};
    if (k.name.rfind("prior::pass<", 0) == 0) return {"weight", 1, 28};
    // 16 sums a thread, 16 of depth a turn; operands come from the caches.
    if (k.name.rfind("implicit_gemm<", 0) == 0) return {"multiply-add", 256, 0};
    return {"", 0, 0};
}

constexpr double CLOCK = 1.755e9, PROCESSORS = 132, LANES = 128, SPECIAL = 16;

/* Units a second on a device of that memory: the least of issue, special functions and memory; and which. */
std::string bound(const Kernel& k, double bytes_a_second) {
    const Work w = work_of(k);
    const double issue = PROCESSORS * CLOCK * LANES / (k.loop_size() / w.units);
    const double special = k.loop(MUFU) == 0 ? 1e30 : PROCESSORS * CLOCK * SPECIAL / (k.loop(MUFU) / w.units);
    const double memory = w.bytes == 0 ? 1e30 : bytes_a_second / w.bytes;
    const double least = std::min({issue, special, memory});
    char text[64];
    snprintf(text, sizeof text, "%.0f G/s (%s)", least / 1e9, least == memory ? "memory" : least == issue ? "issue" : "special");
    return text;
}

void table(const std::vector<Kernel>& kernels) {
    printf("| kernel | sm | registers | spills | shared | loop | MUFU | a unit | bytes a unit | H100 | H200 |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (const Kernel& k : kernels) {
        const Work w = work_of(k);
        printf("| `%s` | %d | %d | %d | %d | %d | %d |", k.name.c_str(), k.architecture, k.registers, k.count(LDL) + k.count(STL), k.shared,
               k.loop_size(), k.loop(MUFU));
        if (w.units == 0) {
            printf(" | | | |\n");
            continue;
        }
        const bool same = k.architecture == 90;  // the devices that the bounds are for
        printf(" %.2f a %s | %.0f | %s | %s |\n", k.loop_size() / w.units, w.unit, w.bytes, same ? bound(k, 3.35e12).c_str() : "",
               same ? bound(k, 4.8e12).c_str() : "");
    }
}

std::string key(const Kernel& k) { return std::to_string(k.architecture) + "\t" + k.name; }

void record(const std::vector<Kernel>& kernels, const char* version) {
    printf("nvcc\t%s\nsm\tkernel\tregisters\tshared\tloop\tmufu\n", version);
    for (const Kernel& k : kernels) printf("%s\t%d\t%d\t%d\t%d\n", key(k).c_str(), k.registers, k.shared, k.loop_size(), k.loop(MUFU));
}

int check(const std::vector<Kernel>& kernels, const char* path, const char* version) {
    int failures = 0;
    for (const Kernel& k : kernels) {
        if (k.count(LDL) + k.count(STL) == 0) continue;
        printf("FAILED: %s on sm_%d has %d loads and %d stores of local memory: its registers spill, or an array has a changing index\n",
               k.name.c_str(), k.architecture, k.count(LDL), k.count(STL));
        failures++;
    }
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    if (line != std::string("nvcc\t") + version) {
        printf("SKIPPED: counts were recorded with %s, this is nvcc %s; spills were looked at\n", line.c_str(), version);
        return failures == 0 ? 0 : 1;
    }
    std::getline(in, line);
    std::map<std::string, std::pair<int, int>> before;
    while (std::getline(in, line)) {
        std::istringstream fields(line);
        std::string sm, name;
        int registers, shared, loop, mufu;
        std::getline(fields, sm, '\t');
        std::getline(fields, name, '\t');
        fields >> registers >> shared >> loop >> mufu;
        before[sm + "\t" + name] = {loop, mufu};
    }
    for (const Kernel& k : kernels) {
        const auto old = before.find(key(k));
        if (old == before.end()) {
            printf("FAILED: %s on sm_%d is not recorded; see test/cubin/README.md\n", k.name.c_str(), k.architecture);
            failures++;
        } else if (k.loop_size() > old->second.first * 1.03 || k.loop(MUFU) > old->second.second) {
            printf("FAILED: the loop of %s on sm_%d has %d instructions and %d special functions, recorded are %d and %d\n", k.name.c_str(),
                   k.architecture, k.loop_size(), k.loop(MUFU), old->second.first, old->second.second);
            failures++;
        }
        // The limit that makes memory, not issue, the bound of the usual step on an H100.
        if (k.architecture == 90 && k.name == "prior::step_flat<17, false, true>" && k.loop_size() > 4 * 190) {
            printf("FAILED: the usual step at 17 components has %d instructions a weight on sm_90, 190 at most\n", k.loop_size() / 4);
            failures++;
        }
    }
    if (failures == 0) printf("%zu kernels: no spills, no loop grew\n", kernels.size());
    return failures == 0 ? 0 : 1;
}

/* Each probe shows its instruction, as often as it was written, and the empty one shows none of them. */
int calibrate(const std::vector<Kernel>& kernels) {
    const std::map<std::string, std::vector<std::pair<Opcode, int>>> expected = {
        {"probe_none", {{MUFU, 0}, {FFMA, 0}, {SHFL, 0}, {LDS, 0}, {LDL, 0}, {STL, 0}, {HMMA, 0}, {LDG, 0}, {STG, 1}}},
        {"probe_ex2", {{MUFU, 1}, {LDG, 1}, {STG, 1}}}, {"probe_lg2", {{MUFU, 1}}}, {"probe_rcp", {{MUFU, 1}}}, {"probe_rsqrt", {{MUFU, 1}}},
        {"probe_sqrt", {{MUFU, 1}}}, {"probe_fma", {{FFMA, 1}, {LDG, 3}, {STG, 1}}}, {"probe_shuffle", {{SHFL, 1}}},
        {"probe_shared", {{STS, 1}, {LDS, 1}, {BAR, 1}}}, {"probe_local", {{LDL, -1}, {STL, -1}}}, {"probe_loop", {{FFMA, 1}}},
        {"probe_mma", {{HMMA, 1}}}};
    int failures = 0, seen = 0;
    for (const Kernel& k : kernels) {
        const auto probe = expected.find(k.name);
        if (probe == expected.end()) continue;
        seen++;
        for (const auto& [opcode, count] : probe->second) {
            const int found = k.count(opcode);
            if (count >= 0 ? found == count : found > 0) continue;
            printf("FAILED: %s on sm_%d shows opcode %x %d times, expected %d (-1: some)\n", k.name.c_str(), k.architecture, int(opcode), found, count);
            failures++;
        }
        if (k.name == "probe_loop" && (k.loop_size() == 0 || k.loop_size() > 12 || k.loop(FFMA) != 1)) {
            printf("FAILED: the loop of %s on sm_%d has %d instructions\n", k.name.c_str(), k.architecture, k.loop_size());
            failures++;
        }
        if (k.registers < 4 || k.registers > 255) {
            printf("FAILED: %s on sm_%d has %d registers\n", k.name.c_str(), k.architecture, k.registers);
            failures++;
        }
        if (k.name == "probe_shared" && k.shared != 128) {
            printf("FAILED: %s on sm_%d has %d bytes of shared memory, expected 128\n", k.name.c_str(), k.architecture, k.shared);
            failures++;
        }
    }
    if (seen % int(expected.size()) != 0 || seen == 0) failures++, printf("FAILED: %d probes\n", seen);
    if (failures == 0) printf("%d probes show what they were written for\n", seen);
    return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string what = count > 2 ? arguments[1] : "";
    if (what == "table" && count == 3) return table(read_library(arguments[2])), 0;
    if (what == "record" && count == 4) return record(read_library(arguments[2]), arguments[3]), 0;
    if (what == "check" && count == 5) return check(read_library(arguments[2]), arguments[3], arguments[4]);
    if (what == "calibrate" && count == 3) return calibrate(read_library(arguments[2]));
    fprintf(stderr, "usage: cubins table LIBRARY | record LIBRARY VERSION | check LIBRARY RECORDED VERSION | calibrate PROBES\n");
    return 2;
}
