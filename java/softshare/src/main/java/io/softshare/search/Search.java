package io.softshare.search;

import io.softshare.data.DataSet;
import io.softshare.data.ImageSet;
import io.softshare.device.Device;
import io.softshare.pipeline.Compression;
import io.softshare.pipeline.DecodedFile;
import io.softshare.pipeline.Folders;
import io.softshare.pipeline.RunListener;
import io.softshare.pipeline.RunResult;
import io.softshare.pipeline.Settings;
import io.softshare.pipeline.TriedFiles;
import io.softshare.train.TrainingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A process's work on a search: trial after trial until the store has as many as are wanted. Trials are judged on the validation images
 * alone; the test images' error is never kept.
 */
public final class Search {
    private static final String START = "start.bin";
    private static final int POLL_MILLIS = 200;

    private final Definition definition;
    private final Store store;
    private final Path run;
    private final Device device;
    private final DataSet data;
    private final ImageSet validation;
    private final Listener listener;
    private final String owner = Owner.self();

    /** Hears how a search goes on. */
    public interface Listener {
        /** An epoch of a trial is done. */
        void epoch(Trial trial, RunListener.Figures figures);

        /** A trial of this process ended; all: every trial of the store. */
        void ended(Trial trial, List<Trial> all);

        /** Other processes run the last trials. */
        void waiting(List<Trial> all);
    }

    /** Ends a trial's run. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1L;
        final double headingForPercent;

        Stopped(String why, double headingForPercent) {
            super(why, null, false, false);
            this.headingForPercent = headingForPercent;
        }
    }

    private Search(Definition definition, Store store, Path run, Device device, DataSet data, Listener listener) {
        this.definition = definition;
        this.store = store;
        this.run = run;
        this.device = device;
        this.data = data;
        validation = data.split(true).validation();
        if (validation.count() == 0) {
            throw new SearchException(
                    "no class has two training images, so none can be set aside for validation; give more data");
        }
        this.listener = listener;
    }

    /**
     * Works until so many trials have ended, by this process or others.
     *
     * @param run folder of the store; trials' files come to lie in it
     * @param wanted trials, those that are in the store counted
     */
    public static void run(
            Definition definition, Store store, Path run, Device device, DataSet data, int wanted, Listener listener)
            throws IOException {
        new Search(definition, store, run, device, data, listener).work(wanted);
    }

    /** A finished trial's file. */
    public static Path file(Path run, Trial trial) {
        return run.resolve("trials").resolve(String.format(java.util.Locale.ROOT, "%04d.sws", trial.number()));
    }

    /** Records of the best trial's run, which a report can be made of. */
    public static Path records(Path run, Trial trial) {
        return run.resolve("trials").resolve(String.format(java.util.Locale.ROOT, "%04d.run", trial.number()));
    }

    /**
     * Writes all trials beside the best one's records, so that its report shows them.
     *
     * @return whether there are such records: a process that was killed just as its trial had ended leaves none
     */
    public static boolean keepTrials(Path run, List<Trial> all, Trial best) throws IOException {
        if (!Files.isDirectory(records(run, best))) {
            return false;
        }
        TriedFiles.write(
                records(run, best),
                all.stream()
                        .filter(t -> t.state() == Trial.State.DONE)
                        .map(t -> new TriedFiles.TriedFile(t.number(), t.errorPercent(), t.bytes()))
                        .toList(),
                best.number());
        return true;
    }

