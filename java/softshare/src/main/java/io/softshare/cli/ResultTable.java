package io.softshare.cli;

import io.softshare.codec.TensorCost;
import io.softshare.container.SwsFile;
import io.softshare.pipeline.Compression;
import io.softshare.pipeline.RunResult;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What a compression gave, for people: before and after, bytes by part, and the paper's figures where it has them. */
final class ResultTable {
    /** Table 1 of Ullrich, Meeds and Welling, ICLR 2017: error before and after (%), non-zero (%), ratio. */
    private record Paper(String before, String after, String nonZero, String ratio) {}

    private static final Map<String, Paper> PAPER = Map.of(
            "lenet-300-100 mnist", new Paper("1.89", "1.94", "4.3", "64"),
            "lenet-5 mnist", new Paper("0.88", "0.97", "0.5", "162"),
            "wrn-16-4 cifar10", new Paper("6.48", "8.50", "6.6", "45"));

    private ResultTable() {}

    static String of(SwsFile file, String data, Compression.Result result) {
        long weights = RunResult.weights(file);
        long nonZero = RunResult.nonZero(file);
        Paper paper = PAPER.get(file.model().graph().name() + " " + data);
        StringBuilder out = new StringBuilder();
        line(out, "", "before", "after", paper == null ? "" : "the paper");
        line(
                out,
                "test error",
                percent(result.pretrainedErrorPercent()),
                percent(result.testErrorPercent()),
                paper == null ? "" : paper.before() + " to " + paper.after() + " %");
        line(
                out,
                "non-zero weights",
                String.format(Locale.ROOT, "%,d", weights),
                String.format(Locale.ROOT, "%,d (%.2f %%)", nonZero, 100.0 * nonZero / weights),
                paper == null ? "" : paper.nonZero() + " %");
        line(
                out,
                "bytes",
                String.format(Locale.ROOT, "%,d", 4 * file.model().graph().parameterCount()),
                String.format(Locale.ROOT, "%,d (%.1f times smaller)", file.bytes(), file.compressionRatio()),
                paper == null ? "" : paper.ratio() + " times");
        part(out, file, "where the non-zeros are", TensorCost::zeroMap);
        part(out, file, "their signs", TensorCost::signs);
        part(out, file, "which value they have", TensorCost::indices);
        part(out, file, "shared values", TensorCost::codebook);
        part(out, file, "biases and the like", TensorCost::other);
        part(out, file, "forms and settings", TensorCost::structure);
        line(out, "  header, graph, checksum", "", String.format(Locale.ROOT, "%,d", file.graphBytes()), "");
        line(
                out,
                "order of hidden units",
                "",
                result.reordered() ? "canonical" : "as trained (see --canonical-order)",
                "");
        for (String step : result.finishing()) {
            out.append("  ").append(step).append('\n');
        }
        return out.toString();
    }

    /** Weights of a file that are not zero. */
    private static void part(StringBuilder out, SwsFile file, String name, ToDoubleFunction<TensorCost> bits) {
        double bytes = file.costs().stream().mapToDouble(bits).sum() / 8;
        line(out, "  " + name, "", String.format(Locale.ROOT, "%,.0f", bytes), "");
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f %%", value);
    }

    private static void line(StringBuilder out, String name, String before, String after, String paper) {
        out.append(String.format(Locale.ROOT, "%-26s %10s   %-28s %s", name, before, after, paper)
                        .stripTrailing())
                .append('\n');
    }
}
