/*
 * softshare's kernels behind one C header: the CPU library, the CUDA library and the dispatcher that the JVM loads all
 * speak it. JavaCPP parses this file: keep it plain C without structs or macros in signatures.
 *
 * Conventions
 *  - Every function returns SOFTSHARE_OK or another status; softshare_error() then has one line of text for people.
 *  - Handles are int64 numbers (0 is none). A context is one loaded kernel library on one device with a thread count;
 *    operations belong to the context they were made with and are freed with softshare_destroy() or with the context.
 *  - Data pointers lie in the device's memory (host memory for the CPU) and belong to the caller. They need 4-byte
 *    alignment; 64 bytes is faster. Buffers never overlap unless a function says "in place".
 *  - Activations are NHWC, float32 (but for SOFTSHARE_BF16_*). Weights are as in PyTorch: convolution (out, in, height, width), linear (out, in).
 *  - A context and its operations may be used by one thread at a time. Different contexts are independent: they may run at
 *    the same time, on CUDA on streams of their own. (There, at most 8 contexts of a process may have a prior at once.)
 *  - Own kernels (everything but convolution and linear, which are oneDNN's on the CPU) give the same bits for every
 *    thread count: work is cut into chunks that depend on the sizes only, partial sums are added in index order.
 *  - What changes from step to step within an epoch is read from device memory (the scalars, SOFTSHARE_SCALAR_*), not
 *    passed by value, so that a step can be captured once as a CUDA graph and replayed.
 */
#ifndef SOFTSHARE_H
#define SOFTSHARE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this header. Library and dispatcher must agree. */
#define SOFTSHARE_ABI 5

/* Statuses. */
#define SOFTSHARE_OK 0
#define SOFTSHARE_INVALID_ARGUMENT 1
#define SOFTSHARE_OUT_OF_MEMORY 2
#define SOFTSHARE_NOT_SUPPORTED 3
#define SOFTSHARE_INTERNAL 4
#define SOFTSHARE_LIBRARY 5

/* Instruction sets of the CPU library's own kernels. AUTO takes the best that the processor has. */
#define SOFTSHARE_ISA_AUTO 0
#define SOFTSHARE_ISA_PLAIN 1
#define SOFTSHARE_ISA_AVX2 2
#define SOFTSHARE_ISA_AVX512 3

/* Precision of convolutions and matrix products. TF32 (GPUs): inputs rounded to 10 bits of mantissa, BF16 (CPUs): to 7; sums in
 * float32. */
#define SOFTSHARE_PRECISION_FP32 0
#define SOFTSHARE_PRECISION_TF32 1
#define SOFTSHARE_PRECISION_BF16 2

/* Flags of operations. */
#define SOFTSHARE_BIAS 1
#define SOFTSHARE_RELU 2
#define SOFTSHARE_WEIGHTS_ONLY 4 /* of convolution_pool: its backward is never asked for dx */

/* Tensors that lie in bfloat16, 2 bytes an element, instead of float32, where a function says so. What writes one rounds to even,
 * as a convolution in bf16 rounds what it reads: the same bits are multiplied, and less memory is read and written. CPU only. */
#define SOFTSHARE_BF16_X 8   /* a convolution's input */
#define SOFTSHARE_BF16_DY 16 /* the gradient in a convolution's output */
#define SOFTSHARE_BF16_Y 32  /* a batch-norm's output */
#define SOFTSHARE_BF16_DX 64 /* the gradient in a batch-norm's input */

/* Pooling. */
#define SOFTSHARE_POOL_MAX 0
#define SOFTSHARE_POOL_AVERAGE 1

/*
 * Scalars of a step: one row of a table that the host writes once an epoch; softshare_step_begin copies the current row
 * to the device buffer that the other functions read (float each).
 */
