/* The prior's functions on CUDA: which kernels a call queues. See prior_passes_cuda.h for what they do (unfused: prior_matrix_cuda.h). */
#include <memory>
#include <mutex>

#include "prior_matrix_cuda.h"
#include "prior_step_cuda.h"

namespace softshare::cuda {

namespace {

constexpr int MOST_BLOCKS_A_PROCESSOR = 4;

int invalid(const std::string& text) { return fail(SOFTSHARE_INVALID_ARGUMENT, text); }

unsigned grid(int64_t count, int64_t most) {
    const int64_t blocks = (count + PRIOR_THREADS - 1) / PRIOR_THREADS;
    return unsigned(blocks < most ? blocks : most);
}

std::mutex slots_mutex;
bool slots_taken[PRIOR_SLOTS];

/* The first free slot, taken; -1: none is free. */
int take_slot() {
    std::lock_guard<std::mutex> lock(slots_mutex);
    for (int i = 0; i < PRIOR_SLOTS; i++) {
        if (!slots_taken[i]) return slots_taken[i] = true, i;
    }
    return -1;
}

/* The context's slot of constant memory, or a free one if it has none; NULL: none is free. */
std::shared_ptr<const int> slot_of(Context& context) {
    if (std::shared_ptr<const int> own = context.prior_slot.lock()) return own;
    auto number = std::make_unique<int>(take_slot());
    if (*number < 0) return nullptr;
    std::shared_ptr<const int> own(number.release(), [](const int* slot) {
        std::lock_guard<std::mutex> lock(slots_mutex);
        slots_taken[*slot] = false;
        delete slot;
    });
    context.prior_slot = own;
    return own;
}

/* Calls queue(std::true_type) where the context has the first slot, whose kernels are of their own, else queue(std::false_type). */
template <typename Queue>
int with_form(const PriorOperation& prior, Queue queue) {
    return *prior.slot == 0 ? queue(std::true_type()) : queue(std::false_type());
}

/* The mixture's constants, derived and copied to constant memory on the stream. */
int read_mixture(const char* where, PriorOperation& prior, const double* mixture) {
    if (mixture == nullptr) return invalid(std::string(where) + " needs a mixture, found NULL");
    cudaStream_t stream = prior.context->stream;
    if (int status = launch(where, derive, 1, PRIOR_COMPONENTS, stream, mixture, prior.components, int(prior.zero_component),
                            prior.terms.get())) {
        return status;
    }
    return check(where, cudaMemcpyToSymbolAsync(terms_of_slots, prior.terms.get(), sizeof(PriorTerms), size_t(*prior.slot) * sizeof(PriorTerms),
                                                cudaMemcpyDeviceToDevice, stream));
}

int check_offsets(const char* where, const PriorOperation& prior, const float* rows, const float* columns) {
    if ((rows == nullptr) != (columns == nullptr)) return invalid(std::string(where) + " needs row and column offsets both or neither");
    if (rows != nullptr && !prior.zero_component) {
        return invalid(std::string(where) + ": offsets need a mixture with a zero component; this one was made without");
    }
    return SOFTSHARE_OK;
}

Pass pass_of(const PriorOperation& prior, const float* weights, const uint32_t* live, const float* rows, const float* columns) {
    Pass a{};
    a.chunks = prior.chunks.get();
    a.chunk_count = prior.chunk_count;
    a.components = prior.components;
    a.slot = *prior.slot;
    a.weights = weights;
    a.live = live;
    a.row_offsets = rows;
    a.column_offsets = columns;
    return a;
}

int sum_partials(const char* where, const PriorOperation& prior, int first, double* statistics) {
    const int size = 3 * prior.components + 1;
    return launch(where, gather_partials, dim3(unsigned((size - first + 31) / 32)), 32, prior.context->stream, prior.partials.get(),
                  prior.blocks, size, first, size, statistics);
}

bool aligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % 16 == 0; }

template <int N, bool FIRST>
int run_register_form(const char* where, const PriorOperation& prior, const Pass& a, bool statistics) {
    const bool flat = a.updated != nullptr && a.row_offsets == nullptr && a.shares == nullptr && aligned(a.updated) && aligned(a.task) &&
                      aligned(a.moment1) && aligned(a.moment2);
    cudaStream_t stream = prior.context->stream;
    if (flat && !statistics) return launch(where, step_flat<N, false, FIRST>, prior.blocks, PRIOR_THREADS, stream, a, prior.weights);
    // With the sums of more than 24 components its registers would spill.
    if constexpr (N <= 24) {
        if (flat) return launch(where, step_flat<N, true, FIRST>, prior.blocks, PRIOR_THREADS, stream, a, prior.weights);
    }
    return statistics ? launch(where, pass<N, true, FIRST>, prior.blocks, PRIOR_THREADS, stream, a)
                      : launch(where, pass<N, false, FIRST>, prior.blocks, PRIOR_THREADS, stream, a);
}

template <bool FIRST>
int run_main_pass(const char* where, const PriorOperation& prior, Pass& a, bool statistics) {
    cudaStream_t stream = prior.context->stream;
    const int k = prior.components;
    if (k <= 4) return run_register_form<4, FIRST>(where, prior, a, statistics);
    if (k <= 8) return run_register_form<8, FIRST>(where, prior, a, statistics);
    if (k <= 17) return run_register_form<17, FIRST>(where, prior, a, statistics);
    if (k <= 24) return run_register_form<24, FIRST>(where, prior, a, statistics);
    if (k <= PRIOR_REGISTERS) return run_register_form<32, FIRST>(where, prior, a, statistics);
    if (statistics) {
        a.norms = prior.norms.get();
        if (int status = launch(where, normalise<FIRST>, prior.blocks, PRIOR_THREADS, stream, a)) return status;
        const dim3 blocks(unsigned(prior.blocks), unsigned(k));
        if (int status = launch(where, statistics_streaming<FIRST>, blocks, PRIOR_THREADS, stream, a)) return status;
    }
    return launch(where, pass_streaming<FIRST>, prior.blocks, PRIOR_THREADS, stream, a);
}

int run_pass(const char* where, PriorOperation& prior, Pass& a, double* statistics, float* row_counts, float* column_counts) {
    cudaStream_t stream = prior.context->stream;
    const bool counts = row_counts != nullptr || column_counts != nullptr;
    a.partials = prior.partials.get();
    a.shares = counts ? prior.shares.get() : nullptr;
    int status = with_form(prior, [&](auto first) { return run_main_pass<first.value>(where, prior, a, statistics != nullptr); });
    if (status == SOFTSHARE_OK && statistics != nullptr) status = sum_partials(where, prior, 0, statistics);
    if (status == SOFTSHARE_OK && row_counts != nullptr) {
        status = launch(where, count_rows, dim3(unsigned(prior.rows)), PRIOR_THREADS, stream, prior.tensors.get(), prior.tensor_count,
                        prior.shares.get(), row_counts);
    }
    if (status == SOFTSHARE_OK && column_counts != nullptr) {
        status = launch(where, count_columns, dim3(unsigned(prior.columns)), PRIOR_THREADS, stream, prior.tensors.get(),
                        prior.tensor_count, prior.shares.get(), column_counts);
    }
    return status;
}

}  // namespace

