package io.softshare.search;

import java.util.Map;

/**
 * One trial as the store has it.
 *
 * @param number from 1
 * @param settings by key; empty while they are being chosen
 * @param seed of the training
 * @param attempt from 1; a further one after a process died
 * @param errorPercent validation error of the decoded file; where the state is stopped, the error it was heading for; NaN: none
 * @param bytes of the file, 0: there is none
 * @param seconds that the trial took
 * @param message why it stopped or failed, or null
 */
public record Trial(
        int number,
        State state,
        Map<String, String> settings,
        long seed,
        int attempt,
        double errorPercent,
        long bytes,
        double seconds,
        String message) {
    /** Where a trial is. */
    public enum State {
        /** Somebody chooses its settings. */
        CHOOSING,
        RUNNING,
        /** It has a file. */
        DONE,
        /** Stopped early, see {@link EarlyStop}. */
        STOPPED,
        /** It came to nothing: training diverged, or the processes that ran it died. */
        FAILED;

        /** Whether nothing more is to come. */
        public boolean ended() {
            return this == DONE || this == STOPPED || this == FAILED;
        }
    }

    public boolean feasible(double maxErrorPercent) {
        return state == State.DONE && errorPercent <= maxErrorPercent;
    }
}
