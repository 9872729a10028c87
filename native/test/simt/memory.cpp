#include "memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "internal.h"

namespace simt {

namespace {

constexpr size_t PAGE = 4096, ALIGNMENT = 256;
constexpr unsigned char CANARY = 0xa5;

struct Block {
    size_t bytes;
    bool live;
    unsigned number;
    char* pages;   // NULL: from posix_memalign, guarded by the sanitizer
    size_t paged;  // guard included
};

std::map<uintptr_t, Block> blocks;
std::map<uintptr_t, size_t> symbols;
unsigned numbers = 0;
size_t used = 0;
struct sigaction before;

const std::pair<const uintptr_t, Block>* block_at(uintptr_t at) {
    auto after = blocks.upper_bound(at);
    return after == blocks.begin() ? nullptr : &*std::prev(after);
}

/* In a kernel: says which thread touched what. Then whoever was there before (a JVM, a sanitizer, nobody) has it. */
void on_fault(int signal, siginfo_t* info, void* context) {
    if (current != nullptr) {
        std::string text = "simt: " + position() + ": ";
        const uintptr_t at = uintptr_t(info->si_addr);
        const auto* found = block_at(at);
        if (in_stack_guard(info->si_addr)) {
            text += "the thread's stack overflowed";
        } else if (found != nullptr && at < found->first + found->second.bytes + 2 * PAGE) {
            const Block& b = found->second;
            text += std::string(b.live ? "byte " : "freed memory: byte ") + std::to_string(at - found->first) + " of device block " +
                    std::to_string(b.number) + ", which " + (b.live ? "has " : "had ") + std::to_string(b.bytes);
        } else {
            text += "address outside all device blocks";
        }
        text += "\n";
        if (write(2, text.data(), text.size()) < 0) _exit(3);
    }
    if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction != nullptr) {
        before.sa_sigaction(signal, info, context);
    } else {
        sigaction(SIGSEGV, &before, nullptr);
    }
}

}  // namespace

void explain_faults() {
    static bool done = false;
    if (done || under_asan() || under_tsan() || under_msan()) return;  // a sanitizer explains better
    done = true;
    static char stack[64 * 1024];
    stack_t own = {}, old = {};
    sigaltstack(nullptr, &old);
    if ((old.ss_flags & SS_DISABLE) != 0) {
        own.ss_sp = stack;
        own.ss_size = sizeof stack;
        sigaltstack(&own, nullptr);
    }
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &before);
}

void* device_take(size_t bytes) {
    const size_t round = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *pages = nullptr, *data = nullptr;
    size_t paged = 0;
    if (under_asan() || under_tsan()) {
        void* memory = nullptr;
        if (posix_memalign(&memory, ALIGNMENT, bytes) != 0) return nullptr;
        data = static_cast<char*>(memory);
    } else {
        paged = (round + PAGE - 1) / PAGE * PAGE + PAGE;
        pages = static_cast<char*>(mmap(nullptr, paged, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (pages == MAP_FAILED) return nullptr;
        mprotect(pages + paged - PAGE, PAGE, PROT_NONE);
        data = pages + paged - PAGE - round;
        memset(data + bytes, CANARY, round - bytes);
    }
    memset(data, 0xff, bytes);
    if (under_msan()) __msan_allocated_memory(data, bytes);
    blocks[uintptr_t(data)] = {bytes, true, ++numbers, pages, paged};
    used += bytes;
    return data;
}

std::string device_give(void* memory) {
    auto found = blocks.find(uintptr_t(memory));
    if (found == blocks.end()) return "cudaFree of a pointer that cudaMalloc did not give";
    Block& b = found->second;
    if (!b.live) return "device block " + std::to_string(b.number) + " of " + std::to_string(b.bytes) + " bytes is freed twice";
    b.live = false;
    used -= b.bytes;
    std::string wrong;
    if (b.pages == nullptr) {
        free(memory);
        blocks.erase(found);  // the sanitizer keeps it in quarantine; plain malloc may give the address again
        return wrong;
    }
    const unsigned char* data = static_cast<const unsigned char*>(memory);
    for (size_t i = b.bytes; i % ALIGNMENT != 0; i++) {
        if (data[i] != CANARY) wrong = "device block " + std::to_string(b.number) + " of " + std::to_string(b.bytes) + " bytes was written past its end";
    }
    // A fresh mapping without rights: it joins its neighbours, so that a long run does not use up the mappings.
    mmap(b.pages, b.paged, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return wrong;
}

bool device_has(const void* at, size_t bytes) {
    if (bytes == 0) return true;
    const uintptr_t a = uintptr_t(at);
    const auto* found = block_at(a);
    if (found != nullptr && found->second.live && a + bytes <= found->first + found->second.bytes) return true;
    auto after = symbols.upper_bound(a);
    return after != symbols.begin() && a + bytes <= std::prev(after)->first + std::prev(after)->second;
}

__attribute__((visibility("default"))) void know_symbol(const void* symbol, size_t bytes) {
    symbols[uintptr_t(symbol)] = bytes;
}

size_t device_used() { return used; }

}  // namespace simt