#define SOFTSHARE_SCALARS 16
#define SOFTSHARE_SCALAR_TAU 0              /* factor of the prior's gradient in the task's: τ / |training set| */
#define SOFTSHARE_SCALAR_RATE_WEIGHTS 1     /* Adam's learning rate for weights under the prior */
#define SOFTSHARE_SCALAR_RATE_OTHER 2       /* ... for biases and batch-norm parameters */
#define SOFTSHARE_SCALAR_RATE_CODEBOOK 3    /* ... for shared values */
#define SOFTSHARE_SCALAR_CORRECTION_1 4     /* 1 / (1 − β1^t) */
#define SOFTSHARE_SCALAR_CORRECTION_2 5     /* 1 / (1 − β2^t) */
#define SOFTSHARE_SCALAR_RATE_MEANS 6       /* Adam's rate for the means of the mixture */
#define SOFTSHARE_SCALAR_RATE_PRECISIONS 7  /* ... for its log σ */
#define SOFTSHARE_SCALAR_RATE_PROPORTIONS 8 /* ... for its logits ρ */
#define SOFTSHARE_SCALAR_EM 9               /* damping of an EM update of the mixture at this step; 0: none */
#define SOFTSHARE_SCALAR_SIGMA_ZERO 10      /* σ of the zero component set by schedule; 0: leave it */
#define SOFTSHARE_SCALAR_SIGMA 11           /* σ of the other components set by schedule; 0: leave it */

/* Augmentation of softshare_gather_images. */
#define SOFTSHARE_AUGMENT_NONE 0
#define SOFTSHARE_AUGMENT_SHIFT 1
#define SOFTSHARE_AUGMENT_FLIP_CROP 2

/* ------------------------------------------------------------------ library, context ------------------------------ */

/*
 * Opens a kernel library by path (libsoftshare_cpu.so, libsoftshare_cuda.so), checks its ABI and makes a context on it.
 * threads: 1 or more. isa: SOFTSHARE_ISA_*; one that the processor lacks is SOFTSHARE_NOT_SUPPORTED.
 * Several libraries may be open at once. The error text of a failed open is read with softshare_error().
 */
int softshare_open(const char* path, int threads, int isa, int64_t* context);
/* Frees the context and all operations made with it. */
int softshare_close(int64_t context);
/* One line about the last failure of the calling thread: what was expected, what was found. Valid until its next call. */
const char* softshare_error(void);
/* For people and checkpoints, e.g. "cpu avx512, oneDNN 3.11.0, 2 threads". Belongs to the context. */
const char* softshare_describe(int64_t context);
/* CUDA: the stream (a cudaStream_t as a number, 0: the default stream) that all later calls are queued on; calls return
 * before their work is done and may be captured in a graph. A context's functions share memory of its own: what it queued on
 * one stream must be done before work of another begins. CPU: ignored. */
int softshare_stream(int64_t context, int64_t stream);
/* SOFTSHARE_PRECISION_* of operations created from now on; one that the device lacks is SOFTSHARE_NOT_SUPPORTED. */
int softshare_precision(int64_t context, int precision);
/* Frees one operation. */
int softshare_destroy(int64_t operation);
/* Names of the library implementations that an operation uses, comma-separated ("brgconv:avx512_core,..."); empty for
 * own kernels. Belongs to the operation. */
const char* softshare_implementation(int64_t operation);

/* ------------------------------------------------------------------ steps, batches -------------------------------- */

/* Copies row `*step` of table (rows of SOFTSHARE_SCALARS) to scalars, then increments *step. One row is one step. */
int softshare_step_begin(int64_t context, const float* table, int64_t rows, int64_t* step, float* scalars);

/*
 * Gathers a batch: for i < batch, example e = order[(*step − 1) · batch + i] (the step that softshare_step_begin began;
 * step NULL: e = order[i]): images (count, height, width, channels) bytes → x (batch, h, w, c) = (pixel − mean[c]) ·
 * inverse_scale[c]; pixels from outside the image are byte 0.
 * Augmentation, from Philox4x32-10 with key seed and counter (e, 0, epoch, 1) → r0..r3: dx = r0 mod (2s+1) − s, dy = r1
 * mod (2s+1) − s, taken if (r2 >> 8)·2^-24 < probability, else 0; flip (FLIP_CROP only) = r3 & 1.
 * out(y, x) = in(y − dy, flip ? width − 1 − (x − dx) : x − dx). s = shift.
 */
int softshare_gather_images(int64_t context, const uint8_t* images, int64_t count, int height, int width, int channels,
                            const int32_t* order, const int64_t* step, int batch, const float* mean,
                            const float* inverse_scale, int augment, int shift, float probability, uint64_t seed,
                            uint32_t epoch, float* x);