PriorOperation::PriorOperation(Context* owner, int count, const int64_t* layout, int k, bool zero)
    : Operation(owner), components(k), zero_component(zero), slot(slot_of(*owner)), tensor_count(count) {
    if (slot == nullptr) return;
    std::vector<PriorChunk> all;
    std::vector<PriorTensor> described;
    for (int t = 0; t < count; t++) {
        const PriorTensor tensor{layout[4 * t], layout[4 * t + 1], layout[4 * t + 2], layout[4 * t + 3], rows, columns};
        const int64_t length = tensor.columns * tensor.kernel, size = tensor.rows * length;
        for (int64_t at = 0; at < size; at += PRIOR_CHUNK) {
            const int64_t left = size - at;
            all.push_back({tensor.offset + at, rows + at / length, columns, int32_t(left < PRIOR_CHUNK ? left : PRIOR_CHUNK),
                           int32_t(at % length), int32_t(length), int32_t(tensor.kernel)});
        }
        described.push_back(tensor);
        weights += size;
        rows += tensor.rows;
        columns += tensor.columns;
    }
    chunk_count = int(all.size());
    blocks = chunk_count < owner->multiprocessors * MOST_BLOCKS_A_PROCESSOR ? chunk_count : owner->multiprocessors * MOST_BLOCKS_A_PROCESSOR;
    if (blocks < 1) blocks = 1;
    chunks = DeviceArray<PriorChunk>(all.size());
    tensors = DeviceArray<PriorTensor>(described.size());
    terms = DeviceArray<PriorTerms>(1);
    partials = DeviceArray<double>(size_t(blocks) * size_t(3 * k + 1));
    shares = DeviceArray<float>(size_t(weights));
    if (k > PRIOR_REGISTERS) norms = DeviceArray<float>(size_t(weights));
    frozen = DeviceArray<unsigned long long>(1);
    if (!all.empty() && cudaMemcpy(chunks.get(), all.data(), all.size() * sizeof(PriorChunk), cudaMemcpyHostToDevice) != cudaSuccess) {
        throw std::runtime_error("the prior's chunks cannot be copied to the device");
    }
    if (cudaMemcpy(tensors.get(), described.data(), described.size() * sizeof(PriorTensor), cudaMemcpyHostToDevice) != cudaSuccess) {
        throw std::runtime_error("the prior's tensors cannot be copied to the device");
    }
}

