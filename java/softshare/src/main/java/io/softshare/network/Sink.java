package io.softshare.network;

import io.softshare.device.Buffer;
import io.softshare.device.Kernels;

/**
 * Where a layer writes the gradient of one input. The first consumer in the backward pass overwrites it, later ones write to
 * a scratch buffer that is then added. An image has none.
 */
final class Sink {
    private final Kernels kernels;
    private final Buffer gradient;
    private final Buffer scratch;
    private final boolean first;
    private final long count;

    Sink(Kernels kernels, Buffer gradient, Buffer scratch, boolean first, long count) {
        this.kernels = kernels;
        this.gradient = gradient;
        this.scratch = scratch;
        this.first = first;
        this.count = count;
    }

    /** Whether anyone wants the gradient. */
    boolean wanted() {
        return gradient != null;
    }

    /** Buffer that the layer overwrites. */
    Buffer target() {
        return first ? gradient : scratch;
    }

    /** Called when target is written. */
    void done() {
        if (!first) {
            kernels.add(count, gradient, scratch, gradient);
        }
    }

    /** Passes on a gradient as it is; nothing where both are one buffer (see {@link Sharing}). */
    void pass(Buffer from) {
        if (first) {
            if (gradient != from) {
                gradient.copyFrom(from);
            }
        } else {
            kernels.add(count, gradient, from, gradient);
        }
    }
}