/* Gathers labels of the same batch. */
int softshare_gather_labels(int64_t context, const uint8_t* labels, const int32_t* order, const int64_t* step, int batch,
                            int32_t* out);
/* Gathers rows of `width` floats of the same batch (a teacher's logits computed beforehand). */
int softshare_gather_rows(int64_t context, const float* rows, int width, const int32_t* order, const int64_t* step,
                          int batch, float* out);

/* ------------------------------------------------------------------ layers ---------------------------------------- */

/* 2-D convolution. flags: SOFTSHARE_BIAS, SOFTSHARE_RELU (applied to the output). */
int softshare_convolution_create(int64_t context, int batch, int in_channels, int in_height, int in_width,
                                 int out_channels, int kernel_height, int kernel_width, int stride_height,
                                 int stride_width, int pad_height, int pad_width, int flags, int64_t* operation);
/* Which tensors the other functions take in bfloat16 from now on: SOFTSHARE_BF16_X, SOFTSHARE_BF16_DY, both or 0, as at first.
 * *able: whether the operation computes in bf16; if not, it takes none, and asking for one is SOFTSHARE_NOT_SUPPORTED. */
int softshare_convolution_bf16(int64_t operation, int tensors, int* able);
/* x: float, or bfloat16 by softshare_convolution_bf16; below dy likewise. */
int softshare_convolution_forward(int64_t operation, const void* x, const float* weights, const float* bias, float* y);
/* dy is the gradient after the rectifier's mask was applied. */
int softshare_convolution_backward_data(int64_t operation, const void* dy, const float* weights, float* dx);
/* Overwrites dweights and dbias (dbias NULL without SOFTSHARE_BIAS). In bf16, here and in linear layers, x must hold what it held
 * in the operation's last forward call with the same pointer: it was rounded then. */
int softshare_convolution_backward_weights(int64_t operation, const void* x, const void* dy, float* dweights, float* dbias);

/*
 * The whole backward pass: dweights and dbias as ..._backward_weights, dx (NULL: not wanted) as ..._backward_data. y: the layer's
 * output if it was made with SOFTSHARE_RELU: dy (float) then counts only where y > 0, and may become so masked in place; NULL: no mask.
 */
int softshare_convolution_backward(int64_t operation, const void* x, const float* y, void* dy, const float* weights,
                                   float* dx, float* dweights, float* dbias);

/*
 * A convolution and the max-pool behind it, its windows side by side (their stride is their size, 32 positions at most; padding never
 * wins, half a window at most). SOFTSHARE_RELU rectifies after the pool, which is the same as before it. On CUDA one kernel, which
 * never writes the full-size output; on the CPU the two operations with a buffer of their own between them.
 * y, argmax: (batch, pooled height, pooled width, out_channels); argmax: position in the window, the first of equals, or 255 where the
 * rectifier let nothing through; NULL: not wanted. backward needs it, and masks and scatters dy by it; dx NULL: not wanted (always
 * so with SOFTSHARE_WEIGHTS_ONLY, which on CUDA saves memory and time).
 */
int softshare_convolution_pool_create(int64_t context, int batch, int in_channels, int in_height, int in_width,
                                      int out_channels, int kernel_height, int kernel_width, int stride_height,
                                      int stride_width, int pad_height, int pad_width, int window_height, int window_width,
                                      int window_pad_height, int window_pad_width, int flags, int64_t* operation);
int softshare_convolution_pool_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y,
                                       uint8_t* argmax);
/* Overwrites dx, dweights and dbias (NULL without SOFTSHARE_BIAS). */
int softshare_convolution_pool_backward(int64_t operation, const float* x, const uint8_t* argmax, const float* dy,
                                        const float* weights, float* dx, float* dweights, float* dbias);

/* y (batch, out) = x (batch, in) · weightsᵀ + bias. */
int softshare_linear_create(int64_t context, int batch, int in_features, int out_features, int flags,
                            int64_t* operation);
int softshare_linear_forward(int64_t operation, const float* x, const float* weights, const float* bias, float* y);
int softshare_linear_backward_data(int64_t operation, const float* dy, const float* weights, float* dx);
int softshare_linear_backward_weights(int64_t operation, const float* x, const float* dy, float* dweights, float* dbias);

int softshare_linear_backward(int64_t operation, const float* x, const float* y, float* dy, const float* weights, float* dx,
                              float* dweights, float* dbias);

