package io.softshare.search;

import io.softshare.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sqlite.SQLiteConfig;

/**
 * The trials of a search in one SQLite file. Every change is one transaction, so a process may be killed at any moment; several
 * processes of one machine may work on it (not over a network file system: SQLite's locks do not hold there).
 *
 * <p>A trial that is being chosen or run belongs to its owner until it ends, the owner's process is gone, or its heartbeat is older than
 * {@link #LEASE_PROPERTY} says; then another takes it over. One process at a time chooses settings, so that each knows
 * all trials that run. Methods may be called from several threads.
 */
public final class Store implements AutoCloseable {
    /** System property: seconds without a heartbeat after which a trial may be taken over. */
    public static final String LEASE_PROPERTY = "softshare.search.lease.seconds";

    /** Name of the file in a run's folder. */
    public static final String FILE = "search.db";

    /** A trial that has killed this many processes is not tried again. */
    static final int MAX_ATTEMPTS = 3;

    private static final int LEASE_SECONDS = 30;
    private static final int BUSY_MILLIS = 60_000;
    private static final int VERSION = 1;

    private final Path file;
    private final Connection connection;

    /** An epoch at which the validation error was measured; step: epochs of the whole run until then. */
    public record Epoch(
            int trial, int step, String stage, int epoch, double validationErrorPercent, double loss, long live) {}

    private interface Work<T> {
        T run() throws SQLException;
    }

    private Store(Path file) {
        this.file = file;
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setBusyTimeout(BUSY_MILLIS);
        try {
            connection = config.createConnection("jdbc:sqlite:" + file);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    /** Whether a folder holds a search. */
    public static boolean exists(Path run) {
        return Files.isRegularFile(run.resolve(FILE));
    }

    /**
     * Makes a store, or joins one that another process just made with the same definition.
     *
     * @param definition what is searched; fixed for good
     */
    public static Store create(Path run, Map<String, String> definition) {
        Store store = new Store(run.resolve(FILE));
        try {
            store.transaction(() -> {
                store.tables();
                for (Map.Entry<String, String> entry : definition.entrySet()) {
                    store.update("INSERT OR IGNORE INTO search VALUES (?, ?)", entry.getKey(), entry.getValue());
                }
                return null;
            });
            if (!store.definition().equals(definition)) {
                throw new SearchException(
                        run + " holds another search already; go on with it by --resume, or choose another --run");
            }
            return store;
        } catch (RuntimeException e) {
            store.close();
            throw e;
        }
    }

    /** Opens a store that {@link #create} made. */
    public static Store open(Path run) {
        if (!exists(run)) {
            throw new SearchException("no search is in " + run + "; start one without --resume, with all options");
        }
        Store store = new Store(run.resolve(FILE));
        try {
            if (store.definition().isEmpty()) {
                throw new SearchException(run.resolve(FILE)
                        + " holds no search: one was ended while it began; delete the file and start without --resume");
            }
            return store;
        } catch (RuntimeException e) {
            store.close();
            throw e;
        }
    }

    private void tables() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            int version = statement.executeQuery("PRAGMA user_version").getInt(1);
            if (version != 0 && version != VERSION) {
                throw new SearchException(file + " is of version " + version + ", expected " + VERSION
                        + "; go on with the softshare that made it");
            }
            statement.executeUpdate("PRAGMA user_version = " + VERSION);
            statement.executeUpdate("CREATE TABLE IF NOT EXISTS search (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
            statement.executeUpdate("""
                    CREATE TABLE IF NOT EXISTS trial (
                        number INTEGER PRIMARY KEY, state TEXT NOT NULL, settings TEXT NOT NULL, seed INTEGER NOT NULL,
                        owner TEXT NOT NULL, beat INTEGER NOT NULL, attempt INTEGER NOT NULL,
                        errorPercent REAL, bytes INTEGER, seconds REAL, message TEXT)""");
            statement.executeUpdate("""
                    CREATE TABLE IF NOT EXISTS epoch (
                        trial INTEGER NOT NULL, step INTEGER NOT NULL, stage TEXT NOT NULL, epoch INTEGER NOT NULL,
                        validationErrorPercent REAL NOT NULL, loss REAL, live INTEGER, PRIMARY KEY (trial, step))""");
        }
    }

    /** What is searched; empty if the store was never finished. */
    public Map<String, String> definition() {
        return transaction(() -> {
            Map<String, String> values = new LinkedHashMap<>();
            try (Statement statement = connection.createStatement()) {
                if (!statement
                        .executeQuery("SELECT 1 FROM sqlite_master WHERE name = 'search'")
                        .next()) {
                    return values;
                }
            }
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT key, value FROM search ORDER BY rowid")) {
                while (rows.next()) {
                    values.put(rows.getString(1), rows.getString(2));
                }
            }
            return values;
        });
    }

