/* Where a window goes along an axis: shared by whatever slides one, in host code. */
#ifndef SOFTSHARE_COMMON_WINDOW_H
#define SOFTSHARE_COMMON_WINDOW_H

#include <stdint.h>

namespace softshare {

/* Length of the output along one axis; 0 if the window does not fit. */
inline int64_t output_length(int64_t in, int64_t kernel, int64_t stride, int64_t pad) {
    return in + 2 * pad < kernel ? 0 : (in + 2 * pad - kernel) / stride + 1;
}

}  // namespace softshare

#endif
