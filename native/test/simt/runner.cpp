/* The host runner: blocks one after another, a block's threads as fibers. See runner.h and README.md. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <map>

#include "fiber.h"
#include "internal.h"

#define SIMT_EXPORT __attribute__((visibility("default")))

namespace simt {

SIMT_EXPORT Lane* current = nullptr;
SIMT_EXPORT unsigned fence_word = 0;
SIMT_EXPORT int noise_ulp = getenv("SIMT_ULP") != nullptr ? atoi(getenv("SIMT_ULP")) : 0;

namespace {

constexpr size_t STACK = 256 * 1024, PAGE = 4096, SHARED_LIMIT = 48 * 1024, CANARY = 64;
constexpr unsigned THREADS = 1024;
// Threads that the race detector tells apart (it ends the process beyond 8128); creating them is its dearest part.
constexpr unsigned SANITIZER_FIBERS = 2048;
constexpr unsigned char CANARY_BYTE = 0xa5;

enum class State { ready, warp, block, gone };

struct Fiber : Lane {
    Stack stack;
    char* bottom = nullptr;  // the guard page ends here
    void *tsan = nullptr, *fake_stack = nullptr;
    unsigned index = 0, position = 0;
    State state = State::ready;
    Site site{};
    unsigned mask = 0;
    void* operand = nullptr;
    Whole whole = nullptr;
    void* order = nullptr;  // what the race detector knows this generation of a barrier by
};

struct Array {
    const void* key;
    const char* name;
    char* data;
    size_t bytes;
};

int order_of_threads = getenv("SIMT_ORDER") != nullptr ? atoi(getenv("SIMT_ORDER")) : 0;

const Kernel* kernel = nullptr;
std::vector<Fiber> fibers;             // of the block, by linear index
unsigned threads = 0, gone = 0, at_barrier = 0, votes = 0, result_of_votes = 0;
std::vector<unsigned> places;          // position in the order -> thread
uint64_t ready[THREADS / 64];          // by position
unsigned parked[THREADS / 32];         // lanes of each warp at a warp's collective
Array arrays[64];  // of the block; no vector: what fibers allocate, the race detector sees
unsigned array_count = 0;
std::vector<char*> stacks;             // kept from launch to launch
Stack scheduler;
void* scheduler_tsan = nullptr;
const void* scheduler_bottom = nullptr;
size_t scheduler_bytes = 0;
std::string fault;
char *orders = nullptr, *next_order = nullptr;  // addresses that name generations of barriers
char *pool = nullptr, *next_shared = nullptr;   // shared arrays under the race detector: none at another's address
constexpr size_t ORDERS = size_t(1) << 26, POOL = size_t(1) << 26;
/*
 * Under the race detector a launch runs in chunks of SANITIZER_FIBERS threads. Within a chunk every thread is a fiber of its own, so
 * that races between blocks are seen; the next chunk has the same fibers again and is ordered after the one before.
 */
std::vector<void*> sanitizer_fibers;  // as stacks
char launched, joined[2];
uint64_t chunk = 0;

Fiber* self() { return static_cast<Fiber*>(current); }

void mark(const Fiber& f, bool is_ready) {
    const uint64_t bit = uint64_t(1) << (f.position & 63);
    if (is_ready) ready[f.position / 64] |= bit;
    else ready[f.position / 64] &= ~bit;
}

Fiber* next_ready() {
    for (unsigned w = 0; w * 64 < threads; w++) {
        if (ready[w] != 0) return &fibers[places[w * 64 + unsigned(__builtin_ctzll(ready[w]))]];
    }
    return nullptr;
}

/* Leaves the running fiber (or the scheduler: from NULL) for another (or the scheduler: to NULL). */
void go(Fiber* from, Fiber* to, bool for_good = false) {
    current = to;
    if (under_asan()) {
        __sanitizer_start_switch_fiber(for_good || from == nullptr ? nullptr : &from->fake_stack, to != nullptr ? to->bottom : scheduler_bottom,
                                       to != nullptr ? STACK : scheduler_bytes);
    }
    if (under_tsan()) __tsan_switch_to_fiber(to != nullptr ? to->tsan : scheduler_tsan, 1);
    stack_switch(from != nullptr ? &from->stack : &scheduler, to != nullptr ? &to->stack : &scheduler);
    if (under_asan()) __sanitizer_finish_switch_fiber(from != nullptr ? from->fake_stack : nullptr, nullptr, nullptr);
}

