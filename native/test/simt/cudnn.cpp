/*
 * The stand-in libcudnn, for tests of the unfused path: what softshare calls of cuDNN 9, computed in plain double precision on
 * the host, queued on the handle's stream. One library under several names, since the presets' JNI library asks each of them for
 * its part. It checks what the real one would not tell: operands lie in live device memory, both when a call is queued and when it
 * runs; an operand was written before it is read (new device memory is all ones); the workspace is as large as was asked for. Of
 * the algorithms that it offers the first is not deterministic and the second does not support the call.
 */
#include "cudnn.h"

#include <string.h>

#include <cmath>
#include <initializer_list>
#include <memory>
#include <vector>

#include "library.h"

#define API extern "C" __attribute__((visibility("default")))

struct cudnnContext {
    cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
    cudnnTensorFormat_t format = CUDNN_TENSOR_NCHW;
    int n = 0, c = 0, h = 0, w = 0;
    size_t size() const { return size_t(n) * c * h * w; }
    size_t bytes() const { return size() * sizeof(float); }
    /* Where an element lies. */
    size_t at(int image, int channel, int y, int x) const {
        return format == CUDNN_TENSOR_NHWC ? ((size_t(image) * h + y) * w + x) * c + channel : ((size_t(image) * c + channel) * h + y) * w + x;
    }
};
struct cudnnFilterStruct {
    int k = 0, c = 0, h = 0, w = 0;
    size_t size() const { return size_t(k) * c * h * w; }
    size_t bytes() const { return size() * sizeof(float); }
};
struct cudnnActivationStruct {};
struct cudnnPoolingStruct {
    cudnnPoolingMode_t mode = CUDNN_POOLING_MAX_DETERMINISTIC;
    int height = 0, width = 0, pad_y = 0, pad_x = 0, stride_y = 0, stride_x = 0;
};
struct cudnnConvolutionStruct {
    int pad_y = 0, pad_x = 0, stride_y = 0, stride_x = 0;
    cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};

namespace {

constexpr int NONDETERMINISTIC = 0, UNSUPPORTED = 2, GOOD = 1;  // algorithms

/* An operand of a call. */
struct Operand {
    const char* name;
    const void* data;
    size_t bytes;
    bool read;
};

std::string wrong_with(const Operand& o, bool running) {
    if (!simt::library_may_use(o.data, o.bytes)) return std::string(o.name) + ": " + std::to_string(o.bytes) + " bytes of what is no live device memory of that size";
    if (!running || !o.read) return "";
    const unsigned char* bytes = static_cast<const unsigned char*>(o.data);
    for (size_t i = 0; i + 4 <= o.bytes; i += 4) {
        uint32_t word;
        memcpy(&word, bytes + i, 4);
        if (word == 0xffffffffu) return std::string(o.name) + " is read at byte " + std::to_string(i) + " before anything was written there";
    }
    return "";
}

/* Queues the body; operands are looked at now and again when it runs. */
template <typename Body>
cudnnStatus_t queue(const char* name, cudnnHandle_t handle, std::initializer_list<Operand> operands, Body body) {
    if (handle == nullptr) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    for (const Operand& o : operands) {
        if (o.data == nullptr && o.bytes > 0) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
        const std::string text = wrong_with(o, false);
        if (text.empty()) continue;
        fprintf(stderr, "simt: %s: %s\n", name, text.c_str());
        return CUDNN_STATUS_BAD_PARAM;
    }
    const std::vector<Operand> kept(operands);
    const cudaError_t error = simt::queue_library(name, [kept, body] {
        for (const Operand& o : kept) {
            const std::string text = wrong_with(o, true);
            if (!text.empty()) return text;
        }
        body();
        return std::string();
    }, handle->stream);
    return error == cudaSuccess ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}

float factor(const void* scalar) { return *static_cast<const float*>(scalar); }

/* alpha · result + beta · what was there. */
float blend(float alpha, double result, float beta, float before) { return float(double(alpha) * result + (beta == 0 ? 0 : double(beta) * before)); }

const float* floats(const void* data) { return static_cast<const float*>(data); }
float* floats(void* data) { return static_cast<float*>(data); }

/* A convolution with its descriptors as they were at the call. */
struct Convolution {
    cudnnTensorStruct x, y;
    cudnnFilterStruct w;
    cudnnConvolutionStruct c;

