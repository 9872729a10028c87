package io.softshare.device;

/** Precision of convolutions and matrix products, in the order of softshare.h. */
public enum Precision {
    /** Everything in float32. */
    FP32,
    /** Inputs rounded to 10 bits of mantissa for tensor cores, sums in float32; GPUs only. */
    TF32
}
