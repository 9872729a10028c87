package io.softshare.report;

import io.softshare.report.RunFolder.Trial;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Error against bytes of all trials, and those that no other beats in both. */
final class TrialChart {
    private final List<Trial> trials;
    private final List<Trial> front = new ArrayList<>();

    TrialChart(List<Trial> trials) {
        this.trials = trials.stream()
                .sorted(Comparator.comparingLong(Trial::fileBytes).thenComparingDouble(Trial::validationErrorPercent))
                .toList();
        double best = Double.POSITIVE_INFINITY;
        for (Trial trial : this.trials) {
            if (trial.validationErrorPercent() < best) {
                best = trial.validationErrorPercent();
                front.add(trial);
            }
        }
    }

    /** Null where there is nothing to compare. */
    Map<String, Object> chart() {
        if (trials.size() < 2) {
            return null;
        }
        Map<String, Object> chart = new LinkedHashMap<>();
        chart.put("trials", trials);
        chart.put("front", front.stream().map(trials::indexOf).toList());
        return chart;
    }

    int size() {
        return trials.size();
    }

    int frontSize() {
        return front.size();
    }

    Map<String, Object> table() {
        List<List<String>> rows = trials.stream()
                .map(t -> List.of(
                        String.valueOf(t.number()) + (t.chosen() ? " (this run)" : ""),
                        Text.count(t.fileBytes()),
                        Text.percent(t.validationErrorPercent(), 2),
                        front.contains(t) ? "yes" : ""))
                .toList();
        return Text.table("All trials", List.of("trial", "bytes", "validation error", "on the front"), rows);
    }
}
