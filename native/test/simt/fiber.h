/* Switching of stacks: a few instructions on x86-64 (swapcontext makes a system call a switch, ten times dearer), ucontext elsewhere. */
#ifndef SOFTSHARE_SIMT_FIBER_H
#define SOFTSHARE_SIMT_FIBER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)

struct Stack {
    void* pointer = nullptr;
};

extern "C" void simt_switch(void** save, void* to);
asm(R"(
.text
.hidden simt_switch
.globl simt_switch
.type simt_switch,@function
simt_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size simt_switch,.-simt_switch
)");

inline void stack_start(Stack* s, char* bottom, size_t bytes, void (*entry)()) {
    uintptr_t* top = reinterpret_cast<uintptr_t*>(uintptr_t(bottom + bytes) & ~uintptr_t(15));
    *--top = 0;  // stands for a return address: the alignment of a function's entry, an end for those who walk the stack
    *--top = reinterpret_cast<uintptr_t>(entry);
    for (int i = 0; i < 6; i++) *--top = 0;
    s->pointer = top;
}

inline void stack_switch(Stack* from, Stack* to) { simt_switch(&from->pointer, to->pointer); }

#else
#include <ucontext.h>

struct Stack {
    ucontext_t context;
};

inline void stack_start(Stack* s, char* bottom, size_t bytes, void (*entry)()) {
    getcontext(&s->context);
    s->context.uc_stack.ss_sp = bottom;
    s->context.uc_stack.ss_size = bytes;
    s->context.uc_link = nullptr;
    makecontext(&s->context, entry, 0);
}

inline void stack_switch(Stack* from, Stack* to) { swapcontext(&from->context, &to->context); }
#endif

#endif
