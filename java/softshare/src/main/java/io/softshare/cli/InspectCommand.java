package io.softshare.cli;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.codec.TensorCost;
import io.softshare.container.SwsFile;
import io.softshare.graph.Graph;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.TensorSpec;
import io.softshare.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is in a file and, for a .sws, what takes how much. Needs no native code. */
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Shows what a file holds, by tensor.")
final class InspectCommand implements Callable<Integer> {
    /** Name, shape, counts, bytes by part. */
    private static final String ROW = "%-26s %-16s %9s %6s %9s %9s %9s %9s %9s %9s %10s%n";

    @Parameters(paramLabel = "FILE", description = "A .sws, an .onnx, or a .safetensors with --model.")
    private Path file;

    @Option(names = "--model", paramLabel = "NAME|FILE.onnx", description = "The network of a .safetensors.")
    private String model;

    @Option(names = "--json", description = "One JSON object on stdout.")
    private boolean json;

    @Mixin
    private PreprocessingOptions preprocessing;

    @Mixin
    private LimitOptions limits;

    @Override
    public Integer call() throws IOException {
        ModelFile network = ModelFile.read(file, model, null, 0, preprocessing, limits.limits());
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model", network.graph().name());
        StringBuilder text = new StringBuilder();
        List<Object> tensors = new ArrayList<>();
        if (network.sws() != null) {
            describe(network.sws(), values, text);
            describeTensors(network.sws(), tensors, text);
        } else {
            describe(network, values, text);
            describeTensors(network, tensors, text);
        }
        values.put("preprocessing", preprocessing(network.graph().preprocessing()));
        values.put("tensors", tensors);
        if (json) {
            System.out.println(Json.write(values));
        } else {
            System.out.print(text);
        }
        return 0;
    }

    private void describe(SwsFile sws, Map<String, Object> values, StringBuilder text) {
        values.put("codec", sws.codec().name());
        values.put("fileBytes", sws.bytes());
        values.put("headerBytes", sws.graphBytes());
        values.put("compressionRatio", sws.compressionRatio());
        text.append(String.format(
                Locale.ROOT,
                "%s: %s, format %d.%d, codec %s, %,d bytes, %.1f times smaller%n%s%nbytes:%n" + ROW,
                file,
                sws.model().graph(),
                sws.major(),
                sws.minor(),
                sws.codec().name(),
                sws.bytes(),
                sws.compressionRatio(),
                text(sws.model().graph()),
                "tensor",
                "shape",
                "non-zero",
                "values",
                "structure",
                "zero map",
                "signs",
                "indices",
                "codebook",
                "other",
                "all"));
    }

    private void describe(ModelFile network, Map<String, Object> values, StringBuilder text) throws IOException {
        long bytes = Files.size(file);
        values.put("fileBytes", bytes);
        text.append(String.format(
                Locale.ROOT,
                "%s: %s, %,d bytes%n%s%n%-28s %-18s %9s%n",
                file,
                network.graph(),
                bytes,
                text(network.graph()),
                "tensor",
                "shape",
                "non-zero"));
    }

    /** How images are prepared, in a line. */
    private static String text(Graph graph) {
        Preprocessing p = graph.preprocessing();
        return "pixels less " + shown(p.mean()) + " over " + shown(p.scale()) + ", "
                + p.order().name().toLowerCase(Locale.ROOT) + "; ONNX input "
                + p.layout().name().toLowerCase(Locale.ROOT);
    }

    /** One number where all are equal. */
    private static String shown(List<Float> values) {
        boolean equal = Collections.frequency(values, values.get(0)) == values.size();
        return equal ? String.valueOf(values.get(0)) : values.toString();
    }

    private static Map<String, Object> preprocessing(Preprocessing p) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("mean", p.mean().stream().map(v -> (Object) (double) v).toList());
        values.put("scale", p.scale().stream().map(v -> (Object) (double) v).toList());
        values.put("channelOrder", p.order().name().toLowerCase(Locale.ROOT));
        values.put("layout", p.layout().name().toLowerCase(Locale.ROOT));
        return values;
    }

    private static Map<String, Object> entry(TensorSpec spec, long nonZero) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", spec.name());
        entry.put("shape", spec.shape().stream().map(d -> (Object) (long) d).toList());
        entry.put("nonZero", nonZero);
        return entry;
    }

    private static void describeTensors(ModelFile network, List<Object> tensors, StringBuilder text) {
        for (TensorSpec spec : network.graph().tensors()) {
            long nonZero = 0;
            for (float value : network.tensors().get(spec.name())) {
                nonZero += value != 0 ? 1 : 0;
            }
            tensors.add(entry(spec, nonZero));
            text.append(String.format(Locale.ROOT, "%-28s %-18s %,9d%n", spec.name(), spec.shape(), nonZero));
        }
    }

    private static void describeTensors(SwsFile sws, List<Object> tensors, StringBuilder text) {
        TensorCost total = null;
        for (int i = 0; i < sws.model().tensors().size(); i++) {
            CompressedTensor tensor = sws.model().tensors().get(i);
            TensorCost cost = sws.costs().get(i);
            float[] codebook = tensor instanceof QuantizedTensor q ? q.codebook() : new float[0];
            Map<String, Object> bits = new LinkedHashMap<>();
            bits.put("structure", cost.structure());
            bits.put("zeroMap", cost.zeroMap());
            bits.put("signs", cost.signs());
            bits.put("indices", cost.indices());
            bits.put("codebook", cost.codebook());
            bits.put("other", cost.other());
            List<Object> shared = new ArrayList<>();
            for (float value : codebook) {
                shared.add((double) value);
            }
            Map<String, Object> entry = entry(tensor.spec(), tensor.nonZero());
            entry.put("codebook", shared);
            entry.put("bits", bits);
            tensors.add(entry);
            String values = codebook.length == 0 ? "" : String.valueOf(codebook.length);
            row(text, tensor.spec().name(), tensor.spec().shape().toString(), tensor.nonZero(), values, cost);
            total = total == null ? cost : total.plus(cost);
        }
        if (total != null) {
            row(text, "all tensors", "", sws.model().nonZero(), "", total);
        }
        text.append(String.format(
                Locale.ROOT, "header, graph, table of sections, checksum: %,d bytes%n", sws.graphBytes()));
    }

    private static void row(
            StringBuilder text, String name, String shape, long nonZero, String values, TensorCost cost) {
        text.append(String.format(
                Locale.ROOT,
                ROW,
                name,
                shape,
                String.format(Locale.ROOT, "%,d", nonZero),
                values,
                bytes(cost.structure()),
                bytes(cost.zeroMap()),
                bytes(cost.signs()),
                bytes(cost.indices()),
                bytes(cost.codebook()),
                bytes(cost.other()),
                bytes(cost.total())));
    }

    private static String bytes(double bits) {
        return bits == 0 ? "" : String.format(Locale.ROOT, "%,.1f", bits / 8);
    }
}
