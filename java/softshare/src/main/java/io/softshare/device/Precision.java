package io.softshare.device;

/** Precision of convolutions and matrix products, in the order of softshare.h. */
public enum Precision {
    /** Everything in float32. */
    FP32,
    /** Inputs rounded to 10 bits of mantissa for tensor cores, sums in float32; GPUs only. */
    TF32,
    /** Inputs rounded to 7 bits of mantissa, sums in float32; CPUs with avx512_bf16 only. Parameters, the sums of batch-norm, loss, prior stay float32. */
    BF16
}