void wait(Fiber* f) {
    mark(*f, false);
    go(f, next_ready());
}

void* new_order() {
    if (next_order + 8 >= orders + ORDERS) next_order = orders;
    return next_order += 8;
}

[[noreturn]] void stop(const std::string& text) {
    if (fault.empty()) fault = text;
    if (under_tsan()) __tsan_release(&joined[chunk & 1]);
    go(self(), nullptr);
    abort();  // a stopped launch is never resumed
}

void wake(Fiber& f) {
    f.state = State::ready;
    mark(f, true);
}

void entry() {
    if (under_asan()) __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
    if (under_tsan()) {
        __tsan_acquire(&launched);
        if (chunk > 0) __tsan_acquire(&joined[(chunk + 1) & 1]);
    }
    kernel->run(kernel->arguments);
    Fiber* f = self();
    if (under_tsan()) __tsan_release(&joined[chunk & 1]);
    f->state = State::gone;
    gone++;
    mark(*f, false);
    go(f, next_ready(), true);
}

char* new_stack() {
    char* memory = static_cast<char*>(mmap(nullptr, STACK + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (memory == MAP_FAILED) return nullptr;
    mprotect(memory, PAGE, PROT_NONE);
    return memory + PAGE;
}

std::string words(const Site& site) {
    const char* slash = strrchr(site.file, '/');
    return std::string(site.what) + "@" + (slash != nullptr ? slash + 1 : site.file) + ":" + std::to_string(site.line);
}

std::string triple(uint3 v) { return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")"; }

std::string deadlock() {
    std::map<std::string, unsigned> sites;
    for (const Fiber& f : fibers) sites[f.state == State::gone ? "exited" : words(f.site)]++;
    std::string text = std::string("deadlock in kernel ") + kernel->name + ", block " + triple(fibers[0].block) + ": ";
    const char* comma = "";
    for (const auto& [site, count] : sites) {
        text += comma + site + " x" + std::to_string(count);
        comma = ", ";
    }
    return text;
}

uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The order's permutation of 0 … count − 1. */
void permute(std::vector<unsigned>* all, unsigned count, uint64_t salt) {
    all->resize(count);
    for (unsigned i = 0; i < count; i++) (*all)[i] = order_of_threads == 1 ? count - 1 - i : i;
    if (order_of_threads < 2) return;
    uint64_t state = mix(uint64_t(order_of_threads) * 0x9e3779b97f4a7c15u + salt);
    for (unsigned i = count; i > 1; i--) std::swap((*all)[i - 1], (*all)[(state = mix(state + 0x9e3779b97f4a7c15u)) % i]);
}

void free_arrays() {
    for (unsigned at = 0; at < array_count && !under_tsan(); at++) {
        const Array& a = arrays[at];
        for (size_t i = 0; !under_asan() && i < CANARY; i++) {
            if (static_cast<unsigned char>(a.data[a.bytes + i]) == CANARY_BYTE) continue;
            if (fault.empty()) fault = std::string("kernel ") + kernel->name + " wrote past the end of its shared array " + a.name + " of " + std::to_string(a.bytes) + " bytes";
            break;
        }
        free(a.data);
    }
    array_count = 0;
}

bool run_block(dim3 grid, dim3 block, uint3 at, unsigned first_stack) {
    threads = block.x * block.y * block.z;
    fibers.assign(threads, Fiber());
    permute(&places, threads, (uint64_t(at.z) << 42) ^ (uint64_t(at.y) << 21) ^ at.x);
    memset(ready, 0, sizeof ready);
    memset(parked, 0, sizeof parked);
    gone = at_barrier = votes = 0;
    for (unsigned p = 0; p < threads; p++) {
        Fiber& f = fibers[places[p]];
        f.index = places[p];
        f.position = p;
        f.thread = {f.index % block.x, f.index / block.x % block.y, f.index / (block.x * block.y)};
        f.block = at;
        f.block_size = block;
        f.grid_size = grid;
        if (first_stack + p >= stacks.size()) stacks.push_back(new_stack());
        f.bottom = stacks[first_stack + p];
        if (f.bottom == nullptr) {
            stacks.pop_back();
            fault = "no memory for the threads' stacks";
            return false;
        }
        // Tops at different offsets of their pages: equal ones fall into the same lines of the cache.
        stack_start(&f.stack, f.bottom, STACK - 192 * (p % 21), entry);
        if (under_tsan()) {
            if (first_stack + p >= sanitizer_fibers.size()) sanitizer_fibers.push_back(__tsan_create_fiber(0));
            f.tsan = sanitizer_fibers[first_stack + p];
        }
        mark(f, true);
    }
    go(nullptr, next_ready());
    current = nullptr;
    if (fault.empty() && gone < threads) fault = deadlock();
    free_arrays();
    return fault.empty();
}

}  // namespace

std::string position() {
    if (current == nullptr) return "";
    return std::string("kernel ") + kernel->name + ", block " + triple(current->block) + ", thread " + triple(current->thread);
}

bool in_stack_guard(const void* at) {
    const char* a = static_cast<const char*>(at);
    return current != nullptr && a >= self()->bottom - (1 << 20) && a < self()->bottom;
}

std::string run(const Kernel& k, dim3 grid, dim3 block) {
    kernel = &k;
    fault.clear();
    const uint64_t blocks = uint64_t(grid.x) * grid.y * grid.z, size = uint64_t(block.x) * block.y * block.z;
    const uint64_t blocks_of_chunk = SANITIZER_FIBERS / size;
    // Once, before the first thread runs: were they to move later, the race detector would see a race of the runner's own.
    fibers.reserve(THREADS);
    if (under_tsan()) {
        scheduler_tsan = __tsan_get_current_fiber();
        auto reserve = [](size_t bytes) { return static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)); };
        if (orders == nullptr) orders = reserve(ORDERS);
        if (pool == nullptr) pool = reserve(POOL);
        __tsan_release(&launched);
    }
    if (under_asan()) {
        pthread_attr_t attributes;
        void* bottom = nullptr;
        pthread_getattr_np(pthread_self(), &attributes);
        pthread_attr_getstack(&attributes, &bottom, &scheduler_bytes);
        pthread_attr_destroy(&attributes);
        scheduler_bottom = bottom;
    }
    std::vector<unsigned> sequence;
    if (order_of_threads > 1) permute(&sequence, unsigned(blocks), 77);
    for (uint64_t i = 0; i < blocks; i++) {
        const uint64_t b = order_of_threads > 1 ? sequence[i] : order_of_threads == 1 ? blocks - 1 - i : i;
        const uint3 at = {unsigned(b % grid.x), unsigned(b / grid.x % grid.y), unsigned(b / grid.x / grid.y)};
        chunk = i / blocks_of_chunk;
        if (i % blocks_of_chunk == 0) {
            next_order = orders;
            next_shared = pool;
        }
        if (!run_block(grid, block, at, under_tsan() ? unsigned(i % blocks_of_chunk * size) : 0)) break;
    }
    if (under_tsan()) {
        __tsan_acquire(&joined[0]);
        __tsan_acquire(&joined[1]);
    }
    return fault;
}

