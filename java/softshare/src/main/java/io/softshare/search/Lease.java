package io.softshare.search;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A trial in hand: beats until closed, and gives the trial back when the program is ended by a signal. */
final class Lease implements AutoCloseable {
    private final ScheduledExecutorService clock;
    private final Thread release;
    private volatile boolean held = true;

    Lease(Store store, int number, String owner) {
        release = new Thread(() -> {
            try {
                store.release(number, owner);
            } catch (SearchException e) {
                // The program ends; the lease runs out by itself.
            }
        });
        Runtime.getRuntime().addShutdownHook(release);
        clock = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "heartbeat");
            thread.setDaemon(true);
            return thread;
        });
        long every = Math.max(50, Store.leaseMillis() / 10);
        clock.scheduleAtFixedRate(
                () -> {
                    try {
                        held &= store.beat(number, owner);
                    } catch (SearchException e) {
                        // The store is busy or its disk full: the next beat may come through, and the end of the trial
                        // tells.
                    }
                },
                every,
                every,
                TimeUnit.MILLISECONDS);
    }

    /** Whether the trial is still this process's. */
    boolean held() {
        return held;
    }

    @Override
    public void close() {
        clock.shutdownNow();
        try {
            Runtime.getRuntime().removeShutdownHook(release);
        } catch (IllegalStateException e) {
            // The program is ending, and the hook runs.
        }
    }
}
