/*
 * Convolution and its gradients as one product of matrices, C (rows × columns) = Σ_depth A·B, whose operands are read where they
 * lie (implicit GEMM). In all three forms one operand is the *patch matrix* of an NHWC image: row p is a position of a grid
 * (n, y, x), column t is a *tap* (channel and offset in the window), the element is the pixel that the tap meets there, 0 outside.
 *
 *   forward            C = y  (positions of y × out)     A = patches of x   B = weights      epilogue: bias, rectifier
 *   backward_data      C = dx (positions of x × in)      A = patches of dy  B = weights      taps run backwards, through the stride
 *   backward_weights   C = dW (out × taps, and a column of ones: dbias)     A = dy, B = patches of x, depth = positions of y
 *
 * A block computes a tile of C in steps of 16 of depth: the next step's elements are on their way from memory to registers while
 * this step's are multiplied from shared memory (two buffers, one barrier a step). Each thread has 16 sums: 4×4 of FP32
 * multiply-adds, or (TF32) a warp's 16×32 in four tensor-core tiles. Weight gradients cut the depth into parts by the sizes alone
 * and add the parts in order: same bits on every run and every device.
 *
 * A max-pool is not part of the epilogue: rows of a tile follow the image's rows, so that a window's positions lie in other threads,
 * and often in another tile. It has a kernel of its own, which reads the output once more from the cache.
 *
 * Bounds: FP32 sums of depth k in any order err by at most k·2^-24·Σ|a·b| (fused multiply-adds). TF32: each product of rounded
 * inputs errs by 2^-10·|a·b| at most (2^-11 an input), beside that.
 */
#ifndef SOFTSHARE_CONVOLUTION_IMPLICIT_GEMM_CUDA_H
#define SOFTSHARE_CONVOLUTION_IMPLICIT_GEMM_CUDA_H

#include "../common/divisor.h"
#include "../common/mma.h"

namespace softshare::cuda {

constexpr int STEP = 16;  // of depth

/* A tap of the window: offsets in y and x, of the element from the position's base, and of its weight from its column's. */
struct Tap {
    int y, x, element, weight;
};

/* An NHWC image and the grid of positions whose windows lie in it. */
struct Patches {
    const float* image;
    int height, width, channels;
    Divisor plane, row;            // positions of one image, of one row of the grid
    int step_y, step_x;            // from one position of the grid to the next
    int before_y, before_x;        // of the first tap from the position
    Divisor stride_y, stride_x;    // a tap meets a pixel where its coordinate is a multiple (data gradients; else 1)
    int positions;
};

/* A position of the grid: where its window begins. In data gradients the base is that of its image. */
struct Position {
    int base, y, x;
};

template <bool STRIDED>
__device__ __forceinline__ Position position_of(const Patches& p, int index) {
    int in_plane, column;
    const int n = p.plane.split(index, &in_plane), row = p.row.split(in_plane, &column);
    const int y = row * p.step_y + p.before_y, x = column * p.step_x + p.before_x;
    if (index >= p.positions) return {0, -(1 << 30), 0};  // outside of every image
    return {STRIDED ? n * p.height * p.width * p.channels : ((n * p.height + y) * p.width + x) * p.channels, y, x};
}

/* The rectifier's mask folded into the reading of its gradient. */
__device__ __forceinline__ float masked(const float* values, const float* mask, int i) {
    return mask == nullptr || mask[i] > 0.0f ? values[i] : 0.0f;
}

template <bool STRIDED, bool MASKED>
__device__ __forceinline__ float patch_element(const Patches& p, const float* mask, const Position& at, const Tap& tap) {
    const int y = at.y + tap.y, x = at.x + tap.x;
    if (!STRIDED) {
        const bool inside = unsigned(y) < unsigned(p.height) && unsigned(x) < unsigned(p.width);
        return inside ? masked(p.image, MASKED ? mask : nullptr, at.base + tap.element) : 0.0f;
    }
    if (y < 0 || x < 0) return 0.0f;
    const int from_y = p.stride_y.divide(y), from_x = p.stride_x.divide(x);
    const bool inside = from_y * int(p.stride_y.divisor) == y && from_x * int(p.stride_x.divisor) == x && from_y < p.height && from_x < p.width;
    return inside ? masked(p.image, MASKED ? mask : nullptr, at.base + (from_y * p.width + from_x) * p.channels + tap.element) : 0.0f;
}

/* One product. Which operand is which: see the forms above. */
struct Product {
    int rows, columns, depth;
    Patches patches;
    const Tap* taps;
    const float* other;   // weights (forward, backward_data) or dy (backward_weights)
    const float* mask;    // of dy in the backward forms: it counts where this is above 0; NULL: everywhere
    int column_stride;    // of weights, from one column to the next
    const float* bias;    // NULL: none
    bool relu;
    int part;             // depth of one part (backward_weights), a multiple of STEP
    float* out;           // C, or the parts' sums one after another
};

enum class Form { forward, backward_data, backward_weights };

/* A tile of C: ROWS × COLUMNS, 16 sums a thread. */
template <int ROWS_, int COLUMNS_>
struct Tile {
    static constexpr int ROWS = ROWS_, COLUMNS = COLUMNS_, THREADS = ROWS * COLUMNS / 16;
};

/*
 * What a thread brings of one step: elements of A and B on their way to shared memory, [depth][row or column]. Lanes run along
 * what is contiguous in memory: taps of a patch (depth, forward), rows of dy, columns of patches (backward_weights).
 */
template <Form FORM, bool STRIDED, typename TILE, int PAD>
struct Loader {
    static constexpr int A_EACH = TILE::ROWS * STEP / TILE::THREADS, B_EACH = TILE::COLUMNS * STEP / TILE::THREADS;
    static constexpr int A_WIDTH = TILE::ROWS + PAD, B_WIDTH = TILE::COLUMNS + PAD;
    static constexpr bool WEIGHTS_GRADIENT = FORM == Form::backward_weights;
    // Lanes along depth: elements t, t + THREADS/STEP, … of the rows; or along rows (columns): of the depth.
    static constexpr bool B_ALONG_COLUMNS = FORM != Form::forward;
    static constexpr int SIDE = TILE::THREADS / STEP;

