/* Compaction: live weights packed, and back. Indices are increasing, so that neighbours in memory stay neighbours. */
#include "../common/cpu.h"

namespace softshare::cpu {

namespace {

constexpr int64_t PIECE = 16384;

int check(const char* where, int64_t live, const void* index, const void* full, const void* packed) {
    if (live < 0 || (live > 0 && (index == nullptr || full == nullptr || packed == nullptr))) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + " needs a count of 0 or more, indices and two arrays, found count " +
                                                    std::to_string(live));
    }
    return SOFTSHARE_OK;
}

}  // namespace

int compact(int64_t context, int64_t live, const int64_t* index, const float* full, float* packed) {
    return guarded("compact", [&] {
        if (int status = check("compact", live, index, full, packed)) return status;
        parallel_range(context_of(context), live, PIECE, [&](int64_t begin, int64_t end) {
            for (int64_t k = begin; k < end; k++) packed[k] = full[index[k]];
        });
        return SOFTSHARE_OK;
    });
}

int expand(int64_t context, int64_t live, const int64_t* index, const float* packed, float* full) {
    return guarded("expand", [&] {
        if (int status = check("expand", live, index, full, packed)) return status;
        parallel_range(context_of(context), live, PIECE, [&](int64_t begin, int64_t end) {
            for (int64_t k = begin; k < end; k++) full[index[k]] = packed[k];
        });
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
