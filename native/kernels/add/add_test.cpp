/* Addition, in place too. */
#include "layers_check.h"

using namespace layers_check;

int main() {
    for (size_t count : {1, 7, 1021, 100003}) {
        Random random(9);
        const Floats a = random.floats(count), b = random.floats(count);
        Floats expected(count);
        for (size_t i = 0; i < count; i++) expected[i] = a[i] + b[i];
        each_context([&](int64_t context, const std::string& name) {
            Floats y(count), left = a, right = b;
            OK(on(context, softshare_add, int64_t(count), a, b, y));
            OK(on(context, softshare_add, int64_t(count), left, b, left));
            OK(on(context, softshare_add, int64_t(count), a, right, right));
            same("add, " + name, y, expected);
            same("add in place of the first, " + name, left, expected);
            same("add in place of the second, " + name, right, expected);
        });
    }
    const int64_t context = open(1);
    float one = 1;
    REFUSED(softshare_add(context, 1, &one, nullptr, &one), "b is NULL");
    REFUSED(softshare_add(context, -1, &one, &one, &one), "count must be 0");
    OK(softshare_close(context));
    return result();
}
