package io.softshare.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EarlyStopTest {
    private final List<Trial> trials = new ArrayList<>();
    private final List<Store.Epoch> epochs = new ArrayList<>();

    private void finished(int number, double early, double end) {
        trials.add(new Trial(number, Trial.State.DONE, Map.of("a", "1"), 1, 1, end, 5000, 1, null));
        epochs.add(new Store.Epoch(number, 10, "widen", 10, early, 0.1, 9000));
    }

    @Test
    void aTrialIsGivenUpOnlyIfTheBestRecoverySoFarWouldNotDo() {
        for (int i = 0; i < EarlyStop.ENOUGH; i++) {
            finished(i + 1, 4 + i, 2 + i); // factors 0.5 to 0.82
        }
        EarlyStop stop = new EarlyStop(2, trials, epochs);
        double median = 6.0 / 8; // the fifth of eight
        double edge = 2 / (0.5 * 0.5 / median);
        assertTrue(Double.isNaN(stop.hopeless("widen", 10, edge - 0.01)));
        double heading = stop.hopeless("widen", 10, edge + 0.01);
        assertTrue(heading > 2 && heading < edge, "heading for " + heading);
        assertTrue(Double.isNaN(stop.hopeless("widen", 11, 90)), "nothing is known of that epoch");
        assertTrue(Double.isNaN(stop.hopeless("hard", 10, 90)), "nothing is known of that stage");
        // None of those that ended feasible would have been stopped.
        for (int i = 0; i < trials.size(); i++) {
            if (trials.get(i).feasible(2)) {
                double early = epochs.get(i).validationErrorPercent();
                assertTrue(Double.isNaN(stop.hopeless("widen", 10, early)));
            }
        }
    }

    @Test
    void fewTrialsAreNoEvidence() {
        for (int i = 0; i < EarlyStop.ENOUGH - 1; i++) {
            finished(i + 1, 4, 4);
        }
        trials.add(new Trial(99, Trial.State.STOPPED, Map.of("a", "1"), 1, 1, 9, 0, 1, "stopped"));
        epochs.add(new Store.Epoch(99, 10, "widen", 10, 9, 0.1, 9000));
        assertTrue(Double.isNaN(new EarlyStop(2, trials, epochs).hopeless("widen", 10, 90)));
        finished(8, 4, 4);
        assertEquals(90, new EarlyStop(2, trials, epochs).hopeless("widen", 10, 90), 1e-9);
    }
}