/* Pooling; argmax (batch·out_h·out_w·channels bytes: position in the window) is written by max-pooling, read backward;
 * NULL for average. Padding never wins and does not count. Windows of at most 256 positions for maximum. */
int softshare_pool_create(int64_t context, int kind, int batch, int channels, int in_height, int in_width,
                          int kernel_height, int kernel_width, int stride_height, int stride_width, int pad_height,
                          int pad_width, int64_t* operation);
int softshare_pool_forward(int64_t operation, const float* x, float* y, uint8_t* argmax);
int softshare_pool_backward(int64_t operation, const float* dy, const uint8_t* argmax, float* dx);

/*
 * Batch normalisation over `count` = batch·height·width positions of `channels`. Training form: batch mean and (biased)
 * variance are written to mean and variance and folded into the running ones with PyTorch's momentum (unbiased variance
 * there; running NULL: not folded). flags: SOFTSHARE_RELU applies a rectifier after it; SOFTSHARE_BF16_Y, SOFTSHARE_BF16_DX: y, dx
 * lie in bfloat16, not in float.
 */
int softshare_batchnorm_forward(int64_t context, int64_t count, int channels, const float* x, const float* scale,
                                const float* shift, float epsilon, float momentum, int flags, void* y, float* mean,
                                float* variance, float* running_mean, float* running_variance);
int softshare_batchnorm_inference(int64_t context, int64_t count, int channels, const float* x, const float* scale,
                                  const float* shift, const float* running_mean, const float* running_variance,
                                  float epsilon, int flags, void* y);
/* With SOFTSHARE_RELU (y is then needed) dy counts only where y > 0, and may become so masked in place. */
int softshare_batchnorm_backward(int64_t context, int64_t count, int channels, const float* x, const void* y, float* dy,
                                 const float* scale, const float* mean, const float* variance, float epsilon, int flags,
                                 void* dx, float* dscale, float* dshift);

/* y = max(x, 0); in place allowed. */
int softshare_relu_forward(int64_t context, int64_t count, const float* x, float* y);
/* dx = y > 0 ? dy : 0; in place (dx = dy) allowed. */
int softshare_relu_backward(int64_t context, int64_t count, const float* y, const float* dy, float* dx);
/* y = a + b; in place allowed. */
int softshare_add(int64_t context, int64_t count, const float* a, const float* b, float* y);
/* NHWC → (n, c·h·w) in the order c, h, w, and back. */
int softshare_flatten(int64_t context, int batch, int channels, int height, int width, const float* x, float* y);
int softshare_unflatten(int64_t context, int batch, int channels, int height, int width, const float* y, float* x);

/*
 * Loss over the first `valid` of `batch` rows, its gradient (already divided by valid; rows beyond are zero; dlogits NULL:
 * loss only): (1 − share)·CE(labels) + share·T²·KL(softmax(teacher/T) ‖ softmax(logits/T)); teacher NULL: share is 0.
 * totals (double, accumulated): [0] += Σ loss, [1] += errors (arg-max ≠ label; the first of equals wins), [2] += valid,
 * [3] = first step whose loss is not finite (*step − 1, kept if already ≥ 0; the host starts it at −1; step may be NULL: 0).
 * A label that is no class is refused on the CPU; on CUDA, where labels are not read by the host, it makes the loss NaN.
 */
int softshare_loss(int64_t context, int batch, int valid, int classes, const float* logits, const int32_t* labels,
                   const float* teacher, float share, float temperature, const int64_t* step, float* dlogits,
                   double* totals);

/*
 * A chain of layers over its live weights alone, sixteen images a vector: for networks of which few weights are left. CPU only.
 *
 * layout: 17 numbers a layer: in channels, height, width; out channels; kernel height, width; stride height, width; pad height,
 * width; flags (SOFTSHARE_BIAS, SOFTSHARE_RELU); position of its first weight and of its first bias in the arena; and of the
 * maximum pooling behind it, window height, width, stride height, width (height 0: none; no padding; the rectifier commutes
 * with it). A linear layer is a 1×1 kernel on a 1×1 image, its inputs those of PyTorch's flattening. Each layer takes what the
 * one before gives, the first the images (batch, height, width, channels); the last gives the logits, flattened.
 */
