/* What both devices check of the windows behind a convolution. Include after the device's require.h. */
#ifndef SOFTSHARE_CONVOLUTION_POOL_H
#define SOFTSHARE_CONVOLUTION_POOL_H

namespace softshare::SOFTSHARE_REQUIRING {

constexpr int MOST_POSITIONS = 32;  // of a window: the rows of the smallest tile on CUDA

inline int check_windows(const char* where, int height, int width, int pad_height, int pad_width) {
    if (int bad = require_sizes(where, 1, {{"window_height", height}, {"window_width", width}})) return bad;
    if (int bad = require_sizes(where, 0, {{"window_pad_height", pad_height}, {"window_pad_width", pad_width}})) return bad;
    if (int64_t(height) * width > MOST_POSITIONS) {
        return fail(SOFTSHARE_NOT_SUPPORTED, std::string(where) + ": windows have " + std::to_string(MOST_POSITIONS) +
                                                 " positions at most, found " + std::to_string(height) + "x" + std::to_string(width));
    }
    // Half the window at most, as in PyTorch: no window then lies in the padding alone.
    if (pad_height > height / 2 || pad_width > width / 2) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, std::string(where) + ": padding may be half the window at most, found " +
                                                    std::to_string(pad_height) + "x" + std::to_string(pad_width));
    }
    return SOFTSHARE_OK;
}

}  // namespace softshare::SOFTSHARE_REQUIRING

#endif
