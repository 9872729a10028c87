package io.softshare.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Which trials are worth having. */
public final class Front {
    private Front() {}

    /** Trials with a file than which none is smaller at the same error or better; smallest first. */
    public static List<Trial> of(List<Trial> trials) {
        List<Trial> sorted = trials.stream()
                .filter(t -> t.state() == Trial.State.DONE)
                .sorted(Comparator.comparingLong(Trial::bytes).thenComparingDouble(Trial::errorPercent))
                .toList();
        List<Trial> front = new ArrayList<>();
        double least = Double.POSITIVE_INFINITY;
        for (Trial trial : sorted) {
            if (trial.errorPercent() < least) {
                front.add(trial);
                least = trial.errorPercent();
            }
        }
        return front;
    }

    /** The smallest file within the limit, of two such the one of less error, then the earlier; null: there is none. */
    public static Trial best(List<Trial> trials, double maxErrorPercent) {
        return trials.stream()
                .filter(t -> t.feasible(maxErrorPercent))
                .min(Comparator.comparingLong(Trial::bytes)
                        .thenComparingDouble(Trial::errorPercent)
                        .thenComparingInt(Trial::number))
                .orElse(null);
    }
}
