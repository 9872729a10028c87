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
 * A max-pool behind the convolution, its windows side by side, is part of the products (the ..._pooled forms). Positions of the output
 * are then numbered window by window, w·K + k (K positions a window, k the position in it); those in no window are never computed.
 *
 *   forward_pooled          rows of a tile hold whole windows only. The tile, bias added, goes through shared memory, where the operands
 *                           were; a thread takes a window and a column, finds its greatest (the first of equals, any NaN), rectifies
 *                           it, and writes y and a byte: the winner's k, or NO_WINNER where the rectifier let nothing through
 *   backward_weights_pooled depth is numbered so too: dy of position w·K + k is dy[w] if the winner of w is k, else 0
 *
 * Whether the backward pass reads dy through the winners, or a small kernel first scatters it to full size, was counted for LeNet-5
 * (batch 128, FP32, an H100 that issues 132·128 instructions 1.755e9 times a second and moves 3.35 TB/s):
 *   first layer, weights alone, full size 5.9 MB: scattering writes and reads it, 13.6 MB or 4.1 µs, and one launch more; reading
 *     through winners moves 1.8 MB, and its loop has 106 instructions more (12 %), 1.1 µs in all
 *   second layer, weights and dx, full size 1.6 MB: scattering 5.4 MB or 1.6 µs; reading through winners moves 1 MB, but each element
 *     is found again for each of 25 taps, two more divisions (by multiplication) every time: 97 instructions more a turn (18 %), 9 µs
 * So a layer whose dx is wanted scatters, and one whose dx is not reads through winners. (With layers apart, convolution, pool and
 * rectifier move 35 MB in the first layer, forward and backward: full size is written, read, and the mask's too.)
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

constexpr int OUTSIDE = -(1 << 30);  // the y of a position outside of every image

template <bool STRIDED>
__device__ __forceinline__ Position position_of(const Patches& p, int index) {
    int in_plane, column;
    const int n = p.plane.split(index, &in_plane), row = p.row.split(in_plane, &column);
    const int y = row * p.step_y + p.before_y, x = column * p.step_x + p.before_x;
    if (index >= p.positions) return {0, OUTSIDE, 0};
    return {STRIDED ? n * p.height * p.width * p.channels : ((n * p.height + y) * p.width + x) * p.channels, y, x};
}

constexpr uint8_t NO_WINNER = 255;

/* Windows of a max-pool on the convolution's output, side by side. */
struct Windows {
    uint8_t* winner;               // (windows, channels): position in the window, or NO_WINNER
    Divisor size, height, width;   // positions of a window, its rows, its columns
    Divisor plane, row;            // windows of one image, of one row of them
    int before_y, before_x;        // padding: clipped, it never wins
    int out_height, out_width;     // of the convolution
    int count;                     // of all images
};

/* Position w·K + k of the convolution's output (see above), where its window begins in x. */
__device__ __forceinline__ Position pooled_position_of(const Patches& p, const Windows& w, int index) {
    int k, in_plane, across, kx;
    const int window = w.size.split(index, &k), n = w.plane.split(window, &in_plane), down = w.row.split(in_plane, &across);
    const int ky = w.width.split(k, &kx);
    const int out_y = down * int(w.height.divisor) + ky - w.before_y, out_x = across * int(w.width.divisor) + kx - w.before_x;
    if (window >= w.count || unsigned(out_y) >= unsigned(w.out_height) || unsigned(out_x) >= unsigned(w.out_width)) return {0, OUTSIDE, 0};
    const int y = out_y * p.step_y + p.before_y, x = out_x * p.step_x + p.before_x;
    return {((n * p.height + y) * p.width + x) * p.channels, y, x};
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
    Windows windows;      // of the pooled forms; their mask is NULL
};

enum class Form { forward, backward_data, backward_weights, forward_pooled, backward_weights_pooled };

template <Form FORM>
constexpr bool is_pooled = FORM >= Form::forward_pooled;
/* The form without its pooling. */
template <Form FORM>
constexpr Form plain_form = FORM == Form::forward_pooled ? Form::forward : FORM == Form::backward_weights_pooled ? Form::backward_weights : FORM;

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
    static constexpr bool WEIGHTS_GRADIENT = plain_form<FORM> == Form::backward_weights;
    // Lanes along depth: elements t, t + THREADS/STEP, … of the rows; or along rows (columns): of the depth.
    static constexpr bool B_ALONG_COLUMNS = plain_form<FORM> != Form::forward;
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
                const bool good = k < end && row < product.rows;
                if (FORM == Form::backward_weights_pooled) {
                    int own;
                    const int from = product.windows.size.split(k, &own) * product.rows + row;
                    a[i] = good && int(product.windows.winner[from]) == own ? product.other[from] : 0.0f;
                } else {
                    a[i] = good ? masked(product.other, product.mask, k * product.rows + row) : 0.0f;
                }
            }
            const int column = first_column + thread % TILE::COLUMNS;