    bool fits() const {
        const int height = (x.h + 2 * c.pad_y - w.h) / c.stride_y + 1, width = (x.w + 2 * c.pad_x - w.w) / c.stride_x + 1;
        return x.c == w.c && y.c == w.k && x.n == y.n && y.h == height && y.w == width;
    }
    size_t room(int algorithm) const { return algorithm == GOOD ? 256 + 4 * size_t(w.c) * w.h * w.w : 0; }

    /* body(x's position, y's position, tap) for all pairs that meet; a position is an element of channel 0, a tap that of a weight. */
    template <typename Body>
    void each(Body body) const {
        for (int n = 0; n < y.n; n++)
            for (int oy = 0; oy < y.h; oy++)
                for (int ox = 0; ox < y.w; ox++)
                    for (int ky = 0; ky < w.h; ky++)
                        for (int kx = 0; kx < w.w; kx++) {
                            const int iy = oy * c.stride_y - c.pad_y + ky, ix = ox * c.stride_x - c.pad_x + kx;
                            if (iy >= 0 && iy < x.h && ix >= 0 && ix < x.w) body(x.at(n, 0, iy, ix), y.at(n, 0, oy, ox), ky * w.w + kx);
                        }
    }
    /* Weights as [tap][in][out] in double, and back. */
    size_t packed(int tap, int in) const { return (size_t(tap) * w.c + in) * w.k; }
    std::vector<double> pack(const float* weights) const {
        std::vector<double> all(w.size());
        for (int out = 0; out < w.k; out++)
            for (int in = 0; in < w.c; in++)
                for (int tap = 0; tap < w.h * w.w; tap++) all[packed(tap, in) + out] = weights[(size_t(out) * w.c + in) * w.h * w.w + tap];
        return all;
    }
};

/* Checks what the three directions share; the convolution by value for the queued work. */
cudnnStatus_t check(const Convolution& c, int algorithm, const void* room, size_t bytes) {
    if (!c.fits()) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    // Of other layouts the loops below would need strides of channels.
    if (c.x.format != CUDNN_TENSOR_NHWC || c.y.format != CUDNN_TENSOR_NHWC || algorithm == UNSUPPORTED) return CUDNN_STATUS_NOT_SUPPORTED;
    if (bytes < c.room(algorithm) || (c.room(algorithm) > 0 && room == nullptr)) return CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t offers(const Convolution& c, int asked, int* found, cudnnConvolutionAlgoPerf_t* all) {
    if (!c.fits()) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    const cudnnConvolutionAlgoPerf_t three[] = {
        {NONDETERMINISTIC, CUDNN_STATUS_SUCCESS, -1, 0, CUDNN_NON_DETERMINISTIC, c.c.math, {}},
        {UNSUPPORTED, CUDNN_STATUS_NOT_SUPPORTED, -1, 0, CUDNN_DETERMINISTIC, c.c.math, {}},
        {GOOD, CUDNN_STATUS_SUCCESS, -1, c.room(GOOD), CUDNN_DETERMINISTIC, c.c.math, {}},
    };
    *found = asked < 3 ? asked : 3;
    memcpy(all, three, sizeof three[0] * size_t(*found));
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t room_of(const Convolution& c, int algorithm, size_t* bytes) {
    if (!c.fits()) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    *bytes = c.room(algorithm);
    return algorithm == UNSUPPORTED ? CUDNN_STATUS_NOT_SUPPORTED : CUDNN_STATUS_SUCCESS;
}

/* A window of a pooling layer: body(element of x) for what of it lies in the image. */
template <typename Body>
void window(const cudnnPoolingStruct& p, const cudnnTensorStruct& x, int n, int c, int oy, int ox, Body body) {
    for (int y = oy * p.stride_y - p.pad_y; y < oy * p.stride_y - p.pad_y + p.height; y++)
        for (int at = ox * p.stride_x - p.pad_x; at < ox * p.stride_x - p.pad_x + p.width; at++) {
            if (y >= 0 && y < x.h && at >= 0 && at < x.w) body(x.at(n, c, y, at));
        }
}

/* body(n, c, oy, ox) for all of a tensor. */
template <typename Body>
void each(const cudnnTensorStruct& t, Body body) {
    for (int n = 0; n < t.n; n++)
        for (int c = 0; c < t.c; c++)
            for (int y = 0; y < t.h; y++)
                for (int x = 0; x < t.w; x++) body(n, c, y, x);
}

bool same_shape(const cudnnTensorStruct& a, const cudnnTensorStruct& b) {
    return a.format == b.format && a.n == b.n && a.c == b.c && a.h == b.h && a.w == b.w;
}

}  // namespace

/* ---------------------------------------------------------------- handle */

API cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { return *handle = new cudnnContext, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return delete handle, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) { return handle->stream = stream, CUDNN_STATUS_SUCCESS; }
API size_t cudnnGetVersion() {
    const char* version = getenv("SIMT_CUDNN");
    return version != nullptr ? size_t(atoi(version)) : 91900;
}
API const char* cudnnGetErrorString(cudnnStatus_t status) {
    switch (status) {
        case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case CUDNN_STATUS_BAD_PARAM_NULL_POINTER: return "CUDNN_STATUS_BAD_PARAM_NULL_POINTER";
        case CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT: return "CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT";
        case CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH: return "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH";
        case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
        default: return "CUDNN_STATUS_BAD_PARAM";
    }
}
API cudnnStatus_t cudnnAdvVersionCheck() { return CUDNN_STATUS_SUCCESS; }

/* ---------------------------------------------------------------- descriptors */

API cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* t) { return *t = new cudnnTensorStruct, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t t) { return delete t, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t t, cudnnTensorFormat_t format, cudnnDataType_t type, int n, int c, int h, int w) {
    if (n < 1 || c < 1 || h < 1 || w < 1 || type != CUDNN_DATA_FLOAT) return CUDNN_STATUS_BAD_PARAM;
    *t = {format, n, c, h, w};
    return CUDNN_STATUS_SUCCESS;
}
API cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* f) { return *f = new cudnnFilterStruct, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t f) { return delete f, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t f, cudnnDataType_t type, cudnnTensorFormat_t format, int k, int c, int h, int w) {
    if (k < 1 || c < 1 || h < 1 || w < 1 || type != CUDNN_DATA_FLOAT || format != CUDNN_TENSOR_NCHW) return CUDNN_STATUS_BAD_PARAM;
    *f = {k, c, h, w};
    return CUDNN_STATUS_SUCCESS;
}
API cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* a) { return *a = new cudnnActivationStruct, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t a) { return delete a, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t, cudnnActivationMode_t mode, cudnnNanPropagation_t, double) {
    return mode == CUDNN_ACTIVATION_RELU ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}
API cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t* p) { return *p = new cudnnPoolingStruct, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t p) { return delete p, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t p, cudnnPoolingMode_t mode, cudnnNanPropagation_t, int height, int width,
                                              int pad_y, int pad_x, int stride_y, int stride_x) {
    if (height < 1 || width < 1 || stride_y < 1 || stride_x < 1 || pad_y < 0 || pad_x < 0) return CUDNN_STATUS_BAD_PARAM;
    if (mode != CUDNN_POOLING_MAX_DETERMINISTIC && mode != CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING) return CUDNN_STATUS_NOT_SUPPORTED;
    *p = {mode, height, width, pad_y, pad_x, stride_y, stride_x};
    return CUDNN_STATUS_SUCCESS;
}
API cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* c) { return *c = new cudnnConvolutionStruct, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t c) { return delete c, CUDNN_STATUS_SUCCESS; }
API cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t c, int pad_y, int pad_x, int stride_y, int stride_x, int dilation_y,
                                                  int dilation_x, cudnnConvolutionMode_t mode, cudnnDataType_t type) {
    if (stride_y < 1 || stride_x < 1 || pad_y < 0 || pad_x < 0) return CUDNN_STATUS_BAD_PARAM;
    if (dilation_y != 1 || dilation_x != 1 || mode != CUDNN_CROSS_CORRELATION || type != CUDNN_DATA_FLOAT) return CUDNN_STATUS_NOT_SUPPORTED;
    *c = {pad_y, pad_x, stride_y, stride_x, c->math};
    return CUDNN_STATUS_SUCCESS;
}
API cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t c, cudnnMathType_t math) { return c->math = math, CUDNN_STATUS_SUCCESS; }

