/*
 * A chain of layers over its live weights alone: what the sparse operation (sparse_cpu.cpp) and its loops share.
 *
 * At a few per cent of live weights a dense product multiplies by zeros. Here a layer is a list of edges, one a live weight, and
 * sixteen images lie side by side in a vector ("lanes"), so that every edge is one fused multiply-add over sixteen images,
 * whatever the pattern of zeros. The batch is cut into chunks of sixteen images; a chunk goes through all layers before
 * the next begins, its activations staying in the cache.
 *
 * Activations are planar, (channel, height, width, lane), with the next convolution's padding around each map, zero for good: no
 * loop tests a border, and the flattening in front of a linear layer is the identity. A linear layer is a convolution of 1×1
 * images. Convolution, bias, rectifier and maximum pooling are one pass: the map of one output channel (at most some tens of KB)
 * is computed in scratch memory, pooled and rectified into place, and unpooled there again on the way back.
 *
 * A channel that no live weight reads is not computed at all; its weights' gradients are 0.
 *
 * Backward, first pass, a chunk at a time: gradients of activations, and for convolutions each chunk's sum of weight gradients.
 * Second pass, over pieces of edges: the chunks' sums in their order, and for linear layers, whose edges have one product
 * a chunk only, the products themselves: one horizontal sum for all chunks. Neither depends on the number of threads.
 *
 * This header is compiled for several instruction sets: no inline functions here.
 */
#ifndef SOFTSHARE_SPARSE_H
#define SOFTSHARE_SPARSE_H

#include <stdint.h>

namespace softshare::cpu {

constexpr int64_t SPARSE_LANES = 16;

/* Where maps lie in a chunk's memory, in floats: (channel, row, column) at base + channel·map + row·row + column·16. */
struct SparseMaps {
    int64_t base, map, row;
};

struct SparseLayer {
    int64_t in_channels, out_channels;
    int64_t height, width;                // of the convolution's output
    int64_t stride_height, stride_width;
    int64_t pool_height, pool_width, pool_stride_height, pool_stride_width;  // pool_height 0: no pooling
    int64_t out_height, out_width;        // after pooling
    bool relu, bias;
    int64_t weight_offset, weight_count;  // in the arena
    int64_t bias_offset;                  // in the arena
    int64_t kernel, kernel_width;         // height · width of a filter, and its width
    SparseMaps x;                         // the input with its padding; taps are offsets from x.base
    SparseMaps y;                         // the output: inside the next layer's input
    int64_t gradients;                    // from an activation to its gradient, in floats
    bool wants_dx;                        // the first layer's input has no gradient
    int64_t argmax;                       // bytes, in a chunk: position in the window of each pooled output and lane
    const int64_t* first;                 // (out_channels + 1): edges of output channel o are first[o] … first[o + 1] − 1
    const int64_t* taps;                  // by edge of this layer: input of output position (0, 0), in floats from x.base
    const uint8_t* needed;                // (out_channels): some live weight reads it
    int64_t first_edge;                   // packed index of edge 0
};

/* A chunk's memory, for one layer: partials: its sums of weight gradients, by edge; bias_partials: of bias gradients. */
struct SparseChunk {
    float* memory;
    uint8_t* bytes;
    float* scratch;
    float* partials;
    float* bias_partials;                 // (out_channels)
};

/* The loops, for each instruction set. */
struct SparseLoops {
    void (*forward)(const SparseLayer& layer, const SparseChunk& chunk, const float* packed, const float* arena);
    /* The gradient of the output was written by the layer behind; that of the input is added up (zeroed by the caller). Leaves the
     * masked gradient of a linear layer's output in place. */
    void (*backward)(const SparseLayer& layer, const SparseChunk& chunk, const float* packed);
    /* Gradient of edge `edge` of a linear layer (of its output channel o), or of o's bias (edge < 0), over all chunks. */
    float (*linear_gradient)(const SparseLayer& layer, const float* memory, int64_t chunk_floats, int64_t chunks, int64_t o,
                             int64_t edge);
};

namespace plain {
extern const SparseLoops sparse_loops;
}
namespace avx2 {
extern const SparseLoops sparse_loops;
}
namespace avx512 {
extern const SparseLoops sparse_loops;
}

}  // namespace softshare::cpu

#endif