    const Product& product;
    const Position* positions;  // the block's rows (forward, backward_data)
    int first_row, first_column;
    float a[A_EACH], b[B_EACH];
    Tap column_tap;

    __device__ __forceinline__ Loader(const Product& p, const Position* rows, int row, int column)
        : product(p), positions(rows), first_row(row), first_column(column), column_tap{0, 0, 0, 0} {
        if (WEIGHTS_GRADIENT) {
            const int own = first_column + int(threadIdx.x) % TILE::COLUMNS;
            if (own < product.columns) column_tap = product.taps[own];
        }
    }

    /* end: where the depth, or this part of it, ends. */
    __device__ __forceinline__ void bring(int depth, int end) {
        const int thread = int(threadIdx.x);
        if (!WEIGHTS_GRADIENT) {
            const int k = depth + thread % STEP;
            const bool good = k < end;
            const Tap tap = good ? product.taps[k] : Tap{1 << 29, 0, 0, 0};  // outside of every image
#pragma unroll
            for (int i = 0; i < A_EACH; i++) {
                a[i] = patch_element<STRIDED, FORM == Form::backward_data>(product.patches, product.mask, positions[thread / STEP + i * SIDE], tap);
            }
            if (!B_ALONG_COLUMNS) {
#pragma unroll
                for (int i = 0; i < B_EACH; i++) {
                    const int column = first_column + thread / STEP + i * SIDE;
                    b[i] = good && column < product.columns ? product.other[column * product.column_stride + tap.weight] : 0.0f;
                }
            } else {
                const int column = first_column + thread % TILE::COLUMNS;
#pragma unroll
                for (int i = 0; i < B_EACH; i++) {
                    const int at = depth + thread / TILE::COLUMNS + i * (TILE::THREADS / TILE::COLUMNS);
                    b[i] = at < end && column < product.columns ? product.other[column * product.column_stride + product.taps[at].weight] : 0.0f;
                }
            }
        } else {
            const int row = first_row + thread % TILE::ROWS;
#pragma unroll
            for (int i = 0; i < A_EACH; i++) {
                const int k = depth + thread / TILE::ROWS + i * (TILE::THREADS / TILE::ROWS);
                a[i] = k < end && row < product.rows ? masked(product.other, product.mask, k * product.rows + row) : 0.0f;
            }
            const int column = first_column + thread % TILE::COLUMNS;
#pragma unroll
            for (int i = 0; i < B_EACH; i++) {
                const int k = depth + thread / TILE::COLUMNS + i * (TILE::THREADS / TILE::COLUMNS);
                b[i] = 0.0f;
                if (k < end && column < product.columns) {
                    b[i] = patch_element<STRIDED, false>(product.patches, nullptr, position_of<STRIDED>(product.patches, k), column_tap);
                }
                if (k < end && column == product.columns) b[i] = 1.0f;  // dbias
            }
        }
    }

