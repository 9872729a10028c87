/* The scalars of a step and its count. */
#include "layers_check.h"

using namespace layers_check;

int main() {
    const int64_t context = open(2);
    Random random(1);
    const Floats table = random.floats(3 * SOFTSHARE_SCALARS);
    int64_t step = 0;
    Floats scalars(SOFTSHARE_SCALARS);
    for (int64_t row = 0; row < 3; row++) {
        OK(on(context, softshare_step_begin, table, 3, one(step), scalars));
        check(step == row + 1, "the step is counted");
        same("row " + std::to_string(row), scalars, Floats(table.begin() + row * SOFTSHARE_SCALARS, table.begin() + (row + 1) * SOFTSHARE_SCALARS));
    }
    if (device::cuda() == nullptr) REFUSED(softshare_step_begin(context, table.data(), 3, &step, scalars.data()), "step 3 is not in the table of 3 rows");  // a device is not asked
    check(step == 3, "a refused step is not counted");
    REFUSED(softshare_step_begin(context, table.data(), 3, nullptr, scalars.data()), "step is NULL");
    OK(softshare_close(context));
    return result();
}