SIMT_EXPORT void* shared(const void* key, size_t bytes, const char* name) {
    size_t total = bytes;
    for (unsigned at = 0; at < array_count; at++) {
        if (arrays[at].key == key) return arrays[at].data;
        total += arrays[at].bytes;
    }
    if (array_count == 64) stop(std::string("kernel ") + kernel->name + " declares more than 64 shared arrays");
    if (total > SHARED_LIMIT) {
        stop(std::string("kernel ") + kernel->name + " declares " + std::to_string(total) + " bytes of shared arrays; a block has " + std::to_string(SHARED_LIMIT));
    }
    void* data = nullptr;
    if (under_tsan()) {
        data = next_shared;
        next_shared += (bytes + 127) / 64 * 64;
        if (next_shared > pool + POOL) stop("too many shared arrays for the race detector; test with a smaller grid");
    } else if (posix_memalign(&data, 64, bytes + (under_asan() ? 0 : CANARY)) != 0) {
        stop("no memory for shared arrays");
    }
    // Not memset, which the race detector would take for a write of this thread.
    for (size_t i = 0; i < bytes; i++) static_cast<volatile unsigned char*>(data)[i] = 0xff;
    if (!under_asan() && !under_tsan()) memset(static_cast<char*>(data) + bytes, CANARY_BYTE, CANARY);
    if (under_msan()) __msan_allocated_memory(data, bytes);  // still NaN, and unwritten
    arrays[array_count++] = {key, name, static_cast<char*>(data), bytes};
    return data;
}

