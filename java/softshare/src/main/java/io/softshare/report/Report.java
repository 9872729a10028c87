package io.softshare.report;

import io.softshare.container.AtomicFile;
import io.softshare.graph.TensorRole;
import io.softshare.report.RunFolder.Epoch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The report of a run; the same folder gives the same bytes. Needs no device. */
public final class Report {
    private final RunFolder run;
    private final Map<String, Object> values = new HashMap<>();
    private final Map<String, Object> charts = new LinkedHashMap<>();

    private Report(RunFolder run) {
        this.run = run;
    }

    /**
     * Reads a run's folder (see {@link io.softshare.pipeline.RunFiles}) and writes the page, whole or not at all.
     *
     * @throws ReportException if the folder is none, incomplete or damaged
     */
    public static void write(Path folder, Path out) throws IOException {
        AtomicFile.write(out, new Report(RunFolder.read(folder)).page().getBytes(StandardCharsets.UTF_8));
    }

    private String page() throws IOException {
        values.put("model", run.file().model().graph().name());
        values.put("graph", run.file().model().graph().toString());
        String data = run.result().text("data", "–");
        values.put(
                "data",
                data.replaceFirst("/+$", "").replaceFirst("^.*/", "")); // a folder's own name; its path is below
        headline();
        weights();
        training();
        trials();
        filters();
        ByteCharts bytes = new ByteCharts(run.file());
        charts.put("bytes", bytes.chart());
        values.put("parts", numbered(bytes.titles()));
        values.put("bytesTable", bytes.table());
        settings();
        return Page.of(values, charts);
    }

    private void headline() {
        WeightCharts weights = new WeightCharts(run);
        double before = run.result().optionalNumber("pretrainedTestErrorPercent");
        double after = run.result().optionalNumber("testErrorPercent");
        double change = after - before;
        long nonZero = weights.nonZero();
        List<Map<String, Object>> figures = new ArrayList<>();
        figures.add(figure(
                "test error",
                Text.percent(after, 2),
                "dense " + Text.percent(before, 2)
                        + (Double.isNaN(change)
                                ? ""
                                : Math.abs(change) < 0.005
                                        ? ", no change"
                                        : ", " + (change > 0 ? "+" : "−") + Text.fixed(Math.abs(change), 2)
                                                + " points")));
        figures.add(figure(
                "file",
                Text.count(run.file().bytes()) + " B",
                "of " + Text.count(4 * run.file().model().graph().parameterCount()) + " B as floats"));
        figures.add(figure("times smaller", Text.fixed(run.file().compressionRatio(), 1), "four bytes a parameter"));
        figures.add(figure(
                "weights left",
                Text.percent(100.0 * nonZero / weights.weights(), 2),
                Text.count(nonZero) + " of " + Text.count(weights.weights())));
        figures.add(figure(
                "time",
                Text.duration(run.result().optionalNumber("seconds")),
                "on " + run.result().text("device", "an unknown device") + ", all stages"));
        values.put("figures", figures);
        values.put(
                "finishing",
                run.result().optionalList("finishing").stream()
                        .map(String::valueOf)
                        .toList());
    }

    private static Map<String, Object> figure(String name, String value, String note) {
        return Map.of("name", name, "value", value, "note", note);
    }

    private void weights() {
        WeightCharts weights = new WeightCharts(run);
        Map<String, Object> histogram = weights.histogram();
        charts.put("histogram", histogram);
        values.put("histogramTable", WeightCharts.histogramTable(histogram));
        Map<String, Object> scatter = weights.scatter();
        if (scatter != null) {
            charts.put("scatter", scatter);
            values.put(
                    "scatter",
                    Map.of(
                            "table",
                            weights.scatterTable(),
                            "zeroShown",
                            Text.count(((List<?>) scatter.get("zero")).size()),
                            "zeroCount",
                            Text.count((long) scatter.get("zeroCount")),
                            "keptShown",
                            Text.count(((List<?>) scatter.get("kept")).size()),
                            "keptCount",
                            Text.count((long) scatter.get("keptCount"))));
        }
        values.put("sharedValues", weights.sharedValues());
    }

    private void training() {
        TrainingCharts training = new TrainingCharts(run);
        List<Epoch> teacher = run.epochs().stream().filter(Epoch::teacher).toList();
        if (!teacher.isEmpty()) {
            Epoch last = teacher.get(teacher.size() - 1);
            values.put(
                    "teacher",
                    Map.of(
                            "name",
                            run.recipe().teacher(),
                            "epochs",
                            String.valueOf(teacher.size()),
                            "error",
                            Text.percent(last.trainErrorPercent(), 2)));
        }
        if (training.any()) {
            charts.put("epochs", training.epochs());
            values.put("epochs", Map.of("table", training.epochsTable()));
        }
        List<Map<String, Object>> mixtures = new ArrayList<>();
        for (int m = 0; m < training.mixtures(); m++) {
            String suffix = m == 0 ? "" : "-" + (m + 1);
            Map<String, Object> mixture = training.mixture(m);
            charts.put("mixture" + suffix, mixture);
            charts.put("proportions" + suffix, mixture);
            Map<String, Object> section = new LinkedHashMap<>();
            section.put("suffix", suffix);
            section.put("layer", training.mixtures() == 1 ? false : weightTensor(m));
            section.put("table", training.mixtureTable(m));
            mixtures.add(section);
        }
        values.put("mixtures", mixtures);
    }

    /** Name of a weight tensor by its number, of which there are as many as mixtures. */
    private String weightTensor(int number) {
        return run.file().model().graph().tensors().stream()
                .filter(t -> t.role() == TensorRole.WEIGHT)
                .skip(number)
                .findFirst()
                .orElseThrow()
                .name();
    }

    private void trials() {
        TrialChart trials = new TrialChart(run.trials());
        Map<String, Object> chart = trials.chart();
        if (chart != null) {
            charts.put("trials", chart);
            values.put("trials", Map.of("table", trials.table(), "count", trials.size(), "front", trials.frontSize()));
        }
    }

    private void filters() throws IOException {
        FilterSheet sheet = FilterSheet.of(run.file().model().graph());
        if (sheet == null || run.end() == null) {
            return;
        }
        sheet.choose(run.end());
        values.put(
                "filters",
                Map.of(
                        "layer",
                        sheet.layer(),
                        "shown",
                        sheet.unitsShown(),
                        "all",
                        sheet.unitsInAll(),
                        "before",
                        sheet.png(run.start()),
                        "after",
                        sheet.png(run.end())));
    }

    private void settings() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("network", run.file().model().graph().toString()));
        rows.add(List.of("recipe", run.recipe().name()));
        rows.add(List.of("teacher", run.recipe().teacher()));
        if (run.settings() != null) {
            run.settings().forEach((key, value) -> rows.add(List.of(key, value)));
            values.put("command", RepeatCommand.of(run.settings(), run.recipeText()));
        } else {
            for (String key : List.of("model", "data", "seed", "device", "codec")) {
                Object value = run.result().values().get(key);
                if (value != null) {
                    rows.add(List.of(key, String.valueOf(value)));
                }
            }
        }
        rows.add(List.of(
                "file",
                "format " + run.file().major() + "." + run.file().minor() + ", codec "
                        + run.file().codec().name()));
        values.put("settings", Text.table("What was asked for", List.of("setting", "value"), rows));
        values.put("recipe", run.recipeText());
    }

    /** Texts with the number of their colour, from 1. */
    private static List<Map<String, Object>> numbered(List<String> titles) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (String title : titles) {
            all.add(Map.of("title", title, "number", all.size() + 1));
        }
        return all;
    }
}
