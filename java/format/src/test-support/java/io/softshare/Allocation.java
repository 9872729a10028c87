package io.softshare;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Memory that a call takes, as the JVM counts it for this thread: all of it, what is given up at once too. */
public final class Allocation {
    /** The fuzzer's own hooks in the code under test take memory as well: then the bound is looser. */
    private static final int SLACK = System.getenv("JAZZER_FUZZ") == null ? 1 : 4;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {}

    /** What may fail as a reader does. */
    @FunctionalInterface
    public interface Call<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Runs a call that may take so many bytes, and fails with an error if it takes more, whatever it ends with. One that
     * takes more is run once again: classes may have been loaded the first time.
     */
    public static <T, E extends Exception> T within(long most, Call<T, E> call) throws E {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            return call.run();
        } finally {
            if (THREADS.getCurrentThreadAllocatedBytes() - before > SLACK * most) {
                again(SLACK * most, call);
            }
        }
    }

    private static void again(long most, Call<?, ?> call) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            call.run();
        } catch (Exception e) {
            // As the first time; here only what it took matters.
        }
        long taken = THREADS.getCurrentThreadAllocatedBytes() - before;
        if (taken > most) {
            throw new AssertionError("took " + taken + " bytes of memory, expected at most " + most);
        }
    }
}
