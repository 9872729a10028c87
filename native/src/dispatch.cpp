/*
 * The dispatcher: opens kernel libraries by path and hands each call to the library that made the handle. This is all
 * that the JNI library links; it needs nothing of oneDNN or CUDA.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include <string>

#include "table.h"

using softshare::Handle;
using softshare::Table;

namespace {

thread_local std::string error_text;                  // an error of the dispatcher itself,
thread_local const Table* last_table = nullptr;       // ... ... or the library whose error it was

/*
 * How long OpenMP's threads spin before they sleep, in turns of a loop: about 50 µs, enough between two kernels of a step.
 * The runtime's own choice is milliseconds: harmless on an idle machine, but with one more busy process on its cores every
 * kernel then waits for the end of a time slice, and a training step takes 40 times as long instead of twice. It is read
 * when the runtime loads, which is after this library; what the user set stays.
 */
__attribute__((constructor)) void limit_spinning() {
    if (getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "1000", 0);
}

int fail(int status, std::string text) {
    error_text = std::move(text);
    last_table = nullptr;
    return status;
}

const Table* table_of(int64_t handle) {
    return handle == 0 ? nullptr : reinterpret_cast<const Handle*>(handle)->table;
}

template <typename... Parameters, typename... Arguments>
int dispatch(int (*Table::*function)(int64_t, Parameters...), int64_t handle, Arguments... arguments) {
    const Table* table = table_of(handle);
    if (table == nullptr) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, "the handle is 0: the context or operation was not created or is closed");
    }
    if (table->*function == nullptr) {
        return fail(SOFTSHARE_NOT_SUPPORTED, "this kernel library lacks a function that the program calls");
    }
    last_table = table;
    return (table->*function)(handle, arguments...);
}

}  // namespace

extern "C" {

int softshare_open(const char* path, int threads, int isa, int64_t* context) {
    if (path == nullptr || context == nullptr) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, "softshare_open needs a path and a place for the context");
    }
    *context = 0;
    // The handle is never closed: threads of the library's runtime may outlive every context.
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* why = dlerror();
        return fail(SOFTSHARE_LIBRARY, why != nullptr ? why : std::string("cannot load ") + path);
    }
    auto entry = reinterpret_cast<decltype(&softshare_kernel_table)>(dlsym(library, "softshare_kernel_table"));
    if (entry == nullptr) {
        return fail(SOFTSHARE_LIBRARY, std::string(path) + " is no softshare kernel library: it has no softshare_kernel_table");
    }
    const Table* table = entry(SOFTSHARE_ABI);
    if (table == nullptr || table->abi != SOFTSHARE_ABI) {
        return fail(SOFTSHARE_LIBRARY, std::string(path) + " does not speak version " + std::to_string(SOFTSHARE_ABI) +
                                           " of softshare's kernel interface; build it from the same sources");
    }
    last_table = table;
    return table->open(threads, isa, context);
}

int softshare_close(int64_t context) {
    const Table* table = table_of(context);
    if (table == nullptr) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, "the context is 0: it was not opened or is closed");
    }
    last_table = table;
    return table->close(context);
}

const char* softshare_error(void) { return last_table != nullptr ? last_table->error() : error_text.c_str(); }

const char* softshare_describe(int64_t context) {
    const Table* table = table_of(context);
    return table == nullptr ? "" : table->describe(context);
}

int softshare_destroy(int64_t operation) {
    const Table* table = table_of(operation);
    if (table == nullptr) {
        return fail(SOFTSHARE_INVALID_ARGUMENT, "the operation is 0: it was not created or is freed");
    }
    last_table = table;
    return table->destroy(operation);
}

const char* softshare_implementation(int64_t operation) {
    const Table* table = table_of(operation);
    return table == nullptr ? "" : table->implementation(operation);
}

