/*
 * Between NHWC and PyTorch's flattening order C·H·W, on CUDA: for each image a transposition of (positions, channels), in tiles of
 * 32 × 32 through shared memory, so that both reads and writes of a warp are neighbours. A row of a tile is one longer than its
 * columns: a column then lies in 32 banks.
 */
#include "../common/elementwise.h"
#include "../common/require.h"

namespace softshare::cuda {

namespace {

constexpr int TILE = 32;
constexpr int TILE_ROWS = 8;

/* out (batch, columns, rows) = in (batch, rows, columns) transposed; one block a tile, images in the third dimension. */
__global__ void __launch_bounds__(TILE* TILE_ROWS) transpose(int batch, int rows, int columns, const float* in, float* out) {
    SHARED_ARRAY(float, tile, TILE * (TILE + 1));
    const int x = int(threadIdx.x), column = int(blockIdx.x) * TILE + x;
    for (int64_t image = blockIdx.z; image < batch; image += gridDim.z) {
        const int64_t first = image * rows * columns;
        for (int y = int(threadIdx.y); y < TILE; y += TILE_ROWS) {
            const int row = int(blockIdx.y) * TILE + y;
            if (row < rows && column < columns) tile[y * (TILE + 1) + x] = in[first + int64_t(row) * columns + column];
        }
        __syncthreads();
        for (int y = int(threadIdx.y); y < TILE; y += TILE_ROWS) {
            const int to_row = int(blockIdx.x) * TILE + y, to_column = int(blockIdx.y) * TILE + x;
            if (to_row < columns && to_column < rows) out[first + int64_t(to_row) * rows + to_column] = tile[x * (TILE + 1) + y];
        }
        __syncthreads();
    }
}

int transposed(const char* where, int64_t context, int batch, int rows, int columns, const float* in, float* out) {
    const dim3 grid(unsigned((columns + TILE - 1) / TILE), unsigned((rows + TILE - 1) / TILE), unsigned(batch < 65535 ? batch : 65535));
    if (grid.y > 65535) return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": more than 2,097,120 rows");
    return launch(where, transpose, grid, dim3(TILE, TILE_ROWS), context_of(context)->stream, batch, rows, columns, in, out);
}

int checked(const char* where, int batch, int channels, int height, int width, const float* x, const float* y) {
    if (int bad = require_pointers(where, {{"x", x}, {"y", y}})) return bad;
    return require_sizes(where, 1, {{"batch", batch}, {"channels", channels}, {"height", height}, {"width", width}});
}

}  // namespace

int flatten(int64_t context, int batch, int channels, int height, int width, const float* x, float* y) {
    if (int bad = checked("flatten", batch, channels, height, width, x, y)) return bad;
    return transposed("flatten", context, batch, height * width, channels, x, y);
}

int unflatten(int64_t context, int batch, int channels, int height, int width, const float* y, float* x) {
    if (int bad = checked("unflatten", batch, channels, height, width, x, y)) return bad;
    return transposed("unflatten", context, batch, channels, height * width, y, x);
}

}  // namespace softshare::cuda
