package io.softshare.pipeline;

import io.softshare.train.Stage;
import java.io.IOException;

/** Steers a run beyond its settings, and looks on. */
interface Control {
    /** A run as it is. */
    Control NONE = new Control() {};

    /** Whether the validation error is wanted after every epoch of a stage. */
    default boolean measures(Stage stage) {
        return false;
    }

    /**
     * Whether the run ends here, after an epoch of the network's own: a checkpoint is left, and {@link Paused} thrown.
     *
     * @param epoch of the stage, from 1
     * @param ahead what the run would go on from if the stage ended here
     */
    default boolean endsAfter(Stage stage, int epoch, long live, double errorPercent, Ahead ahead) throws IOException {
        return false;
    }

    /** What the last reductions may cost. */
    default Finishing.Allowance allowance() {
        return Finishing.Allowance.NONE;
    }

    /** Makes a checkpoint at the beginning of the next stage, without the tensors of teacher and start and without moments, which a stage clears. */
    interface Ahead {
        Checkpoint checkpoint() throws IOException;
    }

    /** A run was ended by its {@link Control}; it can be resumed. */
    static final class Paused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Paused() {
            super("paused", null, false, false);
        }
    }
}