/* ---------------------------------------------------------------- activation, bias, pooling */

API cudnnStatus_t cudnnActivationForward(cudnnHandle_t handle, cudnnActivationDescriptor_t, const void* alpha, cudnnTensorDescriptor_t xd,
                                         const void* x, const void* beta, cudnnTensorDescriptor_t yd, void* y) {
    if (!same_shape(*xd, *yd)) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnActivationForward", handle, {{"x", x, xd->bytes(), true}, {"y", y, yd->bytes(), b != 0}}, [=, size = xd->size()] {
        for (size_t i = 0; i < size; i++) floats(y)[i] = blend(a, floats(x)[i] <= 0 ? 0 : floats(x)[i], b, floats(y)[i]);
    });
}

API cudnnStatus_t cudnnActivationBackward(cudnnHandle_t handle, cudnnActivationDescriptor_t, const void* alpha, cudnnTensorDescriptor_t yd,
                                          const void* y, cudnnTensorDescriptor_t dyd, const void* dy, cudnnTensorDescriptor_t xd, const void* x,
                                          const void* beta, cudnnTensorDescriptor_t dxd, void* dx) {
    if (!same_shape(*xd, *yd) || !same_shape(*dyd, *yd) || !same_shape(*dxd, *yd)) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnActivationBackward", handle,
                 {{"y", y, yd->bytes(), true}, {"dy", dy, dyd->bytes(), true}, {"x", x, xd->bytes(), true}, {"dx", dx, dxd->bytes(), b != 0}},
                 [=, size = xd->size()] {
                     for (size_t i = 0; i < size; i++) floats(dx)[i] = blend(a, floats(x)[i] > 0 ? floats(dy)[i] : 0, b, floats(dx)[i]);
                 });
}

/* The bias of each channel, over all images and positions. */
API cudnnStatus_t cudnnAddTensor(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t bias, const void* values, const void* beta,
                                 cudnnTensorDescriptor_t yd, void* y) {
    if (bias->n != 1 || bias->h != 1 || bias->w != 1 || bias->c != yd->c) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnAddTensor", handle, {{"bias", values, bias->bytes(), true}, {"y", y, yd->bytes(), b != 0}}, [=, t = *yd] {
        each(t, [&](int n, int c, int oy, int ox) {
            float& to = floats(y)[t.at(n, c, oy, ox)];
            to = blend(a, floats(values)[c], b, to);
        });
    });
}

API cudnnStatus_t cudnnPoolingForward(cudnnHandle_t handle, cudnnPoolingDescriptor_t p, const void* alpha, cudnnTensorDescriptor_t xd, const void* x,
                                      const void* beta, cudnnTensorDescriptor_t yd, void* y) {
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnPoolingForward", handle, {{"x", x, xd->bytes(), true}, {"y", y, yd->bytes(), b != 0}}, [=, pool = *p, from = *xd, to = *yd] {
        each(to, [&](int n, int c, int oy, int ox) {
            double sum = 0, most = -INFINITY;
            int count = 0;
            window(pool, from, n, c, oy, ox, [&](size_t i) {
                const double value = floats(x)[i];
                sum += value;
                most = value > most || std::isnan(value) ? value : most;
                count++;
            });
            float& out = floats(y)[to.at(n, c, oy, ox)];
            out = blend(a, pool.mode == CUDNN_POOLING_MAX_DETERMINISTIC ? most : sum / count, b, out);
        });
    });
}

