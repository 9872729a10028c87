package io.softshare.report;

import io.softshare.prior.Mixture;
import io.softshare.report.RunFolder.Epoch;
import io.softshare.train.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The network's epochs one after another, whatever the stage: error, loss and live weights, and the mixture. */
final class TrainingCharts {
    private final RunFolder run;
    private final List<Epoch> epochs;

    TrainingCharts(RunFolder run) {
        this.run = run;
        epochs = run.epochs().stream().filter(e -> !e.teacher()).toList();
    }

    /** Whether the network was trained at all, rather than only its teacher. */
    boolean any() {
        return !epochs.isEmpty();
    }

    /** Stages as they ran: name, first and last epoch counted from 1 over the whole run. */
    private List<Map<String, Object>> stages() {
        List<Map<String, Object>> stages = new ArrayList<>();
        for (int i = 0; i < epochs.size(); i++) {
            if (i == 0
                    || epochs.get(i).number() <= epochs.get(i - 1).number()
                    || !epochs.get(i).stage().equals(epochs.get(i - 1).stage())) {
                Map<String, Object> stage = new LinkedHashMap<>();
                stage.put("name", epochs.get(i).stage());
                stage.put("from", i + 1);
                stages.add(stage);
            }
            stages.get(stages.size() - 1).put("to", i + 1);
        }
        return stages;
    }

    /** Losses, errors and live weights by epoch. */
    Map<String, Object> epochs() {
        Map<String, Object> chart = new LinkedHashMap<>();
        chart.put("stages", stages());
        chart.put("loss", epochs.stream().map(Epoch::loss).toList());
        chart.put("train", epochs.stream().map(Epoch::trainErrorPercent).toList());
        chart.put(
                "validation", epochs.stream().map(Epoch::validationErrorPercent).toList());
        chart.put("live", epochs.stream().map(Epoch::liveWeights).toList());
        return chart;
    }

    Map<String, Object> epochsTable() {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < epochs.size(); i++) {
            Epoch e = epochs.get(i);
            rows.add(List.of(
                    String.valueOf(i + 1),
                    e.stage() + " " + e.number(),
                    Text.significant(e.loss()),
                    Text.percent(e.trainErrorPercent(), 3),
                    Text.percent(e.validationErrorPercent(), 2),
                    Text.count(e.liveWeights())));
        }
        return Text.table(
                "Every epoch",
                List.of("epoch", "stage", "loss", "training error", "validation error", "live weights"),
                rows);
    }

    /** Whether an epoch's mixture was in use: in plain and hard stages the state's is left over from another. */
    private boolean usesMixture(Epoch epoch) {
        return !epoch.mixtures().isEmpty()
                && run.recipe().stages().stream()
                        .filter(s -> s.name().equals(epoch.stage()))
                        .anyMatch(s -> s.kind() != Stage.Kind.PLAIN && s.kind() != Stage.Kind.HARD);
    }

    /** How many mixtures there were: none, one of all weights, or one of each weight tensor. */
    int mixtures() {
        return epochs.stream()
                .filter(this::usesMixture)
                .mapToInt(e -> e.mixtures().size())
                .min()
                .orElse(0);
    }

    /** Whether one epoch goes on with a mixture where another left it: in the same stage, with as many components. */
    private boolean goesOn(Epoch before, Epoch epoch, int number) {
        return usesMixture(before)
                && usesMixture(epoch)
                && before.stage().equals(epoch.stage())
                && before.mixtures().get(number).length == epoch.mixtures().get(number).length;
    }

    /**
     * A mixture over time in pieces of equal number of components; a component is a line only within its piece.
     */
    Map<String, Object> mixture(int number) {
        List<Map<String, Object>> pieces = new ArrayList<>();
        for (int i = 0; i < epochs.size(); i++) {
            Epoch epoch = epochs.get(i);
            if (!usesMixture(epoch)) {
                continue;
            }
            if (i == 0 || !goesOn(epochs.get(i - 1), epoch, number)) {
                Map<String, Object> piece = new LinkedHashMap<>();
                piece.put("from", i + 1);
                piece.put("stage", epoch.stage());
                piece.put("zero", hasZero(epoch, number));
                piece.put("mixtures", new ArrayList<double[]>());
                pieces.add(piece);
            }
            @SuppressWarnings("unchecked")
            List<double[]> mixtures =
                    (List<double[]>) pieces.get(pieces.size() - 1).get("mixtures");
            mixtures.add(rounded(epoch.mixtures().get(number)));
        }
        Map<String, Object> chart = new LinkedHashMap<>();
        chart.put("stages", stages());
        chart.put("epochs", epochs.size());
        chart.put("pieces", pieces);
        return chart;
    }

    private static boolean hasZero(Epoch epoch, int number) {
        return Mixture.of(epoch.mixtures().get(number)).mean(0) == 0;
    }

    /** Five digits: what a pixel can show, at a third of the text. */
    private static double[] rounded(double[] values) {
        double[] short5 = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            double scale = values[i] == 0 ? 1 : Math.pow(10, 4 - Math.floor(Math.log10(Math.abs(values[i]))));
            short5[i] = Math.round(values[i] * scale) / scale;
        }
        return short5;
    }

    /** A mixture where each piece ends. */
    Map<String, Object> mixtureTable(int number) {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < epochs.size(); i++) {
            Epoch epoch = epochs.get(i);
            Epoch next = i + 1 < epochs.size() ? epochs.get(i + 1) : null;
            if (!usesMixture(epoch) || next != null && goesOn(epoch, next, number)) {
                continue;
            }
            Mixture mixture = Mixture.of(epoch.mixtures().get(number));
            for (int j = 0; j < mixture.size(); j++) {
                rows.add(List.of(
                        epoch.stage() + ", epoch " + (i + 1),
                        j == 0 && hasZero(epoch, number) ? "zero" : String.valueOf(hasZero(epoch, number) ? j : j + 1),
                        Text.significant(mixture.mean(j)),
                        Text.significant(mixture.deviation(j)),
                        Text.significant(mixture.proportion(j))));
            }
        }
        return Text.table(
                "The mixture at the ends of stages",
                List.of("after", "component", "mean", "standard deviation", "proportion"),
                rows);
    }
}