    /** All trials by number. */
    public List<Trial> trials() {
        return transaction(() -> {
            List<Trial> trials = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT * FROM trial ORDER BY number")) {
                while (rows.next()) {
                    trials.add(trial(rows));
                }
            }
            return trials;
        });
    }

    private static Trial trial(ResultSet row) throws SQLException {
        Map<String, String> settings = new LinkedHashMap<>();
        ((Map<?, ?>) Json.parse(row.getString("settings")))
                .forEach((key, value) -> settings.put((String) key, (String) value));
        double error = row.getDouble("errorPercent");
        return new Trial(
                row.getInt("number"),
                Trial.State.valueOf(row.getString("state")),
                settings,
                row.getLong("seed"),
                row.getInt("attempt"),
                row.wasNull() || row.getObject("errorPercent") == null ? Double.NaN : error,
                row.getLong("bytes"),
                row.getDouble("seconds"),
                row.getString("message"));
    }

    /** Measured epochs of all trials, by trial and step. */
    public List<Epoch> epochs() {
        return transaction(() -> {
            List<Epoch> epochs = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT * FROM epoch ORDER BY trial, step")) {
                while (rows.next()) {
                    epochs.add(new Epoch(
                            rows.getInt("trial"),
                            rows.getInt("step"),
                            rows.getString("stage"),
                            rows.getInt("epoch"),
                            rows.getDouble("validationErrorPercent"),
                            rows.getDouble("loss"),
                            rows.getLong("live")));
                }
            }
            return epochs;
        });
    }

    /**
     * Takes a trial: one whose owner is gone, or a new one while there are fewer than wanted. It is then in state CHOOSING if
     * it has no settings yet, else RUNNING.
     *
     * @return null: nothing to do now; {@link #finished} tells whether ever
     */
    public Trial claim(String owner, int wanted, long seed) {
        return transaction(() -> {
            long now = System.currentTimeMillis();
            int count = 0;
            boolean choosing = false;
            Trial lost = null;
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT * FROM trial ORDER BY number")) {
                while (rows.next()) {
                    count++;
                    Trial trial = trial(rows);
                    if (trial.state().ended()) {
                        continue;
                    }
                    boolean free = now - rows.getLong("beat") > leaseMillis() || Owner.dead(rows.getString("owner"));
                    if (free && lost == null) {
                        lost = trial;
                    }
                    choosing |= !free && trial.state() == Trial.State.CHOOSING;
                }
            }
            if (lost != null && lost.state() == Trial.State.CHOOSING && choosing) {
                return null; // one at a time
            }
            if (lost != null && lost.attempt() >= MAX_ATTEMPTS) {
                update(
                        "UPDATE trial SET state = 'FAILED', message = ? WHERE number = ?",
                        lost.attempt() + " processes died while it ran",
                        lost.number());
                return claim(owner, wanted, seed);
            }
            if (lost != null) {
                // Choosing has killed nobody's training: it is no further attempt.
                int attempt = lost.attempt() + (lost.state() == Trial.State.CHOOSING ? 0 : 1);
                update(
                        "UPDATE trial SET owner = ?, beat = ?, attempt = ? WHERE number = ?",
                        owner,
                        now,
                        attempt,
                        lost.number());
                return read(lost.number());
            }
            if (count >= wanted || choosing) {
                return null;
            }
            update(
                    "INSERT INTO trial VALUES (?, 'CHOOSING', '{}', ?, ?, ?, 1, NULL, NULL, NULL, NULL)",
                    count + 1,
                    seed,
                    owner,
                    now);
            return read(count + 1);
        });
    }

    private Trial read(int number) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM trial WHERE number = ?")) {
            statement.setInt(1, number);
            return trial(statement.executeQuery());
        }
    }

    /** Whether so many trials have ended. */
    public boolean finished(int wanted) {
        return trials().stream().filter(t -> t.state().ended()).count() >= wanted;
    }

    /** A chosen trial runs now. False: it belongs to somebody else by now. */
    public boolean run(int number, String owner, Map<String, String> settings) {
        return change(
                "UPDATE trial SET state = 'RUNNING', settings = ? WHERE number = ? AND owner = ? AND state = 'CHOOSING'",
                Json.write(settings),
                number,
                owner);
    }

    /** The owner lives. False: the trial belongs to somebody else by now. */
    public boolean beat(int number, String owner) {
        return change(
                "UPDATE trial SET beat = ? WHERE number = ? AND owner = ?", System.currentTimeMillis(), number, owner);
    }

    /** The owner goes and leaves the trial to others. */
    public void release(int number, String owner) {
        // No attempt lost: the trial was not what ended the process.
        change(
                "UPDATE trial SET beat = 0, attempt = attempt - (state = 'RUNNING') WHERE number = ? AND owner = ?"
                        + " AND state IN ('CHOOSING', 'RUNNING')",
                number,
                owner);
    }

    /** Keeps an epoch of a trial; one of an earlier attempt gives way. */
    public void epoch(Epoch e) {
        change(
                "INSERT OR REPLACE INTO epoch VALUES (?, ?, ?, ?, ?, ?, ?)",
                e.trial(),
                e.step(),
                e.stage(),
                e.epoch(),
                e.validationErrorPercent(),
                e.loss(),
                e.live());
    }

    /** Ends a trial. False: it belongs to somebody else by now, and nothing was changed. */
    public boolean end(
            int number,
            String owner,
            Trial.State state,
            double errorPercent,
            long bytes,
            double seconds,
            String message) {
        return change(
                "UPDATE trial SET state = ?, errorPercent = ?, bytes = ?, seconds = ?, message = ?"
                        + " WHERE number = ? AND owner = ? AND state = 'RUNNING'",
                state.name(),
                Double.isNaN(errorPercent) ? null : errorPercent,
                bytes,
                seconds,
                message,
                number,
                owner);
    }

    static long leaseMillis() {
        return 1000L * Integer.getInteger(LEASE_PROPERTY, LEASE_SECONDS);
    }

    private boolean change(String sql, Object... values) {
        return transaction(() -> update(sql, values) == 1);
    }

    private int update(String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return statement.executeUpdate();
        }
    }

    private int depth;

    /** One transaction; work that calls for another is part of the first. */
    private synchronized <T> T transaction(Work<T> work) {
        depth++;
        boolean done = false;
        try {
            if (depth == 1) {
                // Written out: the driver's own way begins the next transaction with each commit, and keeps the lock.
                statement("BEGIN IMMEDIATE");
            }
            T result = work.run();
            if (depth == 1) {
                statement("COMMIT");
            }
            done = true;
            return result;
        } catch (SQLException e) {
            throw failure(e);
        } finally {
            depth--;
            if (!done && depth == 0) {
                rollback();
            }
        }
    }

    private void statement(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void rollback() {
        try {
            statement("ROLLBACK");
        } catch (SQLException e) {
            // Nothing was begun, or the file is gone: what made the roll-back necessary is told.
        }
    }

    private SearchException failure(SQLException e) {
        String text = e.getMessage() == null ? e.toString() : e.getMessage();
        String advice = text.contains("NOTADB")
                ? "it is no store of a search; choose another --run"
                : "check the folder and its disk";
        return new SearchException(file + " cannot be used: " + text + "; " + advice, e);
    }

    @Override
    public synchronized void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw failure(e);
        }
    }
}
