package io.softshare.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
    private static final Map<String, String> DEFINITION = Map.of("space", "s", "seed", "1");

    @TempDir
    Path folder;

    @Test
    void trialsBelongToTheirOwnersUntilTheyEnd() {
        try (Store store = Store.create(folder, DEFINITION);
                Store other = Store.open(folder)) {
            assertEquals(DEFINITION, other.definition());
            String me = Owner.self();
            String you = Owner.self();
            Trial first = store.claim(me, 2, 5);
            assertEquals(Trial.State.CHOOSING, first.state());
            assertNull(other.claim(you, 2, 5), "one chooses at a time");
            assertTrue(store.run(1, me, Map.of("a", "0.5")));
            assertFalse(store.run(1, me, Map.of("a", "0.6")), "settings are chosen once");
            Trial second = other.claim(you, 2, 5);
            assertEquals(2, second.number());
            assertTrue(other.run(2, you, Map.of("a", "0.7")));
            assertNull(store.claim(me, 2, 5), "as many as wanted");
            assertFalse(store.beat(2, me));
            assertFalse(store.end(2, me, Trial.State.DONE, 1, 2, 3, null), "not its own");
            assertTrue(store.end(1, me, Trial.State.DONE, 1.25, 4000, 3.5, null));
            assertFalse(store.finished(2));
            assertTrue(other.end(2, you, Trial.State.FAILED, Double.NaN, 0, 1, "diverged"));
            assertTrue(store.finished(2));
            List<Trial> trials = other.trials();
            assertEquals(
                    new Trial(1, Trial.State.DONE, Map.of("a", "0.5"), 5, 1, 1.25, 4000, 3.5, null), trials.get(0));
            assertTrue(Double.isNaN(trials.get(1).errorPercent()));
            assertEquals("diverged", trials.get(1).message());
            assertNull(store.claim(me, 2, 5));
            assertNotNull(store.claim(me, 3, 5), "more may be asked for later");
        }
    }

    @Test
    void aLeaseWithoutHeartbeatRunsOut() throws InterruptedException {
        System.setProperty(Store.LEASE_PROPERTY, "1");
        try (Store store = Store.create(folder, DEFINITION)) {
            String silent = Owner.self();
            String next = Owner.self();
            store.claim(silent, 1, 1);
            store.run(1, silent, Map.of("a", "0.5"));
            assertNull(store.claim(next, 1, 1));
            Thread.sleep(700);
            assertTrue(store.beat(1, silent));
            Thread.sleep(700);
            assertNull(store.claim(next, 1, 1), "it has beaten since");
            Thread.sleep(600);
            Trial taken = store.claim(next, 1, 1);
            assertEquals(2, taken.attempt());
            assertEquals(Map.of("a", "0.5"), taken.settings());
            assertFalse(store.beat(1, silent), "the old owner hears of it");
            assertFalse(store.end(1, silent, Trial.State.DONE, 1, 1, 1, null));
            assertTrue(store.end(1, next, Trial.State.DONE, 1, 1, 1, null));
        } finally {
            System.clearProperty(Store.LEASE_PROPERTY);
        }
    }

    @Test
    void aDeadOwnersTrialIsFreeAtOnceButNotForEver() throws Exception {
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        String[] parts = Owner.self().split(" ");
        String dead = parts[0] + " " + gone.pid() + " " + parts[2] + " x";
        assertTrue(Owner.dead(dead));
        assertFalse(Owner.dead(Owner.self()));
        assertFalse(Owner.dead("elsewhere " + gone.pid() + " " + parts[2] + " x"), "of other machines nobody knows");
        try (Store store = Store.create(folder, DEFINITION)) {
            store.claim(dead, 1, 1);
            store.run(1, dead, Map.of("a", "0.5"));
            for (int attempt = 2; attempt <= Store.MAX_ATTEMPTS; attempt++) {
                assertEquals(attempt, store.claim(dead, 1, 1).attempt());
            }
            assertNull(store.claim(Owner.self(), 1, 1));
            assertEquals(Trial.State.FAILED, store.trials().get(0).state());
        }
    }

    @Test
    void aSignalGivesTheTrialBack() {
        try (Store store = Store.create(folder, DEFINITION)) {
            String me = Owner.self();
            store.claim(me, 1, 1);
            store.run(1, me, Map.of("a", "0.5"));
            store.release(1, me);
            assertEquals(1, store.claim(Owner.self(), 1, 1).attempt());
        }
    }

    @Test
    void anEpochOfALaterAttemptReplacesTheEarlier() {
        try (Store store = Store.create(folder, DEFINITION)) {
            store.epoch(new Store.Epoch(1, 5, "widen", 5, 3.5, 0.25, 900));
            store.epoch(new Store.Epoch(1, 5, "widen", 5, 3.5, 0.25, 901));
            assertEquals(List.of(new Store.Epoch(1, 5, "widen", 5, 3.5, 0.25, 901)), store.epochs());
        }
    }

    @Test
    void otherFilesAndOtherSearchesAreRefused() throws Exception {
        assertThrows(SearchException.class, () -> Store.open(folder));
        Path empty = Files.createDirectories(folder.resolve("empty"));
        Files.createFile(empty.resolve(Store.FILE)); // as a kill leaves it between the file and its tables
        SearchException none = assertThrows(SearchException.class, () -> Store.open(empty));
        assertTrue(none.getMessage().contains("holds no search"), none.getMessage());
        Store.create(folder, DEFINITION).close();
        Store.create(folder, DEFINITION).close();
        SearchException e =
                assertThrows(SearchException.class, () -> Store.create(folder, Map.of("space", "t", "seed", "1")));
        assertTrue(e.getMessage().contains("another search"), e.getMessage());
        Path text = Files.createDirectories(folder.resolve("text"));
        Files.writeString(
                text.resolve(Store.FILE), "no database at all, but long enough to be looked at as one. ".repeat(20));
        e = assertThrows(SearchException.class, () -> Store.open(text));
        assertTrue(e.getMessage().contains("no store of a search"), e.getMessage());
        assertFalse(e.getMessage().contains("\n"));
    }
}