SIMT_EXPORT unsigned barrier(int predicate, Site site) {
    Fiber* f = self();
    f->site = site;
    f->state = State::block;
    votes += predicate != 0;
    at_barrier++;
    if (under_tsan()) {
        f->order = nullptr;
        for (const Fiber& other : fibers) {
            if (other.state == State::block && &other != f) f->order = other.order;
        }
        if (f->order == nullptr) f->order = new_order();
        __tsan_release(f->order);
    }
    bool all = at_barrier == threads;
    for (unsigned i = 0; all && i < threads; i++) all = fibers[i].site.line == site.line && fibers[i].site.file == site.file;
    if (all) {
        result_of_votes = votes;
        votes = at_barrier = 0;
        for (Fiber& other : fibers) wake(other);
        // From the order's first again, as the hardware may.
        if (Fiber* first = next_ready(); first != f) go(f, first);
    } else {
        wait(f);
    }
    const unsigned result = result_of_votes;
    if (under_tsan()) __tsan_acquire(f->order);
    return result;
}

SIMT_EXPORT void collective(unsigned mask, void* operand, Whole whole, Site site) {
    Fiber* f = self();
    const unsigned warp = f->index / 32, bit = 1u << (f->index % 32);
    if ((mask & bit) == 0) {
        stop(position() + ": " + words(site) + " with a mask that lacks the calling lane");
    }
    f->site = site;
    f->mask = mask;
    f->operand = operand;
    f->whole = whole;
    f->state = State::warp;
    parked[warp] |= bit;
    bool all = (mask & ~parked[warp]) == 0;
    for (unsigned m = mask; all && m != 0; m &= m - 1) {
        const Fiber& other = fibers[warp * 32 + unsigned(__builtin_ctz(m))];
        all = other.mask == mask && other.whole == whole && other.site.line == site.line && strcmp(other.site.file, site.file) == 0;
    }
    if (!all) return wait(f);
    void* operands[32];
    for (unsigned lane = 0; lane < 32; lane++) operands[lane] = (mask >> lane & 1) != 0 ? fibers[warp * 32 + lane].operand : nullptr;
    whole(operands, mask);
    for (unsigned m = mask; m != 0; m &= m - 1) wake(fibers[warp * 32 + unsigned(__builtin_ctz(m))]);
    parked[warp] &= ~mask;
}

