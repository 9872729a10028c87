package io.softshare.cli;

import io.softshare.codec.CompressedTensor;
import io.softshare.codec.QuantizedTensor;
import io.softshare.codec.TensorCost;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.json.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is in a .sws file and what takes how much. Needs no native code. */
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Shows what a .sws file holds, by tensor.")
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE")
    private Path file;

    @Option(names = "--json", description = "One JSON object on stdout.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        SwsFile sws = SwsReader.read(file);
        List<Object> tensors = new ArrayList<>();
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s: %s, format %d.%d, codec %s, %,d bytes, %.1f times smaller%n%-28s %-18s %9s %9s %10s%n",
                file,
                sws.model().graph(),
                sws.major(),
                sws.minor(),
                sws.codec().name(),
                sws.bytes(),
                sws.compressionRatio(),
                "tensor",
                "shape",
                "non-zero",
                "codebook",
                "bytes"));
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
            List<Object> values = new ArrayList<>();
            for (float value : codebook) {
                values.add((double) value);
            }
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", tensor.spec().name());
            entry.put(
                    "shape",
                    tensor.spec().shape().stream().map(d -> (Object) (long) d).toList());
            entry.put("nonZero", (long) tensor.nonZero());
            entry.put("codebook", values);
            entry.put("bits", bits);
            tensors.add(entry);
            text.append(String.format(
                    Locale.ROOT,
                    "%-28s %-18s %,9d %9d %10.1f%n",
                    tensor.spec().name(),
                    tensor.spec().shape(),
                    tensor.nonZero(),
                    codebook.length,
                    cost.total() / 8));
        }
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("model", sws.model().graph().name());
            values.put("codec", sws.codec().name());
            values.put("fileBytes", sws.bytes());
            values.put("compressionRatio", sws.compressionRatio());
            values.put("tensors", tensors);
            System.out.println(Json.write(values));
        } else {
            System.out.print(text);
        }
        return 0;
    }
}
