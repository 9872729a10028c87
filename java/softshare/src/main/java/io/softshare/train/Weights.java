package io.softshare.train;

import io.softshare.device.Buffer;
import io.softshare.device.Kernels;
import io.softshare.device.PriorOperation;
import io.softshare.device.PriorOperation.TensorLayout;
import io.softshare.device.Scalar;
import io.softshare.network.Arena;
import java.util.List;

/**
 * The weights that an optimiser works on, with their gradients and Adam's moments: the arena's (dense or masked), or packed
 * ones, which are all live.
 *
 * @param live a bit a weight, or null: all are live
 * @param layout for the prior
 */
record Weights(
        Buffer values,
        Buffer gradient,
        Buffer moment1,
        Buffer moment2,
        Buffer live,
        long count,
        List<TensorLayout> layout) {

    /** All weights of an arena, frozen ones included. */
    static Weights of(Arena arena) {
        return new Weights(
                arena.values(),
                arena.gradient(),
                arena.moment1(),
                arena.moment2(),
                arena.live(),
                arena.layout().weightCount(),
                arena.layout().priorLayout());
    }

    /** Views of so many of them from first on; live and layout are theirs. */
    Weights part(long first, long number, Buffer itsLive, List<TensorLayout> itsLayout) {
        return new Weights(
                values.floatView(first, number),
                gradient.floatView(first, number),
                moment1.floatView(first, number),
                moment2.floatView(first, number),
                itsLive,
                number,
                itsLayout);
    }

    /** Adam's step on values in their order, their own or latent ones behind them, by their gradient and moments. */
    void adam(Kernels kernels, Buffer moved, Buffer scalars) {
        kernels.adam(
                count,
                moved,
                gradient,
                moment1,
                moment2,
                live,
                scalars,
                Scalar.RATE_WEIGHTS,
                PriorOperation.Adam.DEFAULT);
    }
}