int prior_create(int64_t context, int tensors, const int64_t* layout, int components, int zero_component, int64_t* operation) {
    return guarded("prior_create", [&] {
        if (tensors < 1 || layout == nullptr || operation == nullptr || components < 1 || components > PRIOR_COMPONENTS) {
            return invalid("prior_create needs a tensor or more and 1 to 256 components, found " + std::to_string(tensors) + " and " +
                           std::to_string(components));
        }
        int64_t offset = 0;
        for (int t = 0; t < tensors; t++) {
            const int64_t* d = layout + 4 * t;
            if (d[0] != offset || d[1] < 0 || d[2] < 0 || d[3] < 1 || d[2] * d[3] > (int64_t(1) << 30)) {
                return invalid("prior_create: tensor " + std::to_string(t) + " should begin at " + std::to_string(offset) +
                               " and have rows of at most 2^30 elements, found offset " + std::to_string(d[0]) + ", sizes " +
                               std::to_string(d[1]) + ", " + std::to_string(d[2]) + ", " + std::to_string(d[3]));
            }
            offset += d[1] * d[2] * d[3];
        }
        auto prior = std::make_unique<PriorOperation>(context_of(context), tensors, layout, components, zero_component != 0);
        if (prior->slot == nullptr) {
            return fail(SOFTSHARE_NOT_SUPPORTED, "prior_create: " + std::to_string(PRIOR_SLOTS) +
                                                     " contexts of this process have a prior on CUDA already, no more can; close one first");
        }
        *operation = adopt(prior.release());
        return SOFTSHARE_OK;
    });
}

int prior_evaluate(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* row_offsets,
                   const float* column_offsets, float* gradient, double* statistics, float* row_counts, float* column_counts) {
    return guarded("prior_evaluate", [&] {
        PriorOperation& prior = prior_of(operation);
        if (int status = check_offsets("prior_evaluate", prior, row_offsets, column_offsets)) return status;
        if (int status = read_mixture("prior_evaluate", prior, mixture)) return status;
        Pass a = pass_of(prior, weights, live, row_offsets, column_offsets);
        a.gradient = gradient;
        return run_pass("prior_evaluate", prior, a, statistics, row_counts, column_counts);
    });
}