#pragma unroll
            for (int i = 0; i < B_EACH; i++) {
                const int k = depth + thread / TILE::COLUMNS + i * (TILE::THREADS / TILE::COLUMNS);
                b[i] = 0.0f;
                if (k < end && column < product.columns) {
                    const Position at = is_pooled<FORM> ? pooled_position_of(product.patches, product.windows, k) : position_of<STRIDED>(product.patches, k);
                    b[i] = patch_element<STRIDED, false>(product.patches, nullptr, at, column_tap);
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

/*
 * The pooled epilogue: the block's tile of sums in `tile` (rows of PITCH), windows of the rows `used` at most; lanes run along columns.
 */
template <typename TILE, int PITCH>
__device__ __forceinline__ void pool_tile(const Product& product, const float* tile, const Position* positions, int used, int first_row, int first_column) {
    const Windows& w = product.windows;
    const int size = int(w.size.divisor), first_window = w.size.divide(first_row), windows = w.size.divide(used);
    const int column = int(threadIdx.x) % TILE::COLUMNS;
    for (int own = int(threadIdx.x) / TILE::COLUMNS; own < windows; own += TILE::THREADS / TILE::COLUMNS) {
        if (first_window + own >= w.count || first_column + column >= product.columns) break;
        float best = 0;
        int winner = -1;
        for (int k = 0; k < size; k++) {
            if (positions[own * size + k].y == OUTSIDE) continue;  // padding
            const float value = tile[(own * size + k) * PITCH + column];
            if (winner < 0 || value > best || value != value) {  // NaN wins: a diverged run must be seen
                best = value;
                winner = k;
            }
        }
        if (product.relu && !(best > 0.0f)) {
            winner = NO_WINNER;
            if (best <= 0.0f) best = 0.0f;  // NaN passes
        }
        const int i = (first_window + own) * product.columns + first_column + column;
        product.out[i] = best;
        if (w.winner != nullptr) w.winner[i] = uint8_t(winner);
    }
}

template <Form FORM, bool STRIDED, typename TILE, bool TF32>
__global__ void __launch_bounds__(TILE::THREADS) implicit_gemm(const Product product) {
    constexpr int PAD = TF32 ? 8 : 4;  // the lanes of a warp then read from different banks
    constexpr Form PLAIN = plain_form<FORM>;
    constexpr bool POOLS = FORM == Form::forward_pooled;
    using Loading = Loader<FORM, STRIDED, TILE, PAD>;
    constexpr int A_SIZE = STEP * Loading::A_WIDTH, B_SIZE = STEP * Loading::B_WIDTH, PITCH = TILE::COLUMNS + 4;
    static_assert(TILE::ROWS * PITCH <= 2 * (A_SIZE + B_SIZE), "the tile lies where the operands were");
    constexpr int ROW_POSITIONS = PLAIN == Form::backward_weights ? 1 : TILE::ROWS;
    SHARED_ARRAY(float4, shared_a, 2 * (POOLS ? A_SIZE + B_SIZE : A_SIZE) / 4);
    SHARED_ARRAY(float4, shared_b, POOLS ? 1 : 2 * B_SIZE / 4);
    SHARED_ARRAY(Position, positions, ROW_POSITIONS);
    float* const a = reinterpret_cast<float*>(shared_a);
    float* const b = POOLS ? a + 2 * A_SIZE : reinterpret_cast<float*>(shared_b);
    // Of pooled rows whole windows.
    const int used = POOLS ? product.windows.size.divide(TILE::ROWS) * int(product.windows.size.divisor) : TILE::ROWS;
    const int first_row = int(blockIdx.x) * used, first_column = int(blockIdx.y) * TILE::COLUMNS;
    const int begin = PLAIN == Form::backward_weights ? int(blockIdx.z) * product.part : 0;
    const int end = PLAIN == Form::backward_weights && product.depth - begin > product.part ? begin + product.part : product.depth;

    if (PLAIN != Form::backward_weights) {
        for (int i = int(threadIdx.x); i < TILE::ROWS; i += TILE::THREADS) {
            if (POOLS) {
                positions[i] = i < used ? pooled_position_of(product.patches, product.windows, first_row + i) : Position{0, OUTSIDE, 0};
            } else {
                positions[i] = position_of<STRIDED>(product.patches, first_row + i);
            }
        }
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
    if (POOLS) {
        __syncthreads();  // the last operands have been read
#pragma unroll
        for (int i = 0; i < 16; i++) {
            const int column = first_column + own.column(i);
            const bool biased = product.bias != nullptr && column < product.columns;
            a[own.row(i) * PITCH + own.column(i)] = own.sums[i] + (biased ? product.bias[column] : 0.0f);
        }
        __syncthreads();
        return pool_tile<TILE, PITCH>(product, a, positions, used, first_row, first_column);
    }
    const int64_t columns = PLAIN == Form::backward_weights ? product.columns + (product.bias != nullptr) : product.columns;
#pragma unroll
    for (int i = 0; i < 16; i++) {
        const int row = first_row + own.row(i), column = first_column + own.column(i);
        if (row >= product.rows || column >= columns) continue;
        float value = own.sums[i];
        if (PLAIN == Form::backward_weights) {
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