int softshare_stream(int64_t context, int64_t stream) {
    return dispatch(&Table::stream, context, stream);
}
int softshare_precision(int64_t context, int precision) {
    return dispatch(&Table::precision, context, precision);
}
int softshare_step_begin(int64_t context, const float* table, int64_t rows, int64_t* step, float* scalars) {
    return dispatch(&Table::step_begin, context, table, rows, step, scalars);
}
int softshare_gather_images(int64_t context, const uint8_t* images, int64_t count, int height, int width, int channels, const int32_t* order, const int64_t* step, int batch, const float* mean, const float* inverse_scale, int augment, int shift, float probability, uint64_t seed, uint32_t epoch, float* x) {
    return dispatch(&Table::gather_images, context, images, count, height, width, channels, order, step, batch, mean, inverse_scale, augment, shift, probability, seed, epoch, x);
}
int softshare_gather_labels(int64_t context, const uint8_t* labels, const int32_t* order, const int64_t* step, int batch, int32_t* out) {
    return dispatch(&Table::gather_labels, context, labels, order, step, batch, out);
}
int softshare_gather_rows(int64_t context, const float* rows, int width, const int32_t* order, const int64_t* step, int batch, float* out) {
    return dispatch(&Table::gather_rows, context, rows, width, order, step, batch, out);
}
int softshare_convolution_create(int64_t context, int batch, int in_channels, int in_height, int in_width, int out_channels, int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width, int flags, int64_t* operation) {
    return dispatch(&Table::convolution_create, context, batch, in_channels, in_height, in_width, out_channels, kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width, flags, operation);
}
int softshare_convolution_bf16(int64_t operation, int tensors, int* able) {
    return dispatch(&Table::convolution_bf16, operation, tensors, able);
}
int softshare_convolution_forward(int64_t operation, const void* x, const float* weights, const float* bias, float* y) {
    return dispatch(&Table::convolution_forward, operation, x, weights, bias, y);
}
int softshare_convolution_backward_data(int64_t operation, const void* dy, const float* weights, float* dx) {
    return dispatch(&Table::convolution_backward_data, operation, dy, weights, dx);
}
int softshare_convolution_backward_weights(int64_t operation, const void* x, const void* dy, float* dweights, float* dbias) {
    return dispatch(&Table::convolution_backward_weights, operation, x, dy, dweights, dbias);
}
int softshare_convolution_backward(int64_t operation, const void* x, const float* y, void* dy, const float* weights, float* dx, float* dweights, float* dbias) {
    return dispatch(&Table::convolution_backward, operation, x, y, dy, weights, dx, dweights, dbias);
}
int softshare_convolution_pool_create(int64_t context, int batch, int in_channels, int in_height, int in_width, int out_channels, int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width, int window_height, int window_width, int window_pad_height, int window_pad_width, int flags, int64_t* operation) {
    return dispatch(&Table::convolution_pool_create, context, batch, in_channels, in_height, in_width, out_channels, kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width, window_height, window_width, window_pad_height, window_pad_width, flags, operation);
}
int softshare_convolution_pool_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y, uint8_t* argmax) {
    return dispatch(&Table::convolution_pool_forward, operation, x, weights, bias, y, argmax);
}
int softshare_convolution_pool_backward(int64_t operation, const float* x, const uint8_t* argmax, const float* dy, const float* weights, float* dx, float* dweights, float* dbias) {
    return dispatch(&Table::convolution_pool_backward, operation, x, argmax, dy, weights, dx, dweights, dbias);
}
int softshare_linear_create(int64_t context, int batch, int in_features, int out_features, int flags, int64_t* operation) {
    return dispatch(&Table::linear_create, context, batch, in_features, out_features, flags, operation);
}
int softshare_linear_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y) {
    return dispatch(&Table::linear_forward, operation, x, weights, bias, y);
}
int softshare_linear_backward_data(int64_t operation, const float* dy, const float* weights, float* dx) {
    return dispatch(&Table::linear_backward_data, operation, dy, weights, dx);
}
int softshare_linear_backward_weights(int64_t operation, const float* x, const float* dy, float* dweights, float* dbias) {
    return dispatch(&Table::linear_backward_weights, operation, x, dy, dweights, dbias);
}
int softshare_linear_backward(int64_t operation, const float* x, const float* y, float* dy, const float* weights, float* dx, float* dweights, float* dbias) {
    return dispatch(&Table::linear_backward, operation, x, y, dy, weights, dx, dweights, dbias);
}
int softshare_pool_create(int64_t context, int kind, int batch, int channels, int in_height, int in_width, int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_height, int pad_width, int64_t* operation) {
    return dispatch(&Table::pool_create, context, kind, batch, channels, in_height, in_width, kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width, operation);
}
int softshare_pool_forward(int64_t operation, const float* x, float* y, uint8_t* argmax) {
    return dispatch(&Table::pool_forward, operation, x, y, argmax);
}
int softshare_pool_backward(int64_t operation, const float* dy, const uint8_t* argmax, float* dx) {
    return dispatch(&Table::pool_backward, operation, dy, argmax, dx);
}
int softshare_batchnorm_forward(int64_t context, int64_t count, int channels, const float* x, const float* scale, const float* shift, float epsilon, float momentum, int flags, void* y, float* mean, float* variance, float* running_mean, float* running_variance) {
    return dispatch(&Table::batchnorm_forward, context, count, channels, x, scale, shift, epsilon, momentum, flags, y, mean, variance, running_mean, running_variance);
}
int softshare_batchnorm_inference(int64_t context, int64_t count, int channels, const float* x, const float* scale, const float* shift, const float* running_mean, const float* running_variance, float epsilon, int flags, void* y) {
    return dispatch(&Table::batchnorm_inference, context, count, channels, x, scale, shift, running_mean, running_variance, epsilon, flags, y);
}
int softshare_batchnorm_backward(int64_t context, int64_t count, int channels, const float* x, const void* y, float* dy, const float* scale, const float* mean, const float* variance, float epsilon, int flags, void* dx, float* dscale, float* dshift) {
    return dispatch(&Table::batchnorm_backward, context, count, channels, x, y, dy, scale, mean, variance, epsilon, flags, dx, dscale, dshift);
}
int softshare_relu_forward(int64_t context, int64_t count, const float* x, float* y) {
    return dispatch(&Table::relu_forward, context, count, x, y);
}
int softshare_relu_backward(int64_t context, int64_t count, const float* y, const float* dy, float* dx) {
    return dispatch(&Table::relu_backward, context, count, y, dy, dx);
}
int softshare_add(int64_t context, int64_t count, const float* a, const float* b, float* y) {
    return dispatch(&Table::add, context, count, a, b, y);
}
int softshare_flatten(int64_t context, int batch, int channels, int height, int width, const float* x, float* y) {
    return dispatch(&Table::flatten, context, batch, channels, height, width, x, y);
}
int softshare_unflatten(int64_t context, int batch, int channels, int height, int width, const float* y, float* x) {
    return dispatch(&Table::unflatten, context, batch, channels, height, width, y, x);
}
int softshare_loss(int64_t context, int batch, int valid, int classes, const float* logits, const int32_t* labels, const float* teacher, float share, float temperature, const int64_t* step, float* dlogits, double* totals) {
    return dispatch(&Table::loss, context, batch, valid, classes, logits, labels, teacher, share, temperature, step, dlogits, totals);
}
int softshare_prior_create(int64_t context, int tensors, const int64_t* layout, int components, int zero_component, int64_t* operation) {
    return dispatch(&Table::prior_create, context, tensors, layout, components, zero_component, operation);
}
int softshare_prior_evaluate(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* row_offsets, const float* column_offsets, float* gradient, double* statistics, float* row_counts, float* column_counts) {
    return dispatch(&Table::prior_evaluate, operation, weights, live, mixture, row_offsets, column_offsets, gradient, statistics, row_counts, column_counts);
}
int softshare_prior_step(int64_t operation, float* weights, const float* gradient, float* moment1, float* moment2, const uint32_t* live, const double* mixture, const float* row_offsets, const float* column_offsets, const float* scalars, float beta1, float beta2, float epsilon, double* statistics, float* row_counts, float* column_counts) {
    return dispatch(&Table::prior_step, operation, weights, gradient, moment1, moment2, live, mixture, row_offsets, column_offsets, scalars, beta1, beta2, epsilon, statistics, row_counts, column_counts);
}
int softshare_prior_responsibilities(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* row_offsets, const float* column_offsets, float* responsibilities, double* value) {
    return dispatch(&Table::prior_responsibilities, operation, weights, live, mixture, row_offsets, column_offsets, responsibilities, value);
}
int softshare_prior_gradient(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* responsibilities, float* gradient) {
    return dispatch(&Table::prior_gradient, operation, weights, live, mixture, responsibilities, gradient);
}
int softshare_prior_statistics(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* responsibilities, double* statistics, float* row_counts, float* column_counts) {
    return dispatch(&Table::prior_statistics, operation, weights, live, mixture, responsibilities, statistics, row_counts, column_counts);
}
int softshare_prior_assign(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* row_offsets, const float* column_offsets, uint8_t* assignment) {
    return dispatch(&Table::prior_assign, operation, weights, live, mixture, row_offsets, column_offsets, assignment);
}
int softshare_prior_freeze(int64_t operation, float* weights, uint32_t* live, const double* mixture, const float* row_offsets, const float* column_offsets, float threshold, int64_t* frozen) {
    return dispatch(&Table::prior_freeze, operation, weights, live, mixture, row_offsets, column_offsets, threshold, frozen);
}
int softshare_prior_offsets(int64_t operation, const double* mixture, const float* row_counts, const float* column_counts, float* row_offsets, float* column_offsets) {
    return dispatch(&Table::prior_offsets, operation, mixture, row_counts, column_counts, row_offsets, column_offsets);
}
int softshare_mixture_update(int64_t operation, double* mixture, double* moments, const double* statistics, const float* scalars, const double* hyper, int learn_sigma) {
    return dispatch(&Table::mixture_update, operation, mixture, moments, statistics, scalars, hyper, learn_sigma);
}
int softshare_add_scaled(int64_t context, int64_t count, const float* scalars, int index, const float* x, float* y) {
    return dispatch(&Table::add_scaled, context, count, scalars, index, x, y);
}
int softshare_adam(int64_t context, int64_t count, float* values, const float* gradient, float* moment1, float* moment2, const uint32_t* live, const float* scalars, int rate_index, float beta1, float beta2, float epsilon) {
    return dispatch(&Table::adam, context, count, values, gradient, moment1, moment2, live, scalars, rate_index, beta1, beta2, epsilon);
}
int softshare_compact(int64_t context, int64_t live, const int64_t* index, const float* full, float* packed) {
    return dispatch(&Table::compact, context, live, index, full, packed);
}
int softshare_expand(int64_t context, int64_t live, const int64_t* index, const float* packed, float* full) {
    return dispatch(&Table::expand, context, live, index, packed, full);
}
int softshare_codebook_assign(int64_t context, int64_t count, const float* weights, const uint32_t* live, int components, const float* codebook, const float* penalty, int first, uint8_t* assignment) {
    return dispatch(&Table::codebook_assign, context, count, weights, live, components, codebook, penalty, first, assignment);
}
int softshare_codebook_values(int64_t context, int64_t count, const uint8_t* assignment, const float* codebook, float* quantised) {
    return dispatch(&Table::codebook_values, context, count, assignment, codebook, quantised);
}
int softshare_codebook_gradient(int64_t context, int64_t count, const float* gradient, const uint8_t* assignment, int components, double* sums) {
    return dispatch(&Table::codebook_gradient, context, count, gradient, assignment, components, sums);
}
int softshare_codebook_update(int64_t context, int components, const double* sums, const float* scalars, float beta1, float beta2, float epsilon, double* moments, float* codebook) {
    return dispatch(&Table::codebook_update, context, components, sums, scalars, beta1, beta2, epsilon, moments, codebook);
}
int softshare_round(int64_t context, int64_t count, float grid, const float* x, float* y) {
    return dispatch(&Table::round, context, count, grid, x, y);
}
int softshare_sparse_create(int64_t context, int batch, int image_height, int image_width, int image_channels, int layers, const int64_t* layout, int64_t* operation) {
    return dispatch(&Table::sparse_create, context, batch, image_height, image_width, image_channels, layers, layout, operation);
}
int softshare_sparse_live(int64_t operation, int64_t live, const int64_t* index) {
    return dispatch(&Table::sparse_live, operation, live, index);
}
int softshare_sparse_forward(int64_t operation, const float* x, const float* packed, const float* arena, float* logits) {
    return dispatch(&Table::sparse_forward, operation, x, packed, arena, logits);
}
int softshare_sparse_backward(int64_t operation, const float* dlogits, const float* packed, float* dpacked, float* darena) {
    return dispatch(&Table::sparse_backward, operation, dlogits, packed, dpacked, darena);
}
}  // extern "C"