int prior_step(int64_t operation, float* weights, const float* gradient, float* moment1, float* moment2, const uint32_t* live,
               const double* mixture, const float* row_offsets, const float* column_offsets, const float* scalars, float beta1,
               float beta2, float epsilon, double* statistics, float* row_counts, float* column_counts) {
    return guarded("prior_step", [&] {
        PriorOperation& prior = prior_of(operation);
        if (int status = check_offsets("prior_step", prior, row_offsets, column_offsets)) return status;
        if (scalars == nullptr || (prior.weights > 0 && (weights == nullptr || gradient == nullptr || moment1 == nullptr || moment2 == nullptr))) {
            return invalid("prior_step needs weights, gradient, moments and scalars, found NULL");
        }
        if (int status = read_mixture("prior_step", prior, mixture)) return status;
        Pass a = pass_of(prior, weights, live, row_offsets, column_offsets);
        a.updated = weights;
        a.task = gradient;
        a.moment1 = moment1;
        a.moment2 = moment2;
        a.scalars = scalars;
        a.beta1 = beta1;
        a.beta2 = beta2;
        a.epsilon = epsilon;
        return run_pass("prior_step", prior, a, statistics, row_counts, column_counts);
    });
}

int prior_responsibilities(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* row_offsets,
                           const float* column_offsets, float* responsibilities, double* value) {
    return guarded("prior_responsibilities", [&] {
        PriorOperation& prior = prior_of(operation);
        if (int status = check_offsets("prior_responsibilities", prior, row_offsets, column_offsets)) return status;
        if (int status = read_mixture("prior_responsibilities", prior, mixture)) return status;
        Pass a = pass_of(prior, weights, live, row_offsets, column_offsets);
        a.responsibilities = responsibilities;
        cudaStream_t stream = prior.context->stream;
        const auto queue = [&](auto first) {
            return launch("prior_responsibilities", pass_streaming<first.value>, prior.blocks, PRIOR_THREADS, stream, a);
        };
        if (int status = with_form(prior, queue)) return status;
        if (value == nullptr) return SOFTSHARE_OK;
        a.partials = prior.partials.get();
        const auto queue_value = [&](auto first) {
            return launch("prior_responsibilities", normalise<first.value>, prior.blocks, PRIOR_THREADS, stream, a);
        };
        if (int status = with_form(prior, queue_value)) return status;
        return launch("prior_responsibilities", gather_partials, 1, 32, stream, prior.partials.get(), prior.blocks,
                      3 * prior.components + 1, 0, 1, value);
    });
}

int prior_gradient(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* responsibilities,
                   float* gradient) {
    return guarded("prior_gradient", [&] {
        PriorOperation& prior = prior_of(operation);
        if (int status = read_mixture("prior_gradient", prior, mixture)) return status;
        return with_form(prior, [&](auto first) {
            return launch("prior_gradient", gradient_of_matrix<first.value>, grid(prior.weights, 4096), PRIOR_THREADS, prior.context->stream,
                          *prior.slot, weights, live, responsibilities, prior.weights, prior.components, gradient);
        });
    });
}

