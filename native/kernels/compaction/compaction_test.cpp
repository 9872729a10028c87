/* Compaction: what was packed comes back to its place, everything else stays. */
#include "check.h"

int main() {
    check::Random random(2);
    for (int threads : {1, 2, 3}) {
        check::Context context(threads, SOFTSHARE_ISA_AUTO);
        for (int64_t count : {0, 1, 33, device::most(100003)}) {
            std::vector<float> full(size_t(count), 0.0f), packed;
            std::vector<int64_t> index;
            for (int64_t i = 0; i < count; i++) {
                full[size_t(i)] = float(random.normal());
                if (random.uniform() < 0.3) index.push_back(i);
            }
            packed.assign(index.size(), -9.0f);
            const std::string where = "compaction of " + std::to_string(count) + " (" + context.name + ")";
            check::ok(on(context.handle, softshare_compact, int64_t(index.size()), index, full, packed), where);
            std::vector<float> expected = full;
            for (size_t k = 0; k < index.size(); k++) {
                check::is(packed[k] == full[size_t(index[k])], where + ": packed " + std::to_string(k));
                packed[k] += 1;
                expected[size_t(index[k])] = packed[k];
            }
            check::ok(on(context.handle, softshare_expand, int64_t(index.size()), index, packed, full), where);
            check::same(where + ": expanded", count, full.data(), expected.data());
        }
        check::refused(softshare_compact(context.handle, -1, nullptr, nullptr, nullptr), SOFTSHARE_INVALID_ARGUMENT, "count -1");
    }
    return check::finish();
}
