/* NHWC to C·H·W order and back. */
#include "layers_check.h"

using namespace layers_check;

int main() {
    const int cases[][4] = {{1, 1, 1, 1}, {3, 50, 4, 4}, {2, 3, 13, 7}, {7, 1, 5, 3}, {2, 17, 1, 33}, {64, 50, 4, 4}};
    for (const auto& s : cases) {
        const int batch = s[0], channels = s[1], height = s[2], width = s[3];
        Random random(6);
        const Floats x = random.floats(size_t(batch) * channels * height * width);
        Floats expected(x.size());
        for (int n = 0; n < batch; n++)
            for (int c = 0; c < channels; c++)
                for (int p = 0; p < height * width; p++)
                    expected[(size_t(n) * channels + c) * height * width + p] = x[(size_t(n) * height * width + p) * channels + c];
        each_context([&](int64_t context, const std::string& name) {
            Floats y(x.size(), NAN), back(x.size(), NAN);
            OK(on(context, softshare_flatten, batch, channels, height, width, x, y));
            OK(on(context, softshare_unflatten, batch, channels, height, width, y, back));
            same("flatten, " + name, y, expected);
            same("unflatten, " + name, back, x);
        });
    }
    const int64_t context = open(1);
    float one = 1;
    REFUSED(softshare_flatten(context, 1, 0, 1, 1, &one, &one), "channels must be 1");
    REFUSED(softshare_unflatten(context, 1, 1, 1, 1, nullptr, &one), "y is NULL");
    OK(softshare_close(context));
    return result();
}
