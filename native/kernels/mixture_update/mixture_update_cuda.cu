/* softshare_mixture_update on CUDA: one thread, so that nothing returns to the host and the sums keep their order. */
#include "mixture_update_math.h"

#include "../prior/prior_cuda.h"

namespace softshare::cuda {

namespace {

__global__ void update_mixture(int components, int zero_component, double* mixture, double* moments, const double* statistics,
                               const float* scalars, const double* hyper, int learn_sigma) {
    SHARED_ARRAY(double, room, softshare::mixture::MOST_COMPONENTS);
    softshare::mixture::update(components, zero_component != 0, mixture, moments, statistics, scalars, hyper, learn_sigma, room);
}

}  // namespace

int mixture_update(int64_t operation, double* mixture, double* moments, const double* statistics, const float* scalars,
                   const double* hyper, int learn_sigma) {
    return guarded("mixture_update", [&] {
        const PriorOperation& prior = prior_of(operation);
        if (mixture == nullptr || moments == nullptr || statistics == nullptr || scalars == nullptr || hyper == nullptr) {
            return fail(SOFTSHARE_INVALID_ARGUMENT, "mixture_update needs a mixture, moments, statistics, scalars and hyperparameters, found NULL");
        }
        return launch("mixture_update", update_mixture, 1, 1, prior.context->stream, prior.components, int(prior.zero_component), mixture,
                      moments, statistics, scalars, hyper, learn_sigma);
    });
}

}  // namespace softshare::cuda
