package io.softshare.cli;

import io.softshare.pipeline.RunListener;
import io.softshare.search.Front;
import io.softshare.search.Search;
import io.softshare.search.Trial;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A search on stderr: a line a trial, the front of error against bytes when it has moved; on a terminal the running trial below. */
final class SearchConsole implements Search.Listener {
    private static final boolean TERMINAL = System.console() != null && System.getenv("TERM") != null;
    private static final String CLEAR_LINE = "\r\033[K";
    /** Nanoseconds between lines about a running trial. */
    private static final long EVERY = TERMINAL ? 500_000_000L : 30_000_000_000L;
    /** A front may have dozens of points; so many go on a line, those nearest to the limit. */
    private static final int SHOWN = 6;

    private final double maxErrorPercent;
    private final int wanted;
    private long last = System.nanoTime();
    private String shown = "";

    SearchConsole(double maxErrorPercent, int wanted) {
        this.maxErrorPercent = maxErrorPercent;
        this.wanted = wanted;
    }

    @Override
    public void epoch(Trial trial, RunListener.Figures f) {
        if (System.nanoTime() - last < EVERY) {
            return;
        }
        last = System.nanoTime();
        String line = String.format(
                Locale.ROOT,
                "trial %d/%d: %s %d/%d, loss %.4f, %,d weights, about %.0f s left",
                trial.number(),
                wanted,
                f.stage(),
                f.epoch(),
                f.epochs(),
                f.loss(),
                f.live(),
                f.secondsLeft());
        if (TERMINAL) {
            System.err.print(CLEAR_LINE + line);
            System.err.flush();
        } else {
            System.err.println(line);
        }
    }

    @Override
    public void ended(Trial trial, List<Trial> all) {
        last = System.nanoTime();
        Trial best = Front.best(all, maxErrorPercent);
        line(String.format(
                Locale.ROOT,
                "trial %3d/%d  %-8s %s  %5.0f s   %s",
                trial.number(),
                wanted,
                trial.state().name().toLowerCase(Locale.ROOT),
                outcome(trial),
                trial.seconds(),
                best == null
                        ? String.format(Locale.ROOT, "none within %s %% yet", maxErrorPercent)
                        : best.number() == trial.number() ? "the best so far" : "best " + pair(best)));
        String front = front(all, maxErrorPercent);
        if (!front.equals(shown)) {
            shown = front;
            line("  front: " + front);
        }
    }

    private static String outcome(Trial trial) {
        return switch (trial.state()) {
            case DONE -> String.format(Locale.ROOT, "%6.2f %%  %,9d bytes", trial.errorPercent(), trial.bytes());
            case STOPPED -> String.format(Locale.ROOT, "%6.2f %%  expected       ", trial.errorPercent());
            default -> trial.message();
        };
    }

    private static String pair(Trial trial) {
        return String.format(Locale.ROOT, "%.2f %% %,d", trial.errorPercent(), trial.bytes());
    }

    /** Error and bytes of the trials on the front, those around the limit. */
    static String front(List<Trial> all, double maxErrorPercent) {
        List<Trial> front = Front.of(all);
        int middle = 0;
        while (middle < front.size() && front.get(middle).errorPercent() > maxErrorPercent) {
            middle++;
        }
        int from = Math.max(0, Math.min(middle - SHOWN / 2, front.size() - SHOWN));
        int to = Math.min(front.size(), from + SHOWN);
        return front.subList(from, to).stream().map(SearchConsole::pair).collect(Collectors.joining(" | "));
    }

    @Override
    public void waiting(List<Trial> all) {
        long running = all.stream().filter(t -> !t.state().ended()).count();
        line("waiting for " + running + " trials that other processes run");
    }

    private static void line(String text) {
        System.err.println((TERMINAL ? CLEAR_LINE : "") + text.stripTrailing());
    }
}
