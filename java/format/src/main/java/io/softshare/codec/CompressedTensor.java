package io.softshare.codec;

import io.softshare.graph.TensorSpec;

/** A tensor in a form that a codec stores exactly. Arrays are shared, not copied: treat them as read-only. */
public sealed interface CompressedTensor permits QuantizedTensor, FixedPointTensor, FloatTensor {
    TensorSpec spec();

    /** The weights it stands for, a new array in the tensor's own order. */
    float[] values();

    /** Elements that are not zero. */
    int nonZero();
}
