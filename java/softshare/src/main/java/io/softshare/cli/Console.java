package io.softshare.cli;

import io.softshare.pipeline.RunListener;
import java.util.Locale;

/** Progress on stderr: one line that is rewritten where stderr is a terminal, else a plain line every few seconds. */
final class Console implements RunListener {
    private static final boolean TERMINAL = System.console() != null && System.getenv("TERM") != null;
    private static long lastProgress;
    private long lastLine;

    @Override
    public void message(String line) {
        System.err.println((TERMINAL ? "\r\033[K" : "") + line);
    }

    @Override
    public void epoch(Figures f) {
        double left = f.done() == 0 ? 0 : f.seconds() / f.done() * Math.max(0, f.total() - f.done());
        String validation = Double.isNaN(f.validationErrorPercent())
                ? ""
                : String.format(Locale.ROOT, ", validation %.2f %%", f.validationErrorPercent());
        String line = String.format(
                Locale.ROOT,
                "%s %d/%d: loss %.4f, error %.2f %%%s, %,d weights, about %.0f s left",
                f.stage(),
                f.epoch(),
                f.epochs(),
                f.loss(),
                f.trainErrorPercent(),
                validation,
                f.live(),
                left);
        if (TERMINAL) {
            System.err.print("\r\033[K" + line);
            if (f.epoch() == f.epochs()) {
                System.err.println();
            }
        } else if (f.epoch() == f.epochs() || System.nanoTime() - lastLine > 5_000_000_000L) {
            System.err.println(line);
            lastLine = System.nanoTime();
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
