package io.softshare.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FrontTest {
    private static Trial trial(int number, Trial.State state, double error, long bytes) {
        return new Trial(number, state, Map.of(), 1, 1, error, bytes, 1, null);
    }

    @Test
    void whatIsWorseInBothIsLeftOut() {
        List<Trial> trials = List.of(
                trial(1, Trial.State.DONE, 2.0, 5000),
                trial(2, Trial.State.DONE, 1.5, 6000),
                trial(3, Trial.State.DONE, 2.1, 5500),
                trial(4, Trial.State.DONE, 2.0, 4000),
                trial(5, Trial.State.STOPPED, 1.0, 0),
                trial(6, Trial.State.DONE, 1.5, 6000),
                trial(7, Trial.State.DONE, 9.0, 100));
        assertEquals(
                List.of(7, 4, 2), Front.of(trials).stream().map(Trial::number).toList());
        assertEquals(4, Front.best(trials, 2.0).number());
        assertEquals(2, Front.best(trials, 1.99).number());
        assertNull(Front.best(trials, 1.2));
    }
}
