package io.softshare.device;

/**
 * Runs work that is the same many times over. A device may record a form of it once and replay the recording: a form must
 * then always call the same kernels on the same buffers with the same arguments, and read or write no buffer from the host.
 * What changes from step to step is read from the device's memory (see softshare.h).
 */
public interface Steps extends AutoCloseable {
    /** Runs each step as it comes. */
    Steps DIRECT = (form, step) -> step.run();

    /**
     * Runs a step.
     *
     * @param form equal for steps that are alike
     */
    void run(Object form, Runnable step);

    /** Seconds that recording took so far; 0 where nothing is recorded. */
    default double recordingSeconds() {
        return 0;
    }

    /** Forgets recordings. */
    @Override
    default void close() {}
}
