/* Compaction on CUDA: live weights packed, and back. Reads and writes of a warp lie close by, since indices increase. */
#include "../common/elementwise.h"

namespace softshare::cuda {

namespace {

struct Compact {
    const int64_t* index;
    const float* full;
    float* packed;
    __device__ void operator()(int64_t k) const { packed[k] = full[index[k]]; }
};

struct Expand {
    const int64_t* index;
    const float* packed;
    float* full;
    __device__ void operator()(int64_t k) const { full[index[k]] = packed[k]; }
};

int missing(const char* where) { return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs indices and two arrays, found NULL"); }

}  // namespace

int compact(int64_t context, int64_t live, const int64_t* index, const float* full, float* packed) {
    if (live > 0 && (index == nullptr || full == nullptr || packed == nullptr)) return missing("compact");
    return for_each("compact", context, live, Compact{index, full, packed});
}

int expand(int64_t context, int64_t live, const int64_t* index, const float* packed, float* full) {
    if (live > 0 && (index == nullptr || full == nullptr || packed == nullptr)) return missing("expand");
    return for_each("expand", context, live, Expand{index, packed, full});
}

}  // namespace softshare::cuda
