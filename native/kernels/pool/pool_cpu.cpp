/* Maximum and average pooling, NHWC. The loops are in pool_loops.h, for each instruction set. */
#include "pool.h"

#include <algorithm>
#include <vector>

#include "../common/require.h"

namespace softshare::cpu {

namespace {

/* The windows that each position of an axis lies in. */
std::vector<PoolReach> reaches(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t pad) {
    std::vector<PoolReach> all(in);
    for (int64_t i = 0; i < in; i++) {
        const int64_t before = i + pad - kernel + 1;  // the first window begins no earlier
        all[i] = {static_cast<int32_t>(before <= 0 ? 0 : (before + stride - 1) / stride),
                  static_cast<int32_t>(std::min(out - 1, (i + pad) / stride))};
    }
    return all;
}

const PoolLoops& loops_of(Isa isa) {
    return isa == Isa::avx512 ? avx512::pool_loops : isa == Isa::avx2 ? avx2::pool_loops : plain::pool_loops;
}

struct Pool : Operation {
    Pool(Context* owner, int pool_kind, int64_t images, const PoolShape& given)
        : Operation(owner), kind(pool_kind), batch(images), shape(given), loops(loops_of(owner->isa)),
          rows(reaches(given.in_height, given.out_height, given.kernel_height, given.stride_height, given.pad_height)),
          columns(reaches(given.in_width, given.out_width, given.kernel_width, given.stride_width, given.pad_width)) {
        shape.rows = rows.data();
        shape.columns = columns.data();
    }
    /* Rows a chunk: some thousand elements, by the sizes alone. */
    int64_t piece(int64_t width) const { return std::max<int64_t>(1, (1 << 14) / (width * shape.channels)); }

    const int kind;
    const int64_t batch;
    PoolShape shape;
    const PoolLoops& loops;
    const std::vector<PoolReach> rows, columns;
};

}  // namespace

int pool_create(int64_t context, int kind, int batch, int channels, int in_height, int in_width, int kernel_height,
                int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width,
                int64_t* operation) {
    const char* where = "pool_create";
    return guarded(where, [&] {
        if (int bad = require_pointers(where, {{"operation", operation}})) return bad;
        *operation = 0;
        if (int bad = require_sizes(where, 1, {{"batch", batch}, {"channels", channels}, {"in_height", in_height},
                                               {"in_width", in_width}, {"kernel_height", kernel_height},
                                               {"kernel_width", kernel_width}, {"stride_height", stride_height},
                                               {"stride_width", stride_width}})) {
            return bad;
        }
        if (int bad = require_sizes(where, 0, {{"pad_height", pad_height}, {"pad_width", pad_width}})) return bad;
        if (kind != SOFTSHARE_POOL_MAX && kind != SOFTSHARE_POOL_AVERAGE) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": unknown kind " + std::to_string(kind));
        }
        // Half the window at most, as in PyTorch: no window then lies in the padding alone.
        if (pad_height > kernel_height / 2 || pad_width > kernel_width / 2) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": padding may be half the window at most, found " +
                                                        std::to_string(pad_height) + "x" + std::to_string(pad_width));
        }
        if (kind == SOFTSHARE_POOL_MAX && static_cast<int64_t>(kernel_height) * kernel_width > 256) {
            return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": windows for a maximum have 256 positions at most, found " +
                                                     std::to_string(kernel_height) + "x" + std::to_string(kernel_width));
        }
        const int64_t high = in_height + 2LL * pad_height - kernel_height, wide = in_width + 2LL * pad_width - kernel_width;
        if (high < 0 || wide < 0) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": the " + std::to_string(kernel_height) + "x" +
                                                        std::to_string(kernel_width) + " window does not fit into the padded " +
                                                        std::to_string(in_height) + "x" + std::to_string(in_width) + " input");
        }
        const PoolShape shape{channels, in_height, in_width, high / stride_height + 1, wide / stride_width + 1,
                              kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width,
                              nullptr, nullptr};
        *operation = adopt(new Pool(context_of(context), kind, batch, shape));
        return SOFTSHARE_OK;
    });
}

int pool_forward(int64_t operation, const float* x, float* y, uint8_t* argmax) {
    const char* where = "pool_forward";
    return guarded(where, [&] {
        const Pool* pool = require_operation<Pool>(where, operation);
        if (pool == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
        if (int bad = require_pointers(where, {{"x", x}, {"y", y}})) return bad;
        const bool maximum = pool->kind == SOFTSHARE_POOL_MAX;
        if (int bad = maximum ? require_pointers(where, {{"argmax", argmax}}) : SOFTSHARE_OK) return bad;
        const PoolShape& shape = pool->shape;
        parallel_range(pool->context, pool->batch * shape.out_height, pool->piece(shape.out_width), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++) {
                if (maximum) {
                    pool->loops.max_forward(shape, row, x, y, argmax);
                } else {
                    pool->loops.average_forward(shape, row, x, y);
                }
            }
        });
        return SOFTSHARE_OK;
    });
}

int pool_backward(int64_t operation, const float* dy, const uint8_t* argmax, float* dx) {
    const char* where = "pool_backward";
    return guarded(where, [&] {
        const Pool* pool = require_operation<Pool>(where, operation);
        if (pool == nullptr) return SOFTSHARE_INVALID_ARGUMENT;
        if (int bad = require_pointers(where, {{"dy", dy}, {"dx", dx}})) return bad;
        const bool maximum = pool->kind == SOFTSHARE_POOL_MAX;
        if (int bad = maximum ? require_pointers(where, {{"argmax", argmax}}) : SOFTSHARE_OK) return bad;
        const PoolShape& shape = pool->shape;
        parallel_range(pool->context, pool->batch * shape.in_height, pool->piece(shape.in_width), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++) {
                if (maximum) {
                    pool->loops.max_backward(shape, row, dy, argmax, dx);
                } else {
                    pool->loops.average_backward(shape, row, dy, dx);
                }
            }
        });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