int softshare_sparse_create(int64_t context, int batch, int image_height, int image_width, int image_channels, int layers,
                            const int64_t* layout, int64_t* operation);
/* Which weights are live: increasing positions in the arena; packed arrays below are in this order. Needed before a pass. */
int softshare_sparse_live(int64_t operation, int64_t live, const int64_t* index);
/* logits (batch, classes). packed: live weights; arena: biases at their positions. */
int softshare_sparse_forward(int64_t operation, const float* x, const float* packed, const float* arena, float* logits);
/* After forward with the same weights. Overwrites dpacked, and biases' gradients at their positions in darena. */
int softshare_sparse_backward(int64_t operation, const float* dlogits, const float* packed, float* dpacked, float* darena);

/* ------------------------------------------------------------------ the mixture prior ----------------------------- */

/*
 * The mixture prior over an arena of weights. METHOD: Σ_i −log Σ_j π_j N(w_i | μ_j, σ_j²).
 *
 * tensors, layout: for each tensor (offset, rows, columns, kernel): weight (r, c, k) lies at offset + (r·columns + c)·
 * kernel + k; tensors are contiguous and in order, the first at offset 0. components K = J + 1, 1 to 256.
 * mixture (double, device memory, 3·K): π (K), μ (K), σ (K). Component 0 is the zero component if zero_component != 0
 * (μ_0 = 0). CUDA: SOFTSHARE_NOT_SUPPORTED where 8 other contexts of the process have a prior (destroy or close one first).
 *
 * Structured zero component (row_offsets, column_offsets not NULL): for weight (r, c) of tensor t
 *     logit(1 − π_0,rc) = logit(1 − π_0) + clip(a_r + b_c, −4, 7),
 * a in row_offsets (all tensors' rows one after another), b in column_offsets likewise; the other components keep their
 * proportions π_j / (1 − π_0) among themselves.
 *
 * live: NULL (dense), or a bit a weight (bit i & 31 of word i >> 5): weights whose bit is 0 are frozen at +0: neither
 * they nor their moments change and they count in no statistic.
 *
 * statistics (double, 3·K + 1; NULL: none): [0] value Σ −log p(w); then for each component Σ r, Σ r·(w − μ),
 * Σ r·(w − μ)². row_counts, column_counts (float; NULL: none): Σ (1 − r_0) over the row / column, in the order of the
 * offsets. All are overwritten.
 */
int softshare_prior_create(int64_t context, int tensors, const int64_t* layout, int components, int zero_component,
                           int64_t* operation);

/* Fused, no update: gradient (NULL: none) = ∂/∂w of the value, unscaled; 0 where frozen. */
int softshare_prior_evaluate(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                             const float* row_offsets, const float* column_offsets, float* gradient, double* statistics,
                             float* row_counts, float* column_counts);

/*
 * Fused step: one pass over the arena: g_i = task gradient + scalars[TAU]·∂/∂w, then Adam with scalars[RATE_WEIGHTS] on
 * weights and the moments. The task gradient is read only.
 */
int softshare_prior_step(int64_t operation, float* weights, const float* gradient, float* moment1, float* moment2,
                         const uint32_t* live, const double* mixture, const float* row_offsets,
                         const float* column_offsets, const float* scalars, float beta1, float beta2, float epsilon,
                         double* statistics, float* row_counts, float* column_counts);

/* Unfused, each a pass. responsibilities: weights × K floats, row-major. */
int softshare_prior_responsibilities(int64_t operation, const float* weights, const uint32_t* live,
                                     const double* mixture, const float* row_offsets, const float* column_offsets,
                                     float* responsibilities, double* value);
int softshare_prior_gradient(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                             const float* responsibilities, float* gradient);
int softshare_prior_statistics(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                               const float* responsibilities, double* statistics, float* row_counts,
                               float* column_counts);

/* Most responsible component of each weight (ties: the lower index); frozen weights get 0. */
int softshare_prior_assign(int64_t operation, const float* weights, const uint32_t* live, const double* mixture,
                           const float* row_offsets, const float* column_offsets, uint8_t* assignment);

/* Freezes live weights whose zero responsibility exceeds threshold: weight := +0, bit := 0. *frozen: how many just now. */
int softshare_prior_freeze(int64_t operation, float* weights, uint32_t* live, const double* mixture,
                           const float* row_offsets, const float* column_offsets, float threshold, int64_t* frozen);

