/* The hard step's loops over a piece of weights, one table an instruction set. */
#ifndef SOFTSHARE_CODEBOOK_H
#define SOFTSHARE_CODEBOOK_H

#include <stdint.h>

namespace softshare::cpu {

struct CodebookKernels {
    /* Weights [begin, end); begin is a multiple of 32. penalty may be NULL. */
    void (*assign)(int64_t begin, int64_t end, const float* weights, const uint32_t* live, int components,
                   const float* codebook, const float* penalty, int first, uint8_t* assignment);
};

namespace plain {
extern const CodebookKernels codebook_kernels;
}
namespace avx2 {
extern const CodebookKernels codebook_kernels;
}
namespace avx512 {
extern const CodebookKernels codebook_kernels;
}

}  // namespace softshare::cpu

#endif
