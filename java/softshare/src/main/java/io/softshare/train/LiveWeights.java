package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Device;
import io.softshare.device.Kernels;
import io.softshare.device.PriorOperation.TensorLayout;
import io.softshare.network.Arena;
import java.util.List;

/**
 * An arena's live weights packed one after another (the compacted state), with their moments, for as long as the mask stays as
 * it is: an epoch. What was learned goes back with {@link #restore}.
 */
final class LiveWeights implements AutoCloseable {
    private final Kernels kernels;
    private final Arena arena;
    private final long[] positions;
    private final Buffer index;
    private final Buffer values;
    private final Buffer gradient;
    private final Buffer moment1;
    private final Buffer moment2;

    LiveWeights(Device device, Arena arena) {
        this.kernels = device.kernels();
        this.arena = arena;
        int[] mask = arena.readMask();
        positions = new long[Math.toIntExact(arena.liveCount())];
        for (int word = 0, k = 0; word < mask.length; word++) {
            for (int bits = mask[word]; bits != 0; bits &= bits - 1) {
                positions[k++] = 32L * word + Integer.numberOfTrailingZeros(bits);
            }
        }
        index = device.allocate(8L * positions.length);
        index.write(positions);
        values = device.floats(positions.length);
        gradient = device.floats(positions.length);
        moment1 = device.floats(positions.length);
        moment2 = device.floats(positions.length);
        read();
        kernels.compact(positions.length, index, arena.moment1(), moment1);
        kernels.compact(positions.length, index, arena.moment2(), moment2);
    }

    int count() {
        return positions.length;
    }

    /** Positions in the arena, increasing; on the device as longs. */
    Buffer index() {
        return index;
    }

    /** The same on the host. Not to be changed. */
    long[] positions() {
        return positions;
    }

    Weights packed() {
        return new Weights(
                values,
                gradient,
                moment1,
                moment2,
                null,
                positions.length,
                positions.length == 0 ? List.of() : List.of(new TensorLayout(0, 1, positions.length, 1)));
    }

    /** Values from the arena again: for a step that moves them there. */
    void read() {
        kernels.compact(positions.length, index, arena.values(), values);
    }

    /** Gradients to their places in the arena. */
    void writeGradient() {
        kernels.expand(positions.length, index, gradient, arena.gradient());
    }

    /** Values and moments to their places in the arena. */
    void restore() {
        kernels.expand(positions.length, index, values, arena.values());
        kernels.expand(positions.length, index, moment1, arena.moment1());
        kernels.expand(positions.length, index, moment2, arena.moment2());
    }

    @Override
    public void close() {
        index.close();
        values.close();
        gradient.close();
        moment1.close();
        moment2.close();
    }
}
