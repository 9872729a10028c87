package io.softshare.network;

import io.softshare.device.Buffer;
import io.softshare.graph.Shape;

/**
 * What a node gives for a batch (NHWC), and the loss's gradient in it. Aliases of one value share both, some values one of them with
 * another: see {@link Sharing}. Buffers have room for float32; some hold bfloat16: see {@link Rounding}.
 */
final class Value {
    final Shape shape;
    final Buffer data;
    final Buffer gradient; // null in inference, and for the image
    private boolean written; // whether a consumer compiled so far (in backward order) writes the gradient

    Value(Shape shape, Buffer data, Buffer gradient) {
        this.shape = shape;
        this.data = data;
        this.gradient = gradient;
    }

    /** Claims the gradient for one more consumer. @return whether it is the first in the backward pass */
    boolean claim() {
        boolean first = !written;
        written = true;
        return first;
    }
}
