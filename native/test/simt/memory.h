/* Device memory of the stand-in: NaN at first, a guard behind each block, freed blocks kept out of reach for good. */
#ifndef SOFTSHARE_SIMT_MEMORY_H
#define SOFTSHARE_SIMT_MEMORY_H

#include <stddef.h>

#include <string>

namespace simt {

void* device_take(size_t bytes);
/* The empty text, or what is wrong with the block. */
std::string device_give(void* memory);
/* Whether all bytes lie in one live block (or a known symbol, or the stand-in's pinned memory). */
bool device_has(const void* at, size_t bytes);
void know_symbol(const void* symbol, size_t bytes);
size_t device_used();
/* Faults of kernels are explained on stderr before the process ends. */
void explain_faults();

}  // namespace simt

#endif
