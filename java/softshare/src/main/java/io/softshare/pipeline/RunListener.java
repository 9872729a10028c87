package io.softshare.pipeline;

import java.util.List;

/** Hears how a run goes on. */
public interface RunListener {
    /** Something began or was found: one line. */
    void message(String line);

    /** An epoch is done. */
    void epoch(Figures figures);

    /** Figures of an epoch; validation error NaN without a validation part; mixtures: one of all
     * weights or one of each weight tensor, none before there are any, each as π, μ, σ. done and total: epochs of the whole run;
     * secondsLeft: an estimate. */
    record Figures(
            String stage,
            int epoch,
            int epochs,
            double loss,
            double trainErrorPercent,
            double validationErrorPercent,
            long live,
            List<double[]> mixtures,
            int done,
            int total,
            double seconds,
            double secondsLeft) {
        /** The same of a stage under another name. */
        public Figures named(String name) {
            return new Figures(
                    name,
                    epoch,
                    epochs,
                    loss,
                    trainErrorPercent,
                    validationErrorPercent,
                    live,
                    mixtures,
                    done,
                    total,
                    seconds,
                    secondsLeft);
        }
    }
}
