package io.softshare.report;

import io.softshare.codec.QuantizedTensor;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** All weights under the prior before and after: their histograms, end against start, and the values that they share. */
final class WeightCharts {
    /** Odd, so that one bin is about zero. */
    private static final int BINS = 81;

    /** Points of the scatter at most, of the weights that ended at zero and of the others. */
    private static final int POINTS = 1500;

    private final List<TensorSpec> specs;
    private final RunFolder run;
    private final float[] start;
    private final float[] end;

    WeightCharts(RunFolder run) {
        this.run = run;
        specs = run.file().model().graph().tensors().stream()
                .filter(t -> t.role() == TensorRole.WEIGHT)
                .toList();
        start = joined(run.start());
        end = run.end() == null ? null : joined(run.end());
    }

    private float[] joined(Map<String, float[]> tensors) {
        float[] all = new float[specs.stream().mapToInt(TensorSpec::size).reduce(0, Math::addExact)];
        int at = 0;
        for (TensorSpec spec : specs) {
            float[] values = tensors.get(spec.name());
            System.arraycopy(values, 0, all, at, values.length);
            at += values.length;
        }
        return all;
    }

    int weights() {
        return start.length;
    }

    /** Weights of the file that are not zero. */
    long nonZero() {
        return run.file().model().tensors().stream()
                .filter(t -> t.spec().role() == TensorRole.WEIGHT)
                .mapToLong(t -> t.nonZero())
                .sum();
    }

    /** Values of the file in its own order: for what does not need weights matched. */
    private float[] stored() {
        if (end != null) {
            return end;
        }
        Map<String, float[]> tensors = new LinkedHashMap<>();
        run.file().model().tensors().forEach(t -> tensors.put(t.spec().name(), t.values()));
        return joined(tensors);
    }

    /** Counts of weights before and after in equal bins over ±the largest. */
    Map<String, Object> histogram() {
        float[] after = stored();
        double largest = Math.max(largest(start), largest(after));
        double width = 2 * (largest > 0 ? largest : 1) / BINS;
        Map<String, Object> chart = new LinkedHashMap<>();
        double[] centres = new double[BINS];
        for (int b = 0; b < BINS; b++) {
            centres[b] = (b - BINS / 2) * width;
        }
        chart.put("centres", centres);
        chart.put("width", width);
        chart.put("before", counts(start, width));
        chart.put("after", counts(after, width));
        return chart;
    }

    private static double largest(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static long[] counts(float[] values, double width) {
        long[] counts = new long[BINS];
        for (float value : values) {
            if (!Float.isNaN(value)) {
                int bin = (int) Math.round(value / width) + BINS / 2;
                counts[Math.max(0, Math.min(BINS - 1, bin))]++;
            }
        }
        return counts;
    }

    static Map<String, Object> histogramTable(Map<String, Object> histogram) {
        double[] centres = (double[]) histogram.get("centres");
        double half = (double) histogram.get("width") / 2;
        long[] before = (long[]) histogram.get("before");
        long[] after = (long[]) histogram.get("after");
        List<List<String>> rows = new ArrayList<>();
        for (int b = 0; b < centres.length; b++) {
            if (before[b] + after[b] > 0) {
                rows.add(List.of(
                        Text.fixed(centres[b] - half, 4) + " to " + Text.fixed(centres[b] + half, 4),
                        Text.count(before[b]),
                        Text.count(after[b])));
            }
        }
        return Text.table("Weights by value", List.of("value", "before", "after"), rows);
    }

    /** End against start of a sample, or null where single weights cannot be matched. */
    Map<String, Object> scatter() {
        if (end == null) {
            return null;
        }
        Map<String, Object> chart = new LinkedHashMap<>();
        long kept = 0;
        for (float value : end) {
            kept += value != 0 ? 1 : 0;
        }
        chart.put("zero", sample(false, end.length - kept));
        chart.put("kept", sample(true, kept));
        chart.put("zeroCount", end.length - kept);
        chart.put("keptCount", kept);
        return chart;
    }

    /** So many weights, each as likely as the next, the same ones each time: selection in index order. */
    private List<double[]> sample(boolean kept, long count) {
        Random random = new Random(1);
        List<double[]> points = new ArrayList<>();
        long left = count;
        for (int i = 0; i < end.length && points.size() < POINTS; i++) {
            if ((end[i] != 0) != kept) {
                continue;
            }
            if (random.nextDouble() * left < POINTS - points.size()) {
                points.add(new double[] {rounded(start[i]), rounded(end[i])});
            }
            left--;
        }
        return points;
    }

    private static double rounded(float value) {
        return Math.round(value * 1e5) / 1e5;
    }

    /** What the scatter shows, in numbers: start values of those that ended at zero and of the others, and how far they went. */
    Map<String, Object> scatterTable() {
        double[] sizes = new double[2];
        double[] moves = new double[2];
        long[] counts = new long[2];
        long[] flips = new long[2];
        for (int i = 0; i < end.length; i++) {
            int kind = end[i] != 0 ? 1 : 0;
            counts[kind]++;
            sizes[kind] += Math.abs(start[i]);
            moves[kind] += Math.abs(end[i] - start[i]);
            flips[kind] += start[i] * end[i] < 0 ? 1 : 0;
        }
        List<List<String>> rows = new ArrayList<>();
        for (int kind = 0; kind < 2; kind++) {
            rows.add(List.of(
                    kind == 0 ? "ended at zero" : "ended elsewhere",
                    Text.count(counts[kind]),
                    Text.significant(sizes[kind] / counts[kind]),
                    Text.significant(moves[kind] / counts[kind]),
                    kind == 0 ? "–" : Text.count(flips[kind])));
        }
        return Text.table(
                "Weights from start to end, all of them",
                List.of("", "weights", "mean size at the start", "mean distance moved", "changed sign"),
                rows);
    }

    /** Shared values and how many weights have each, zero first. */
    Map<String, Object> sharedValues() {
        Map<Float, Long> counts = new TreeMap<>();
        long quantized = 0;
        for (var tensor : run.file().model().tensors()) {
            if (tensor instanceof QuantizedTensor q && q.spec().role() == TensorRole.WEIGHT) {
                long[] uses = new long[q.codebook().length];
                for (int index : q.indices()) {
                    uses[index]++;
                }
                for (int k = 0; k < uses.length; k++) {
                    counts.merge(q.codebook()[k], uses[k], Long::sum);
                }
                quantized += q.indices().length;
            }
        }
        List<List<String>> rows = new ArrayList<>();
        for (Map.Entry<Float, Long> entry : counts.entrySet()) {
            if (entry.getValue() > 0) {
                rows.add(List.of(
                        Text.significant(entry.getKey()),
                        Text.count(entry.getValue()),
                        Text.percent(100.0 * entry.getValue() / quantized, 3)));
            }
        }
        return Text.table("Shared values in the file", List.of("value", "weights", "of all"), rows);
    }
}