API cudnnStatus_t cudnnPoolingBackward(cudnnHandle_t handle, cudnnPoolingDescriptor_t p, const void* alpha, cudnnTensorDescriptor_t yd, const void* y,
                                       cudnnTensorDescriptor_t dyd, const void* dy, cudnnTensorDescriptor_t xd, const void* x, const void* beta,
                                       cudnnTensorDescriptor_t dxd, void* dx) {
    if (!same_shape(*yd, *dyd) || !same_shape(*xd, *dxd)) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnPoolingBackward", handle,
                 {{"y", y, yd->bytes(), true}, {"dy", dy, dyd->bytes(), true}, {"x", x, xd->bytes(), true}, {"dx", dx, dxd->bytes(), b != 0}},
                 [=, pool = *p, in = *xd, out = *yd] {
                     std::vector<double> sums(in.size());
                     each(out, [&](int n, int c, int oy, int ox) {
                         const double gradient = floats(dy)[out.at(n, c, oy, ox)];
                         size_t first = 0;
                         double most = -INFINITY;
                         int count = 0;
                         window(pool, in, n, c, oy, ox, [&](size_t i) {
                             if (count++ == 0 || floats(x)[i] > most) most = floats(x)[first = i];
                         });
                         if (pool.mode == CUDNN_POOLING_MAX_DETERMINISTIC) {
                             sums[first] += gradient;
                         } else {
                             window(pool, in, n, c, oy, ox, [&](size_t i) { sums[i] += gradient / count; });
                         }
                     });
                     for (size_t i = 0; i < sums.size(); i++) floats(dx)[i] = blend(a, sums[i], b, floats(dx)[i]);
                 });
}

/* ---------------------------------------------------------------- convolution */

API cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                                         cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t y, int asked, int* found,
                                                         cudnnConvolutionAlgoPerf_t* all) {
    return offers({*x, *y, *w, *c}, asked, found, all);
}
API cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t y,
                                                              cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t x, int asked, int* found,
                                                              cudnnConvolutionAlgoPerf_t* all) {
    return offers({*x, *y, *w, *c}, asked, found, all);
}
API cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t y,
                                                                cudnnConvolutionDescriptor_t c, cudnnFilterDescriptor_t w, int asked, int* found,
                                                                cudnnConvolutionAlgoPerf_t* all) {
    return offers({*x, *y, *w, *c}, asked, found, all);
}
API cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                                          cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t y, int algorithm, size_t* bytes) {
    return room_of({*x, *y, *w, *c}, algorithm, bytes);
}
API cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t y,
                                                               cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t x, int algorithm, size_t* bytes) {
    return room_of({*x, *y, *w, *c}, algorithm, bytes);
}
API cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t y,
                                                                 cudnnConvolutionDescriptor_t c, cudnnFilterDescriptor_t w, int algorithm, size_t* bytes) {
    return room_of({*x, *y, *w, *c}, algorithm, bytes);
}

API cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t xd, const void* x, cudnnFilterDescriptor_t wd,
                                          const void* w, cudnnConvolutionDescriptor_t c, int algorithm, void* room, size_t room_bytes, const void* beta,
                                          cudnnTensorDescriptor_t yd, void* y) {
    const Convolution all{*xd, *yd, *wd, *c};
    if (cudnnStatus_t bad = check(all, algorithm, room, room_bytes)) return bad;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnConvolutionForward", handle,
                 {{"x", x, xd->bytes(), true}, {"w", w, wd->bytes(), true}, {"workspace", room, room_bytes, false}, {"y", y, yd->bytes(), b != 0}}, [=] {
                     memset(room, 0xff, room_bytes);
                     const std::vector<double> weights = all.pack(floats(w));
                     std::vector<double> sums(all.y.size());
                     all.each([&](size_t from, size_t to, int tap) {
                         for (int in = 0; in < all.w.c; in++) {
                             const double value = floats(x)[from + in];
                             const double* row = &weights[all.packed(tap, in)];
                             for (int out = 0; out < all.w.k; out++) sums[to + out] += value * row[out];
                         }
                     });
                     for (size_t i = 0; i < sums.size(); i++) floats(y)[i] = blend(a, sums[i], b, floats(y)[i]);
                 });
}

API cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, cudnnFilterDescriptor_t wd, const void* w,
                                               cudnnTensorDescriptor_t yd, const void* dy, cudnnConvolutionDescriptor_t c, int algorithm, void* room,
                                               size_t room_bytes, const void* beta, cudnnTensorDescriptor_t xd, void* dx) {
    const Convolution all{*xd, *yd, *wd, *c};
    if (cudnnStatus_t bad = check(all, algorithm, room, room_bytes)) return bad;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnConvolutionBackwardData", handle,
                 {{"w", w, wd->bytes(), true}, {"dy", dy, yd->bytes(), true}, {"workspace", room, room_bytes, false}, {"dx", dx, xd->bytes(), b != 0}}, [=] {
                     memset(room, 0xff, room_bytes);
                     const std::vector<double> weights = all.pack(floats(w));
                     std::vector<double> sums(all.x.size());
                     all.each([&](size_t to, size_t from, int tap) {
                         for (int in = 0; in < all.w.c; in++) {
                             const double* row = &weights[all.packed(tap, in)];
                             double sum = 0;
                             for (int out = 0; out < all.w.k; out++) sum += double(floats(dy)[from + out]) * row[out];
                             sums[to + in] += sum;
                         }
                     });
                     for (size_t i = 0; i < sums.size(); i++) floats(dx)[i] = blend(a, sums[i], b, floats(dx)[i]);
                 });
}

API cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t xd, const void* x,
                                                 cudnnTensorDescriptor_t yd, const void* dy, cudnnConvolutionDescriptor_t c, int algorithm, void* room,
                                                 size_t room_bytes, const void* beta, cudnnFilterDescriptor_t wd, void* dw) {
    const Convolution all{*xd, *yd, *wd, *c};
    if (cudnnStatus_t bad = check(all, algorithm, room, room_bytes)) return bad;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnConvolutionBackwardFilter", handle,
                 {{"x", x, xd->bytes(), true}, {"dy", dy, yd->bytes(), true}, {"workspace", room, room_bytes, false}, {"dw", dw, wd->bytes(), b != 0}}, [=] {
                     memset(room, 0xff, room_bytes);
                     std::vector<double> sums(all.w.size());
                     all.each([&](size_t pixel, size_t position, int tap) {
                         for (int in = 0; in < all.w.c; in++) {
                             const double value = floats(x)[pixel + in];
                             double* row = &sums[all.packed(tap, in)];
                             for (int out = 0; out < all.w.k; out++) row[out] += value * floats(dy)[position + out];
                         }
                     });
                     const int taps = all.w.h * all.w.w;
                     for (int out = 0; out < all.w.k; out++)
                         for (int in = 0; in < all.w.c; in++)
                             for (int tap = 0; tap < taps; tap++) {
                                 float& to = floats(dw)[(size_t(out) * all.w.c + in) * taps + tap];
                                 to = blend(a, sums[all.packed(tap, in) + out], b, to);
                             }
                 });
}

API cudnnStatus_t cudnnConvolutionBackwardBias(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t yd, const void* dy, const void* beta,
                                               cudnnTensorDescriptor_t bias, void* db) {
    if (bias->n != 1 || bias->h != 1 || bias->w != 1 || bias->c != yd->c) return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
    const float a = factor(alpha), b = factor(beta);
    return queue("cudnnConvolutionBackwardBias", handle, {{"dy", dy, yd->bytes(), true}, {"db", db, bias->bytes(), b != 0}}, [=, t = *yd] {
        std::vector<double> sums(size_t(t.c));
        each(t, [&](int n, int c, int oy, int ox) { sums[size_t(c)] += floats(dy)[t.at(n, c, oy, ox)]; });
        for (int c = 0; c < t.c; c++) floats(db)[c] = blend(a, sums[size_t(c)], b, floats(db)[c]);
    });
}