/*
 * Offsets of the structured zero component from soft non-zero counts, tensor by tensor (what an adaptive coder charges):
 * a_r = log(n_r + 0.3) − log(T·kernel·p), b_c = log(m_c + 0.3), T = Σ n_r of the tensor, p = 1 − π_0 of the mixture, so
 * that (1 − π_0)·exp(a + b) = (n_r + 0.3)(m_c + 0.3) / (T·kernel).
 */
int softshare_prior_offsets(int64_t operation, const double* mixture, const float* row_counts,
                            const float* column_counts, float* row_offsets, float* column_offsets);

/*
 * Updates the mixture's own parameters from the statistics of a step.
 *
 * By schedule: scalars[SIGMA_ZERO], scalars[SIGMA] > 0 set σ_0 and the others' σ (always done first).
 * By damped EM, where scalars[EM] = κ > 0: π_j (of the free ones) and μ_j move by κ towards their EM estimates (μ_j only
 * where Σ r > 1); σ_j too if learn_sigma != 0. π_0 stays.
 * By gradient (Adam; rates from scalars, 0: that group stays): μ_j, log σ_j, ρ_j with the loss τ·L_C, hyperpriors included:
 * −log Gamma(λ_j | α, β) on precisions λ = 1/σ² (hyper: α_0, β_0, α, β; α = 0: none), −log Beta(1 − π_0, ...) if π_0 is
 * learned (hyper[4], hyper[5] = a, b of Beta(π_0 | a, b); a = 0: π_0 is fixed).
 * moments: 2 × 3·K doubles of Adam, zero at the start. σ never falls below hyper[6].
 */
int softshare_mixture_update(int64_t operation, double* mixture, double* moments, const double* statistics,
                             const float* scalars, const double* hyper, int learn_sigma);

/* ------------------------------------------------------------------ optimiser and quantisation -------------------- */

/* y += scalars[index]·x. */
int softshare_add_scaled(int64_t context, int64_t count, const float* scalars, int index, const float* x, float* y);
/* Adam on values with gradient and moments; rate scalars[rate_index]; live NULL or a bit a value as above. */
int softshare_adam(int64_t context, int64_t count, float* values, const float* gradient, float* moment1, float* moment2,
                   const uint32_t* live, const float* scalars, int rate_index, float beta1, float beta2, float epsilon);
/* Compaction: packed[k] = full[index[k]], and back (other elements of full stay). */
int softshare_compact(int64_t context, int64_t live, const int64_t* index, const float* full, float* packed);
int softshare_expand(int64_t context, int64_t live, const int64_t* index, const float* packed, float* full);
/*
 * Hard step. assign: assignment_i = arg-min_j (w_i − codebook_j)² + penalty_j (penalty NULL: none) over j ≥ first; frozen
 * weights get 0. values: quantised_i = codebook[assignment_i]. gradient: sums_j = Σ gradient_i over assignment_i = j
 * (double, overwritten), the straight-through gradient of the shared values. Codebooks have at most 256 entries; entry 0
 * is the zero.
 */
int softshare_codebook_assign(int64_t context, int64_t count, const float* weights, const uint32_t* live,
                              int components, const float* codebook, const float* penalty, int first,
                              uint8_t* assignment);
int softshare_codebook_values(int64_t context, int64_t count, const uint8_t* assignment, const float* codebook,
                              float* quantised);
int softshare_codebook_gradient(int64_t context, int64_t count, const float* gradient, const uint8_t* assignment,
                                int components, double* sums);
/*
 * Adam on the shared values 1 … components − 1 by the straight-through sums of softshare_codebook_gradient; entry 0 stays 0.
 * moments: 2 × components doubles, zero at the start. Rate scalars[RATE_CODEBOOK], corrections from the scalars.
 */
int softshare_codebook_update(int64_t context, int components, const double* sums, const float* scalars, float beta1,
                              float beta2, float epsilon, double* moments, float* codebook);
/* y = x rounded to a multiple of grid (half to even), in place allowed. */
int softshare_round(int64_t context, int64_t count, float grid, const float* x, float* y);

#ifdef __cplusplus
}
#endif
#endif