namespace {

struct Shuffled {
    uint64_t bits, result;
    unsigned lane;
    int width;
};

/* PTX ISA, shfl.sync: the source lane; out of its segment, the lane's own value. */
template <int KIND>
void shuffle_all(void* const* operands, unsigned mask) {
    for (unsigned lane = 0; lane < 32; lane++) {
        if (operands[lane] == nullptr) continue;
        Shuffled* s = static_cast<Shuffled*>(operands[lane]);
        const int width = s->width, first = int(lane) / width * width, last = first + width - 1;
        int from = int(lane);
        if (KIND == shuffle_index) from = first + int(s->lane & unsigned(width - 1));
        if (KIND == shuffle_up) from = int(lane) - int(s->lane) >= first ? int(lane) - int(s->lane) : int(lane);
        if (KIND == shuffle_down) from = int(lane) + int(s->lane) <= last ? int(lane) + int(s->lane) : int(lane);
        if (KIND == shuffle_xor) from = int(lane ^ s->lane) <= last ? int(lane ^ s->lane) : int(lane);
        // A lane that takes no part gives garbage: a NaN.
        s->result = (mask >> from & 1) != 0 ? static_cast<Shuffled*>(operands[from])->bits : ~uint64_t(0);
    }
}

void vote_all(void* const* operands, unsigned mask) {
    unsigned votes = 0;
    for (unsigned lane = 0; lane < 32; lane++) {
        if (operands[lane] != nullptr && static_cast<Shuffled*>(operands[lane])->bits != 0) votes |= 1u << lane;
    }
    for (unsigned m = mask; m != 0; m &= m - 1) static_cast<Shuffled*>(operands[__builtin_ctz(m)])->result = votes;
}

void match_all(void* const* operands, unsigned mask) {
    for (unsigned m = mask; m != 0; m &= m - 1) {
        Shuffled* s = static_cast<Shuffled*>(operands[__builtin_ctz(m)]);
        s->result = 0;
        for (unsigned o = mask; o != 0; o &= o - 1) {
            if (static_cast<Shuffled*>(operands[__builtin_ctz(o)])->bits == s->bits) s->result |= o & -o;
        }
    }
}

template <int KIND, typename T>
void reduce_all(void* const* operands, unsigned mask) {
    T sum = T(static_cast<Shuffled*>(operands[__builtin_ctz(mask)])->bits);
    for (unsigned m = mask & (mask - 1); m != 0; m &= m - 1) {
        const T x = T(static_cast<Shuffled*>(operands[__builtin_ctz(m)])->bits);
        if (KIND == reduce_add) sum = T(unsigned(sum) + unsigned(x));
        if (KIND == reduce_min) sum = std::min(sum, x);
        if (KIND == reduce_max) sum = std::max(sum, x);
        if (KIND == reduce_and) sum &= x;
        if (KIND == reduce_or) sum |= x;
        if (KIND == reduce_xor) sum ^= x;
    }
    for (unsigned m = mask; m != 0; m &= m - 1) static_cast<Shuffled*>(operands[__builtin_ctz(m)])->result = unsigned(sum);
}

void nothing(void* const*, unsigned) {}

}  // namespace

SIMT_EXPORT void syncwarp(unsigned mask, Site site) {
    Fiber* f = self();
    if (under_tsan()) {
        f->order = nullptr;
        const unsigned warp = f->index / 32;
        for (unsigned m = mask & parked[warp]; m != 0; m &= m - 1) {
            const Fiber& other = fibers[warp * 32 + unsigned(__builtin_ctz(m))];
            if (other.mask == mask && other.site.line == site.line) f->order = other.order;
        }
        if (f->order == nullptr) f->order = new_order();
        __tsan_release(f->order);
    }
    collective(mask, nullptr, nothing, site);
    if (under_tsan()) __tsan_acquire(f->order);
}

SIMT_EXPORT uint64_t shuffle(Shuffle kind, unsigned mask, uint64_t bits, unsigned lane, int width, Site site) {
    static const Whole wholes[] = {shuffle_all<0>, shuffle_all<1>, shuffle_all<2>, shuffle_all<3>};
    Shuffled s{bits, 0, lane, width};
    collective(mask, &s, wholes[kind], site);
    return s.result;
}

SIMT_EXPORT unsigned ballot(unsigned mask, int predicate, Site site) {
    Shuffled s{uint64_t(predicate != 0), 0, 0, 0};
    collective(mask, &s, vote_all, site);
    return unsigned(s.result);
}

SIMT_EXPORT unsigned match(unsigned mask, uint64_t bits, Site site) {
    Shuffled s{bits, 0, 0, 0};
    collective(mask, &s, match_all, site);
    return unsigned(s.result);
}

SIMT_EXPORT unsigned reduce(Reduction kind, bool is_signed, unsigned mask, unsigned value, Site site) {
    static const Whole wholes[][2] = {{reduce_all<0, unsigned>, reduce_all<0, int>}, {reduce_all<1, unsigned>, reduce_all<1, int>},
                                      {reduce_all<2, unsigned>, reduce_all<2, int>}, {reduce_all<3, unsigned>, reduce_all<3, int>},
                                      {reduce_all<4, unsigned>, reduce_all<4, int>}, {reduce_all<5, unsigned>, reduce_all<5, int>}};
    Shuffled s{value, 0, 0, 0};
    collective(mask, &s, wholes[kind][is_signed], site);
    return unsigned(s.result);
}

}  // namespace simt

extern "C" SIMT_EXPORT void simt_order(int order) { simt::order_of_threads = order; }
