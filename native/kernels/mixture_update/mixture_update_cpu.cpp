/* softshare_mixture_update on the CPU: a few hundred numbers on one thread. */
#include "mixture_update_math.h"

#include "../prior/prior_operation.h"

namespace softshare::cpu {

int mixture_update(int64_t operation, double* mixture, double* moments, const double* statistics, const float* scalars,
                   const double* hyper, int learn_sigma) {
    return guarded("mixture_update", [&] {
        const PriorOperation& prior = prior_of(operation);
        if (mixture == nullptr || moments == nullptr || statistics == nullptr || scalars == nullptr || hyper == nullptr) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, "mixture_update needs a mixture, moments, statistics, scalars and hyperparameters, found NULL");
        }
        double room[softshare::mixture::MOST_COMPONENTS];
        softshare::mixture::update(prior.components, prior.zero_component, mixture, moments, statistics, scalars, hyper, learn_sigma, room);
        return SOFTSHARE_OK;
    });
}

}  // namespace softshare::cpu
