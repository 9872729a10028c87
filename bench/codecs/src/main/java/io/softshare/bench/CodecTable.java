package io.softshare.bench;

import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.Limits;
import io.softshare.codec.QuantizedTensor;
import io.softshare.container.CompressedModel;
import io.softshare.container.SwsReader;
import io.softshare.container.SwsWriter;
import io.softshare.simplify.Reordering;
import io.softshare.simplify.Simplified;
import io.softshare.simplify.Simplifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Prints, for .sws files, what each coder makes of the same tensors: bytes of a whole file, where they go, and speed. */
public final class CodecTable {
    /** The coded bits of the yardstick may lie this far above what its models promise. */
    private static final double IDEAL_TOLERANCE = 0.03;

    private final double seconds;
    private boolean simplify;
    private final StringBuilder out = new StringBuilder();

    private CodecTable(double seconds, boolean simplify) {
        this.seconds = seconds;
        this.simplify = simplify;
    }

    /** Arguments: [--seconds S] [--simplify] [--synthetic] FILE...; bench/codec adds the rest. */
    public static void main(String[] args) throws Exception {
        double seconds = 2;
        boolean synthetic = false;
        boolean simplify = false;
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            if (args[i].equals("--seconds") && i + 1 < args.length) {
                seconds = Double.parseDouble(args[++i]);
            } else if (args[i].equals("--simplify")) {
                simplify = true;
            } else if (args[i].equals("--synthetic")) {
                synthetic = true;
            } else {
                files.add(Path.of(args[i]));
            }
        }
        CodecTable table = new CodecTable(seconds, simplify);
        try {
            for (Path file : files) {
                table.add(file.getFileName().toString(), read(file));
            }
            if (synthetic) {
                table.simplify = false; // one layer has no units that could go
                table.add("synthetic layer 2000 × 2000", Synthetic.layer(2000, 2000, 0.05, 1));
            }
        } catch (IOException | IllegalStateException e) {
            System.err.println("bench/codec: " + e.getMessage());
            System.exit(1);
        }
        System.out.print(table.out);
    }

    private static CompressedModel read(Path file) throws IOException {
        try {
            return SwsReader.read(file).model();
        } catch (IOException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /** One coder's row. */
    private record Row(String name, long bytes, Map<String, Double> parts, Timing encode, Timing decode) {}

    private void add(String title, CompressedModel model) throws Exception {
        System.err.println("bench/codec: " + title);
        long header = SwsReader.read(SwsWriter.encode(model, Codecs.defaultCodec()), Limits.DEFAULT)
                .graphBytes();
        long weights = 0;
        long nonZero = 0;
        int components = 0;
        for (CompressedTensor tensor : model.tensors()) {
            if (tensor instanceof QuantizedTensor q) {
                weights += tensor.spec().size();
                nonZero += tensor.nonZero();
                components = Math.max(components, q.codebook().length);
            }
        }
        List<Row> rows = new ArrayList<>();
        StringBuilder ideal = new StringBuilder();
        for (Coder coder : Coder.all()) {
            byte[] bytes = coder.encode(model);
            List<CompressedTensor> decoded = coder.decode(model, bytes);
            if (!decoded.equals(model.tensors())) {
                throw new IllegalStateException(
                        coder.name() + " does not give back what it encoded of " + title + "; nothing is measured");
            }
            if (coder instanceof Coder.Yardstick y) {
                Cabac.Coded coded = new Cabac(y.choosing()).measure(model.tensors());
                double excess = 8.0 * bytes.length / coded.idealBits() - 1;
                ideal.append(String.format(
                        Locale.ROOT,
                        "%s%s %,d bits coded, %,.0f by formula (%+.2f %%)",
                        ideal.isEmpty() ? "" : "; ",
                        coder.name(),
                        8L * bytes.length,
                        coded.idealBits(),
                        100 * excess));
                if (Math.abs(excess) > IDEAL_TOLERANCE) {
                    throw new IllegalStateException("the yardstick is out of order: " + ideal);
                }
            }
            Timing encode = seconds > 0 ? Timing.of(seconds, () -> coder.encode(model)) : null;
            Timing decode = seconds > 0 ? Timing.of(seconds, () -> coder.decode(model, bytes)) : null;
            long whole = bytes.length + (coder.whole() ? 0 : header);
            rows.add(new Row(coder.name(), whole, coder.parts(model, bytes), encode, decode));
        }
        print(title, model, header, weights, nonZero, components, ideal.toString(), rows);
    }

    private void print(
            String title,
            CompressedModel model,
            long header,
            long weights,
            long nonZero,
            int components,
            String ideal,
            List<Row> rows) {
        long cabac = bytesOf(rows, "cabac");
        long chosen = bytesOf(rows, "cabac-chosen");
        long huffman = bytesOf(rows, "csr-huffman");
        line("## %s%n", title);
        line(
                "%s. %,d weights, %,d of them not zero (%.2f %%), at most %d components; %,d other values.%n",
                model.graph(),
                weights,
                nonZero,
                100.0 * nonZero / weights,
                components,
                model.graph().tensors().stream().mapToLong(t -> t.size()).sum() - weights);
        line("Header, graph and checksum: %d bytes, counted alike for every coder that has none of its own.", header);
        line("The yardstick against its own models: %s.%n", ideal);
        line(
                "| coder | bytes of a whole file | under cabac | under cabac-chosen | under csr-huffman | encode, M weights/s "
                        + "| decode, M weights/s |");
        line("|---|---|---|---|---|---|---|");
        for (Row row : rows) {
            line(
                    "| %s | %,d | %.1f %% | %.1f %% | %.1f %% | %s | %s |",
                    row.name(),
                    row.bytes(),
                    100 - 100.0 * row.bytes() / cabac,
                    100 - 100.0 * row.bytes() / chosen,
                    100 - 100.0 * row.bytes() / huffman,
                    row.encode() == null ? "–" : row.encode().millions(weights),
                    row.decode() == null ? "–" : row.decode().millions(weights));
        }
        line("%nBits a non-zero weight, by part (bytes in brackets):%n");
        for (Row row : rows) {
            if (!row.parts().isEmpty()) {
                Map<String, String> texts = new LinkedHashMap<>();
                double nonZeroOrOne = Math.max(1, nonZero);
                row.parts()
                        .forEach((part, bits) -> texts.put(
                                part,
                                String.format(Locale.ROOT, "%s %.3f (%,.0f)", part, bits / nonZeroOrOne, bits / 8)));
                line("- %s: %s", row.name(), String.join(", ", texts.values()));
            }
        }
        line("");
        if (simplify) {
            printSimplified(model, header);
        }
    }

    /** What the same network takes once it is simplified, and once its units are reordered too. */
    private void printSimplified(CompressedModel model, long header) {
        Simplified simplified = Simplifier.simplify(model);
        line(
                "Simplified: %d units dropped, %d constants folded and %d kept, %d weights and %d other values now zero, "
                        + "no logit off by more than %.1e.%n",
                simplified.droppedUnits(),
                simplified.foldedConstants(),
                simplified.keptConstants(),
                simplified.removedWeights(),
                simplified.removedOthers(),
                simplified.logitError());
        line("| coder | bytes as it is | simplified | and reordered | groups moved |");
        line("|---|---|---|---|---|");
        for (Coder coder : Coder.all()) {
            if (!coder.whole() && !coder.name().equals("cabac")) {
                continue; // the yardstick is the one of the others that a codec is held against
            }
            long added = coder.whole() ? 0 : header;
            long before = coder.encode(model).length + added;
            long after = coder.encode(simplified.model()).length + added;
            Reordering.Reordered reordered =
                    Reordering.reorder(simplified.model(), m -> coder.encode(m).length + added);
            line(
                    "| %s | %,d | %,d (%.1f %%) | %,d (%.1f %%) | %d of %d |",
                    coder.name(),
                    before,
                    after,
                    100.0 * after / before - 100,
                    reordered.bytesAfter(),
                    100.0 * reordered.bytesAfter() / before - 100,
                    reordered.movedGroups(),
                    reordered.groups());
        }
        line("");
    }

    private static long bytesOf(List<Row> rows, String name) {
        return rows.stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElseThrow()
                .bytes();
    }

    private void line(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
