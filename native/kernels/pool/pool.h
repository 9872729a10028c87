/*
 * What the pooling operation and its loops share. Windows are clipped to the image: padding never wins, never counts.
 * This header is compiled for several instruction sets: no inline functions here.
 */
#ifndef SOFTSHARE_POOL_H
#define SOFTSHARE_POOL_H

#include <stdint.h>

namespace softshare::cpu {

/* The windows along one axis that a position lies in: first … last, none if last < first. */
struct PoolReach {
    int32_t first, last;
};

struct PoolShape {
    int64_t channels, in_height, in_width, out_height, out_width;
    int64_t kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width;
    const PoolReach* rows;     // (in_height)
    const PoolReach* columns;  // (in_width)
};

/* Loops over rows: of the output (image · out_height + oy) forward, of the input (image · in_height + iy) backward. */
struct PoolLoops {
    void (*max_forward)(const PoolShape& shape, int64_t row, const float* x, float* y, uint8_t* argmax);
    void (*max_backward)(const PoolShape& shape, int64_t row, const float* dy, const uint8_t* argmax, float* dx);
    void (*average_forward)(const PoolShape& shape, int64_t row, const float* x, float* y);
    void (*average_backward)(const PoolShape& shape, int64_t row, const float* dy, float* dx);
};

namespace plain {
extern const PoolLoops pool_loops;
}
namespace avx2 {
extern const PoolLoops pool_loops;
}
namespace avx512 {
extern const PoolLoops pool_loops;
}

}  // namespace softshare::cpu

#endif
