package io.softshare.report;

import io.softshare.codec.TensorCost;
import io.softshare.container.SwsFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Where the bytes of the file go, by layer and part. */
final class ByteCharts {
    /** Parts of a tensor's code, in the order of the chart. */
    private enum Part {
        ZERO_MAP("where the non-zeros are", TensorCost::zeroMap),
        SIGNS("their signs", TensorCost::signs),
        INDICES("which value they have", TensorCost::indices),
        CODEBOOK("shared values", TensorCost::codebook),
        OTHER("biases and the like", TensorCost::other),
        STRUCTURE("forms and settings", TensorCost::structure);

        final String title;
        final ToDoubleFunction<TensorCost> bits;

        Part(String title, ToDoubleFunction<TensorCost> bits) {
            this.title = title;
            this.bits = bits;
        }
    }

    private final SwsFile file;
    private final Map<String, double[]> layers = new LinkedHashMap<>();
    private final Map<String, Long> parameters = new LinkedHashMap<>();

    ByteCharts(SwsFile file) {
        this.file = file;
        for (int i = 0; i < file.costs().size(); i++) {
            TensorCost cost = file.costs().get(i);
            String layer = layer(cost.tensor());
            double[] bytes = layers.computeIfAbsent(layer, l -> new double[Part.values().length]);
            for (Part part : Part.values()) {
                bytes[part.ordinal()] += part.bits.applyAsDouble(cost) / 8;
            }
            parameters.merge(layer, (long) file.model().tensors().get(i).spec().size(), Long::sum);
        }
    }

    /** A tensor's name without what follows the last point. */
    private static String layer(String tensor) {
        int point = tensor.lastIndexOf('.');
        return point > 0 ? tensor.substring(0, point) : tensor;
    }

    /** Parts that take anything in this file. */
    private List<Part> parts() {
        return List.of(Part.values()).stream().filter(part -> sum(part) > 0).toList();
    }

    private double sum(Part part) {
        return layers.values().stream().mapToDouble(l -> l[part.ordinal()]).sum();
    }

    /** Bytes by layer and part; the header is a row of its own with one part. */
    Map<String, Object> chart() {
        Map<String, Object> chart = new LinkedHashMap<>();
        chart.put("layers", new ArrayList<>(layers.keySet()));
        chart.put("parts", parts().stream().map(p -> p.title).toList());
        chart.put(
                "bytes",
                parts().stream()
                        .map(p -> layers.values().stream()
                                .map(l -> Math.round(l[p.ordinal()] * 100) / 100.0)
                                .toList())
                        .toList());
        chart.put("rest", rest());
        return chart;
    }

    /** All that is no tensor, and the few bits that close the coded ones. */
    private double rest() {
        double coded = layers.values().stream()
                .flatMapToDouble(java.util.Arrays::stream)
                .sum();
        return Math.round((file.bytes() - coded) * 100) / 100.0;
    }

    /** Names of the parts, for the legend. */
    List<String> titles() {
        return parts().stream().map(p -> p.title).toList();
    }

    Map<String, Object> table() {
        List<String> head = new ArrayList<>(List.of("layer", "parameters"));
        parts().forEach(p -> head.add(p.title));
        head.addAll(List.of("bytes", "bits a parameter"));
        List<List<String>> rows = new ArrayList<>();
        layers.forEach((layer, bytes) -> {
            List<String> row = new ArrayList<>(List.of(layer, Text.count(parameters.get(layer))));
            parts().forEach(p -> row.add(Text.fixed(bytes[p.ordinal()], 1)));
            double total = java.util.Arrays.stream(bytes).sum();
            row.add(Text.fixed(total, 1));
            row.add(Text.fixed(8 * total / parameters.get(layer), 3));
            rows.add(row);
        });
        List<String> header = new ArrayList<>(List.of("header, graph, checksum", ""));
        parts().forEach(p -> header.add(""));
        header.addAll(List.of(Text.fixed(rest(), 1), ""));
        rows.add(header);
        long all = parameters.values().stream().mapToLong(Long::longValue).sum();
        List<String> total = new ArrayList<>(List.of("the whole file", Text.count(all)));
        parts().forEach(p -> total.add(Text.fixed(sum(p), 1)));
        total.addAll(List.of(Text.count(file.bytes()), Text.fixed(8.0 * file.bytes() / all, 3)));
        rows.add(total);
        return Text.table("Bytes by layer and part", head, rows);
    }
}
