package io.softshare.cli;

import io.softshare.pipeline.RunListener;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress on stderr: a bar over the epochs of a run where stderr is a terminal, else a plain line every few seconds. */
final class Console implements RunListener, AutoCloseable {
    private static final boolean TERMINAL = System.console() != null && System.getenv("TERM") != null;
    private static final String CLEAR_LINE = "\r\033[K";
    private static final int WIDTH = 140;
    private static long lastProgress;
    private final boolean terminal;
    private ProgressBar bar;
    private long lastLine;

    Console() {
        this(TERMINAL);
    }

    Console(boolean terminal) {
        this.terminal = terminal;
    }

    @Override
    public void message(String line) {
        System.err.println((terminal ? CLEAR_LINE : "") + line);
    }

    @Override
    public void epoch(Figures f) {
        String validation = Double.isNaN(f.validationErrorPercent())
                ? ""
                : String.format(Locale.ROOT, ", validation %.2f %%", f.validationErrorPercent());
        String line = String.format(
                Locale.ROOT,
                "%s %d/%d: loss %.4f, error %.2f %%%s, %,d weights, about %s left",
                f.stage(),
                f.epoch(),
                f.epochs(),
                f.loss(),
                f.trainErrorPercent(),
                validation,
                f.live(),
                time(f.secondsLeft()));
        if (terminal) {
            if (bar == null) {
                bar = bar(f);
            }
            // A stage that stopped early takes its other epochs off the total.
            bar.maxHint(f.total()).stepTo(f.done()).setExtraMessage(line);
        } else if (f.epoch() == f.epochs() || System.nanoTime() - lastLine > 5_000_000_000L) {
            System.err.println(line);
            lastLine = System.nanoTime();
        }
    }

    private static String time(double seconds) {
        return seconds < 100
                ? String.format(Locale.ROOT, "%.0f s", seconds)
                : String.format(Locale.ROOT, "%.0f min", seconds / 60);
    }

    private static ProgressBar bar(Figures f) {
        return new ProgressBarBuilder()
                .setTaskName("")
                .setInitialMax(f.total())
                .startsFrom(f.done() - 1L, java.time.Duration.ofMillis((long) (1000 * f.seconds())))
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
                .setUpdateIntervalMillis(500)
                .hideEta()
                .build();
    }

    /** Leaves the bar as it is and goes on below it. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }

    /** Progress of reading or fetching data. */
    static void progress(String what, long done, long total) {
        if (System.nanoTime() - lastProgress > 2_000_000_000L) {
            lastProgress = System.nanoTime();
            System.err.println(what + (total > 0 ? " " + 100 * done / total + " %" : ""));
        }
    }
}
