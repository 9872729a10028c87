/* One kernel for each instruction that is counted, for `cubins calibrate`: its name says which (see expected() there). */
extern "C" {

__global__ void probe_ex2(float* x) {
    asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(x[threadIdx.x]));
}
__global__ void probe_lg2(float* x) {
    asm volatile("lg2.approx.ftz.f32 %0, %0;" : "+f"(x[threadIdx.x]));
}
__global__ void probe_rcp(float* x) {
    asm volatile("rcp.approx.ftz.f32 %0, %0;" : "+f"(x[threadIdx.x]));
}
__global__ void probe_rsqrt(float* x) {
    asm volatile("rsqrt.approx.ftz.f32 %0, %0;" : "+f"(x[threadIdx.x]));
}
__global__ void probe_sqrt(float* x) {
    asm volatile("sqrt.approx.ftz.f32 %0, %0;" : "+f"(x[threadIdx.x]));
}
__global__ void probe_none(float* x) { x[threadIdx.x] = 0.0f; }
__global__ void probe_fma(float* x) { x[threadIdx.x] = __fmaf_rn(x[threadIdx.x], x[threadIdx.x + 32], x[threadIdx.x + 64]); }
__global__ void probe_shuffle(float* x) { x[threadIdx.x] = __shfl_down_sync(0xffffffffu, x[threadIdx.x], 1); }
__global__ void probe_shared(float* x) {
    __shared__ float room[32];
    room[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    x[threadIdx.x] = room[31 - threadIdx.x];
}
/* An array that must lie in local memory: as spilled registers do. */
__global__ void probe_local(float* x, int n) {
    float room[64];
    for (int i = 0; i < 64; i++) room[i] = x[i];
    for (int i = 0; i < n; i++) room[(i * 7) & 63] += room[(i * i) & 63];
    x[threadIdx.x] = room[n & 63];
}
__global__ void probe_loop(float* x, int n) {
    float sum = 0;
#pragma unroll 1
    for (int i = 0; i < n; i++) sum = __fmaf_rn(sum, x[i], 1.0f);
    x[threadIdx.x] = sum;
}
__global__ void probe_mma(float* x) {
    const unsigned a = __float_as_uint(x[threadIdx.x]);
    float d[4] = {0, 0, 0, 0};
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %4, %4, %4}, {%4, %4}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a));
    x[threadIdx.x] = d[0] + d[1] + d[2] + d[3];
}
}