    __device__ __forceinline__ void put(float* to_a, float* to_b) const {
        const int thread = int(threadIdx.x);
#pragma unroll
        for (int i = 0; i < A_EACH; i++) {
            if (WEIGHTS_GRADIENT) {
                to_a[(thread / TILE::ROWS + i * (TILE::THREADS / TILE::ROWS)) * A_WIDTH + thread % TILE::ROWS] = a[i];
            } else {
                to_a[thread % STEP * A_WIDTH + thread / STEP + i * SIDE] = a[i];
            }
        }
#pragma unroll
        for (int i = 0; i < B_EACH; i++) {
            if (B_ALONG_COLUMNS) {
                to_b[(thread / TILE::COLUMNS + i * (TILE::THREADS / TILE::COLUMNS)) * B_WIDTH + thread % TILE::COLUMNS] = b[i];
            } else {
                to_b[thread % STEP * B_WIDTH + thread / STEP + i * SIDE] = b[i];
            }
        }
    }
};

/* A thread's 16 sums: rows 4·(thread / (COLUMNS/4)) + i, columns 4·(thread % (COLUMNS/4)) + j, in FP32. */
template <typename TILE, int A_WIDTH, int B_WIDTH>
struct Fp32Sums {
    float sums[16];
    __device__ __forceinline__ static int row(int i) { return 4 * (int(threadIdx.x) / (TILE::COLUMNS / 4)) + i / 4; }
    __device__ __forceinline__ static int column(int i) { return 4 * (int(threadIdx.x) % (TILE::COLUMNS / 4)) + i % 4; }
    __device__ __forceinline__ void multiply(const float* a, const float* b) {
#pragma unroll
        for (int k = 0; k < STEP; k++) {
            const float4 left = *reinterpret_cast<const float4*>(a + k * A_WIDTH + row(0));
            const float4 right = *reinterpret_cast<const float4*>(b + k * B_WIDTH + column(0));
            const float l[4] = {left.x, left.y, left.z, left.w}, r[4] = {right.x, right.y, right.z, right.w};
#pragma unroll
            for (int i = 0; i < 16; i++) sums[i] = __fmaf_rn(l[i / 4], r[i % 4], sums[i]);
        }
    }
};

/* The same by tensor cores: each warp has 16 rows × 32 columns, in four tiles of eight columns. */
template <typename TILE, int A_WIDTH, int B_WIDTH>
struct Tf32Sums {
    float sums[16];
    __device__ __forceinline__ static int warp_row() { return 16 * (int(threadIdx.x) / 32 / (TILE::COLUMNS / 32)); }
    __device__ __forceinline__ static int warp_column() { return 32 * (int(threadIdx.x) / 32 % (TILE::COLUMNS / 32)); }
    __device__ __forceinline__ static int row(int i) { return warp_row() + MmaLayout::d_row(int(threadIdx.x) % 32, i % 4); }
    __device__ __forceinline__ static int column(int i) { return warp_column() + 8 * (i / 4) + MmaLayout::d_column(int(threadIdx.x) % 32, i % 4); }
    __device__ __forceinline__ void multiply(const float* a, const float* b) {
        const int lane = int(threadIdx.x) % 32;
#pragma unroll
        for (int k = 0; k < STEP; k += 8) {
            unsigned left[4];
#pragma unroll
            for (int i = 0; i < 4; i++) left[i] = to_tf32(a[(k + MmaLayout::a_column(lane, i)) * A_WIDTH + warp_row() + MmaLayout::a_row(lane, i)]);
#pragma unroll
            for (int tile = 0; tile < 4; tile++) {
                unsigned right[2];
#pragma unroll
                for (int i = 0; i < 2; i++) right[i] = to_tf32(b[(k + MmaLayout::b_row(lane, i)) * B_WIDTH + warp_column() + 8 * tile + MmaLayout::b_column(lane, i)]);
                float(&d)[4] = *reinterpret_cast<float(*)[4]>(sums + 4 * tile);
                mma_tf32(d, left, right);
            }
        }
    }
};

template <Form FORM, bool STRIDED, typename TILE, bool TF32>
__global__ void __launch_bounds__(TILE::THREADS) implicit_gemm(const Product product) {
    constexpr int PAD = TF32 ? 8 : 4;  // the lanes of a warp then read from different banks
    using Loading = Loader<FORM, STRIDED, TILE, PAD>;
    constexpr int A_SIZE = STEP * Loading::A_WIDTH, B_SIZE = STEP * Loading::B_WIDTH;
    constexpr int ROW_POSITIONS = FORM == Form::backward_weights ? 1 : TILE::ROWS;
    SHARED_ARRAY(float4, shared_a, 2 * A_SIZE / 4);
    SHARED_ARRAY(float4, shared_b, 2 * B_SIZE / 4);
    SHARED_ARRAY(Position, positions, ROW_POSITIONS);
    float* const a = reinterpret_cast<float*>(shared_a);
    float* const b = reinterpret_cast<float*>(shared_b);
    const int first_row = int(blockIdx.x) * TILE::ROWS, first_column = int(blockIdx.y) * TILE::COLUMNS;
    const int begin = FORM == Form::backward_weights ? int(blockIdx.z) * product.part : 0;
    const int end = FORM == Form::backward_weights && product.depth - begin > product.part ? begin + product.part : product.depth;

    if (FORM != Form::backward_weights) {
        for (int i = int(threadIdx.x); i < TILE::ROWS; i += TILE::THREADS) positions[i] = position_of<STRIDED>(product.patches, first_row + i);
        __syncthreads();
    }
    Loading loading(product, positions, first_row, first_column);
    std::conditional_t<TF32, Tf32Sums<TILE, Loading::A_WIDTH, Loading::B_WIDTH>, Fp32Sums<TILE, Loading::A_WIDTH, Loading::B_WIDTH>> own;
#pragma unroll
    for (int i = 0; i < 16; i++) own.sums[i] = 0.0f;
    loading.bring(begin, end);
    int buffer = 0;
    for (int depth = begin; depth < end; depth += STEP) {
        loading.put(a + buffer * A_SIZE, b + buffer * B_SIZE);
        // One barrier a step is enough: who writes this buffer again has passed the next barrier, which waits for its readers.
        __syncthreads();
        if (depth + STEP < end) loading.bring(depth + STEP, end);
        own.multiply(a + buffer * A_SIZE, b + buffer * B_SIZE);
        buffer ^= 1;
    }
    const int64_t columns = FORM == Form::backward_weights ? product.columns + (product.bias != nullptr) : product.columns;
#pragma unroll
    for (int i = 0; i < 16; i++) {
        const int row = first_row + own.row(i), column = first_column + own.column(i);
        if (row >= product.rows || column >= columns) continue;
        float value = own.sums[i];
        if (FORM == Form::backward_weights) {
            product.out[(int64_t(blockIdx.z) * product.rows + row) * columns + column] = value;
            continue;
        }
        if (FORM == Form::forward) {
            if (product.bias != nullptr) value += product.bias[column];
            if (product.relu && value <= 0.0f) value = 0.0f;  // NaN passes
        }
        product.out[row * columns + column] = value;
    }
}

}  // namespace softshare::cuda

#endif
