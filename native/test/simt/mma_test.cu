/*
 * The tensor cores' table of fragments (kernels/common/mma.h) against the text of NVIDIA's PTX ISA 9.0, section 9.7.14.5.7 "Matrix
 * Fragments for mma.m16n8k8", whose formulas stand here one by one, not by the table; a warp's product by it against doubles; and
 * that each element is held once. The runner alone could only show that the table agrees with itself.
 */
#include <stdio.h>

#include "../../kernels/common/mma.h"
#include "simt.h"

namespace {

using softshare::cuda::MmaLayout;

struct Place {
    int row, column;
    bool operator==(const Place& o) const { return row == o.row && column == o.column; }
};

/* groupID = %laneid >> 2, threadID_in_group = %laneid % 4 */
int group_id(int lane) { return lane >> 2; }
int thread_in_group(int lane) { return lane % 4; }

/* Multiplicand A, .tf32 (figure 72): four .b32 registers a0, a1, a2, a3. */
Place isa_a(int lane, int i) {
    Place p{-1, -1};
    if (i == 0 || i == 2) p.row = group_id(lane);                // row = groupID for a0 and a2
    if (i == 1 || i == 3) p.row = group_id(lane) + 8;            //       groupID + 8 for a1 and a3
    if (i == 0 || i == 1) p.column = thread_in_group(lane);      // col = threadID_in_group for a0 and a1
    if (i == 2 || i == 3) p.column = thread_in_group(lane) + 4;  //       threadID_in_group + 4 for a2 and a3
    return p;
}

/* Multiplicand B, .tf32 (figure 75): two .b32 registers b0, b1. */
Place isa_b(int lane, int i) {
    Place p{-1, -1};
    if (i == 0) p.row = thread_in_group(lane);      // row = threadID_in_group for b0
    if (i == 1) p.row = thread_in_group(lane) + 4;  //       threadID_in_group + 4 for b1
    p.column = group_id(lane);                      // col = groupID
    return p;
}

/* Accumulators C or D, .f32 (figure 77): four .f32 registers c0, c1, c2, c3. */
Place isa_c(int lane, int i) {
    Place p{-1, -1};
    if (i == 0 || i == 1) p.row = group_id(lane);             // row = groupID for c0 and c1
    if (i == 2 || i == 3) p.row = group_id(lane) + 8;         //       groupID + 8 for c2 and c3
    p.column = (thread_in_group(lane) * 2) + (i & 0x1);       // col = (threadID_in_group * 2) + (i & 0x1) for ci
    return p;
}

int failures = 0;

void is(bool good, const char* what, int lane, int i) {
    if (good) return;
    failures++;
    printf("FAILED %s, lane %d, register %d\n", what, lane, i);
}

void tables() {
    int a[16][8] = {}, b[8][8] = {}, c[16][8] = {};
    for (int lane = 0; lane < 32; lane++) {
        for (int i = 0; i < 4; i++) {
            is(Place{MmaLayout::a_row(lane, i), MmaLayout::a_column(lane, i)} == isa_a(lane, i), "A", lane, i);
            is(Place{MmaLayout::d_row(lane, i), MmaLayout::d_column(lane, i)} == isa_c(lane, i), "D", lane, i);
            a[isa_a(lane, i).row][isa_a(lane, i).column]++;
            c[isa_c(lane, i).row][isa_c(lane, i).column]++;
        }
        for (int i = 0; i < 2; i++) {
            is(Place{MmaLayout::b_row(lane, i), MmaLayout::b_column(lane, i)} == isa_b(lane, i), "B", lane, i);
            b[isa_b(lane, i).row][isa_b(lane, i).column]++;
        }
    }
    for (int row = 0; row < 16; row++) {
        for (int column = 0; column < 8; column++) {
            is(a[row][column] == 1 && c[row][column] == 1 && (row >= 8 || b[row][column] == 1), "an element held once", row, column);
        }
    }
}

/* y = a·b + c, loaded and stored by the ISA's formulas. */
__global__ void product(const float* a, const float* b, const float* c, float* y) {
    const int lane = int(threadIdx.x);
    unsigned left[4], right[2];
    float sums[4];
    for (int i = 0; i < 4; i++) {
        left[i] = softshare::cuda::to_tf32(a[isa_a(lane, i).row * 8 + isa_a(lane, i).column]);
        sums[i] = c[isa_c(lane, i).row * 8 + isa_c(lane, i).column];
    }
    for (int i = 0; i < 2; i++) right[i] = softshare::cuda::to_tf32(b[isa_b(lane, i).row * 8 + isa_b(lane, i).column]);
    softshare::cuda::mma_tf32(sums, left, right);
    for (int i = 0; i < 4; i++) y[isa_c(lane, i).row * 8 + isa_c(lane, i).column] = sums[i];
}

void products() {
    float a[128], b[64], c[128], y[128], *on_a = nullptr, *on_b = nullptr, *on_c = nullptr, *on_y = nullptr;
    // Small whole numbers: exact in TF32, and every sum too.
    for (int i = 0; i < 128; i++) a[i] = float((i * 37 + 11) % 61 - 30), c[i] = float((i * 53 + 7) % 97 - 48);
    for (int i = 0; i < 64; i++) b[i] = float((i * 29 + 3) % 53 - 26);
    cudaMalloc(&on_a, sizeof a);
    cudaMalloc(&on_b, sizeof b);
    cudaMalloc(&on_c, sizeof c);
    cudaMalloc(&on_y, sizeof y);
    cudaMemcpy(on_a, a, sizeof a, cudaMemcpyHostToDevice);
    cudaMemcpy(on_b, b, sizeof b, cudaMemcpyHostToDevice);
    cudaMemcpy(on_c, c, sizeof c, cudaMemcpyHostToDevice);
    simt::launch("product", product, 1, 32, nullptr, static_cast<const float*>(on_a), static_cast<const float*>(on_b), static_cast<const float*>(on_c), on_y);
    is(cudaMemcpy(y, on_y, sizeof y, cudaMemcpyDeviceToHost) == cudaSuccess, "the product runs", 0, 0);
    for (int row = 0; row < 16; row++) {
        for (int column = 0; column < 8; column++) {
            double sum = double(c[row * 8 + column]);
            for (int k = 0; k < 8; k++) sum += double(a[row * 8 + k]) * double(b[k * 8 + column]);
            is(double(y[row * 8 + column]) == sum, "the product's element", row, column);
        }
    }
    for (float* p : {on_a, on_b, on_c, on_y}) cudaFree(p);
}

}  // namespace

int main() {
    tables();
    products();
    printf(failures == 0 ? "all good\n" : "%d failures\n", failures);
    return failures != 0;
}