int prior_statistics(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* responsibilities,
                     double* statistics, float* row_counts, float* column_counts) {
    return guarded("prior_statistics", [&] {
        const char* where = "prior_statistics";
        PriorOperation& prior = prior_of(operation);
        if (int status = read_mixture(where, prior, mixture)) return status;
        cudaStream_t stream = prior.context->stream;
        if (statistics != nullptr) {
            const dim3 blocks(unsigned(prior.blocks), unsigned(prior.components));
            const auto queue = [&](auto first) {
                return launch(where, statistics_of_matrix<first.value>, blocks, PRIOR_THREADS, stream, *prior.slot, weights, responsibilities,
                              prior.weights, prior.components, prior.partials.get());
            };
            if (int status = with_form(prior, queue)) return status;
            if (int status = sum_partials(where, prior, 1, statistics)) return status;
        }
        if (row_counts == nullptr && column_counts == nullptr) return SOFTSHARE_OK;
        if (int status = launch(where, shares_of_matrix, grid(prior.weights, 4096), PRIOR_THREADS, stream, responsibilities, live,
                                prior.weights, prior.components, prior.shares.get())) {
            return status;
        }
        if (row_counts != nullptr) {
            if (int status = launch(where, count_rows, dim3(unsigned(prior.rows)), PRIOR_THREADS, stream, prior.tensors.get(),
                                    prior.tensor_count, prior.shares.get(), row_counts)) {
                return status;
            }
        }
        if (column_counts == nullptr) return SOFTSHARE_OK;
        return launch(where, count_columns, dim3(unsigned(prior.columns)), PRIOR_THREADS, stream, prior.tensors.get(), prior.tensor_count,
                      prior.shares.get(), column_counts);
    });
}

int prior_assign(int64_t operation, const float* weights, const uint32_t* live, const double* mixture, const float* row_offsets,
                 const float* column_offsets, uint8_t* assignment) {
    return guarded("prior_assign", [&] {
        PriorOperation& prior = prior_of(operation);
        if (int status = check_offsets("prior_assign", prior, row_offsets, column_offsets)) return status;
        if (int status = read_mixture("prior_assign", prior, mixture)) return status;
        Pass a = pass_of(prior, weights, live, row_offsets, column_offsets);
        a.assignment = assignment;
        return with_form(prior, [&](auto first) {
            return launch("prior_assign", pass_streaming<first.value>, prior.blocks, PRIOR_THREADS, prior.context->stream, a);
        });
    });
}

int prior_freeze(int64_t operation, float* weights, uint32_t* live, const double* mixture, const float* row_offsets,
                 const float* column_offsets, float threshold, int64_t* frozen) {
    return guarded("prior_freeze", [&] {
        const char* where = "prior_freeze";
        PriorOperation& prior = prior_of(operation);
        if (int status = check_offsets(where, prior, row_offsets, column_offsets)) return status;
        if (live == nullptr || frozen == nullptr) return invalid("prior_freeze needs live bits and a place for the count, found NULL");
        if (int status = read_mixture(where, prior, mixture)) return status;
        cudaStream_t stream = prior.context->stream;
        if (int status = check(where, cudaMemsetAsync(prior.frozen.get(), 0, sizeof(unsigned long long), stream))) return status;
        Pass a = pass_of(prior, weights, live, row_offsets, column_offsets);
        a.shares = prior.shares.get();
        const auto queue = [&](auto first) { return launch(where, pass_streaming<first.value>, prior.blocks, PRIOR_THREADS, stream, a); };
        if (int status = with_form(prior, queue)) return status;
        if (int status = launch(where, freeze_words, grid((prior.weights + 31) / 32, 1024), PRIOR_THREADS, stream, prior.weights,
                                prior.shares.get(), threshold, weights, live, prior.frozen.get())) {
            return status;
        }
        // Once an epoch: the host waits for the count.
        if (int status = check(where, cudaMemcpyAsync(frozen, prior.frozen.get(), sizeof *frozen, cudaMemcpyDeviceToHost, stream))) return status;
        return check(where, cudaStreamSynchronize(stream));
    });
}

int prior_offsets(int64_t operation, const double* mixture, const float* row_counts, const float* column_counts, float* row_offsets,
                  float* column_offsets) {
    return guarded("prior_offsets", [&] {
        PriorOperation& prior = prior_of(operation);
        return launch("prior_offsets", offsets_of, prior.tensor_count, PRIOR_THREADS, prior.context->stream, prior.tensors.get(), mixture,
                      row_counts, column_counts, row_offsets, column_offsets);
    });
}

}  // namespace softshare::cuda