    private void work(int wanted) throws IOException {
        boolean told = false;
        while (true) {
            Trial trial = store.claim(owner, wanted, definition.seed());
            if (trial == null) {
                if (store.finished(wanted)) {
                    return;
                }
                List<Trial> all = store.trials();
                if (!told && all.size() >= wanted) {
                    listener.waiting(all);
                    told = true;
                }
                pause();
                continue;
            }
            try (Lease lease = new Lease(store, trial.number(), owner)) {
                if (trial.state() == Trial.State.CHOOSING) {
                    Map<String, String> settings = choose(trial.number());
                    if (!store.run(trial.number(), owner, settings)) {
                        continue;
                    }
                    trial = trial(trial.number());
                }
                runTrial(trial, lease);
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SearchException("the search was interrupted; go on with --resume");
        }
    }

    private Trial trial(int number) {
        return store.trials().get(number - 1);
    }

    private Map<String, String> choose(int number) {
        Space space = definition.space();
        Map<String, String> own = number == 1 ? space.own(definition.recipe()) : null;
        if (own != null) {
            return own; // what one would have done without a search
        }
        List<Observation> done = new ArrayList<>();
        List<double[]> pending = new ArrayList<>();
        for (Trial trial : store.trials()) {
            if (trial.settings().isEmpty()) {
                continue;
            }
            double[] point = space.point(trial.settings());
            if (trial.state().ended()) {
                done.add(new Observation(point, trial.errorPercent(), trial.bytes() > 0 ? trial.bytes() : Double.NaN));
            } else {
                pending.add(point);
            }
        }
        return space.at(definition.proposals().propose(number, done, pending));
    }

    private void runTrial(Trial trial, Lease lease) throws IOException {
        Path trials = Files.createDirectories(run.resolve("trials"));
        Path folder = folder(trial, trial.attempt());
        Path out = trials.resolve(folder.getFileName() + ".sws");
        prepare(trial, folder);
        boolean resume = Files.exists(folder.resolve(Compression.CHECKPOINT));
        long began = System.nanoTime();
        Watch watch = new Watch(trial, folder, lease);
        Trial.State state = Trial.State.DONE;
        double error = Double.NaN;
        long bytes = 0;
        String message = null;
        try {
            Settings settings = definition.run(trial.settings(), out.toString());
            Compression.Result result = Compression.run(device, settings, data, watch, folder, resume);
            RunResult.keep(folder, RunResult.values(result, settings, device.kind()));
            error = DecodedFile.errorPercent(device, result.file(), validation);
            bytes = result.file().bytes();
        } catch (Stopped e) {
            state = Trial.State.STOPPED;
            error = e.headingForPercent;
            message = e.getMessage();
        } catch (TrainingException e) {
            state = Trial.State.FAILED;
            message = e.getMessage();
        }
        if (!lease.held()) {
            return; // another process does it anew: it thought this one dead
        }
        if (state == Trial.State.DONE) {
            Files.move(out, file(run, trial), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
        if (store.end(trial.number(), owner, state, error, bytes, (System.nanoTime() - began) / 1e9, message)) {
            List<Trial> all = store.trials();
            Trial best = Front.best(all, definition.maxErrorPercent());
            if (best != null && best.number() == trial.number()) {
                Files.deleteIfExists(folder.resolve(Compression.CHECKPOINT));
                Folders.delete(records(run, trial));
                Files.move(folder, records(run, trial));
                for (Trial other : all) {
                    if (other.number() != best.number()) {
                        Folders.delete(records(run, other));
                    }
                }
            }
            for (int attempt = 1; attempt <= trial.attempt(); attempt++) {
                Folders.delete(folder(trial, attempt));
            }
            listener.ended(trial(trial.number()), all);
        }
    }

    private Path folder(Trial trial, int attempt) {
        return run.resolve("trials")
                .resolve(String.format(java.util.Locale.ROOT, "%04d-%d.run", trial.number(), attempt));
    }

    /** Lays out what a run goes on from: its own last checkpoint, or the start that trials share. */
    private void prepare(Trial trial, Path folder) throws IOException {
        Files.createDirectories(folder);
        List<Path> sources = new ArrayList<>();
        // This attempt's own folder, if it was left in peace; else an earlier one's.
        for (int attempt = trial.attempt(); attempt > 0; attempt--) {
            sources.add(folder(trial, attempt).resolve(Compression.CHECKPOINT));
        }
        if (definition.sharesStart()) {
            sources.add(run.resolve(START));
        }
        Path target = folder.resolve(Compression.CHECKPOINT);
        for (Path source : sources) {
            if (Files.exists(source)) {
                if (!source.equals(target)) {
                    Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING);
                }
                return;
            }
        }
    }

    /** Listens to a trial's run: keeps its epochs and the shared start, and gives up where that is due. */
    private final class Watch implements RunListener {
        private final Trial trial;
        private final Path folder;
        private final Lease lease;
        private final EarlyStop stop;
        private boolean looked;

        Watch(Trial trial, Path folder, Lease lease) {
            this.trial = trial;
            this.folder = folder;
            this.lease = lease;
            stop = definition.earlyStop()
                    ? new EarlyStop(definition.maxErrorPercent(), store.trials(), store.epochs())
                    : null;
        }

        @Override
        public void message(String line) {
            // Of sixty trials, nobody wants to read each one's; and one of them tells a test error.
        }

        @Override
        public void epoch(Figures figures) {
            if (!lease.held()) {
                throw new Stopped("another process has taken it over", Double.NaN);
            }
            keepStart(figures);
            listener.epoch(trial, figures);
            double error = figures.validationErrorPercent();
            if (Double.isNaN(error)) {
                return;
            }
            store.epoch(new Store.Epoch(
                    trial.number(),
                    figures.done(),
                    figures.stage(),
                    figures.epoch(),
                    error,
                    figures.loss(),
                    figures.live()));
            double heading = stop == null ? Double.NaN : stop.hopeless(figures.stage(), figures.epoch(), error);
            if (!Double.isNaN(heading)) {
                String why = String.format(
                        java.util.Locale.ROOT,
                        "%.2f %% at epoch %d of stage %s, more than any finished trial made good from there",
                        error,
                        figures.epoch(),
                        figures.stage());
                throw new Stopped(why, heading);
            }
        }

        /** After the first epoch of compression, the checkpoint is still the one of the dense network. */
        private void keepStart(Figures figures) {
            if (looked || !definition.sharesStart() || Files.exists(run.resolve(START))) {
                return;
            }
            boolean plain = definition.recipe().stages().stream()
                    .filter(s -> s.kind() == io.softshare.train.Stage.Kind.PLAIN)
                    .anyMatch(s -> s.name().equals(figures.stage()));
            if (plain || figures.epoch() != 1) {
                return;
            }
            looked = true;
            try {
                if (Compression.isDense(folder)) {
                    Path copy = folder.resolve(START);
                    Files.copy(folder.resolve(Compression.CHECKPOINT), copy, StandardCopyOption.REPLACE_EXISTING);
                    Files.move(copy, run.resolve(START), StandardCopyOption.ATOMIC_MOVE);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
