package io.softshare.cli;

import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A .sws file's tensors as safetensors. Needs no native code. */
@Command(
        name = "decompress",
        mixinStandardHelpOptions = true,
        description = "Writes a .sws file's tensors as .safetensors.")
final class DecompressCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE")
    private Path file;

    @Option(names = "--out", required = true, paramLabel = "FILE.safetensors")
    private Path out;

    @Override
    public Integer call() throws IOException {
        SwsFile sws = SwsReader.read(file);
        Map<String, float[]> tensors = new LinkedHashMap<>();
        sws.model().tensors().forEach(t -> tensors.put(t.spec().name(), t.values()));
        StateDict.of(sws.model().graph(), tensors).write(out);
        System.err.println(out + ": " + tensors.size() + " tensors of "
                + sws.model().graph().name());
        return 0;
    }
}
