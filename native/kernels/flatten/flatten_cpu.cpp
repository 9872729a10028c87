/*
 * Between NHWC and PyTorch's flattening order C·H·W: for each image a transposition of (positions, channels), in tiles
 * that stay in the first-level cache.
 */
#include <algorithm>

#include "../common/require.h"

namespace softshare::cpu {

namespace {

/* out (columns, rows) = in (rows, columns) transposed, for each of `batch` matrices. */
void transpose(const Context* context, int64_t batch, int64_t rows, int64_t columns, const float* in, float* out) {
    constexpr int64_t tile = 16;
    const int64_t size = rows * columns;
    const int64_t piece = std::max<int64_t>(1, (1 << 13) / size);  // images a chunk
    parallel_range(context, batch, piece, [=](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; n++) {
            const float* from = in + n * size;
            float* to = out + n * size;
            for (int64_t r = 0; r < rows; r += tile) {
                const int64_t r_end = std::min(rows, r + tile);
                for (int64_t c = 0; c < columns; c++) {
                    for (int64_t i = r; i < r_end; i++) to[c * rows + i] = from[i * columns + c];
                }
            }
        }
    });
}

int checked(const char* where, int batch, int channels, int height, int width, const float* x, const float* y) {
    if (int bad = require_pointers(where, {{"x", x}, {"y", y}})) return bad;
    return require_sizes(where, 1, {{"batch", batch}, {"channels", channels}, {"height", height}, {"width", width}});
}

}  // namespace

int flatten(int64_t context, int batch, int channels, int height, int width, const float* x, float* y) {
    return guarded("flatten", [&] {
        if (int bad = checked("flatten", batch, channels, height, width, x, y)) return bad;
        transpose(context_of(context), batch, static_cast<int64_t>(height) * width, channels, x, y);
        return SOFTSHARE_OK;
    });
}

int unflatten(int64_t context, int batch, int channels, int height, int width, const float* y, float* x) {
    return guarded("unflatten", [&] {
        if (int bad = checked("unflatten", batch, channels, height, width, x, y)) return bad;
        transpose(context_of(context), batch, channels, static_cast<int64_t>(height) * width, y, x);
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
