package io.softshare.cli;

import io.softshare.onnx.OnnxWriter;
import io.softshare.pipeline.ModelSource;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A file's tensors as safetensors, or its network as ONNX. Needs no native code. */
@Command(
        name = "decompress",
        mixinStandardHelpOptions = true,
        description = "Writes a file's tensors as .safetensors, or its network as .onnx.")
final class DecompressCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "A .sws, an .onnx, or a .safetensors with --model.")
    private Path file;

    @Option(names = "--out", required = true, paramLabel = "FILE.safetensors|FILE.onnx")
    private Path out;

    @Option(names = "--model", paramLabel = "NAME|FILE.onnx", description = "The network of a .safetensors.")
    private String model;

    @Mixin
    private PreprocessingOptions preprocessing;

    @Mixin
    private LimitOptions limits;

    @Override
    public Integer call() throws IOException {
        boolean onnx = ModelSource.isOnnx(out.toString());
        if (!onnx && !out.toString().endsWith(".safetensors")) {
            throw new UsageException("--out is " + out + ", expected a name that ends in .safetensors or .onnx");
        }
        ModelFile network = ModelFile.read(file, model, null, 0, preprocessing, limits.limits());
        if (onnx) {
            OnnxWriter.write(out, network.graph(), network.tensors());
        } else {
            StateDict.of(network.graph(), network.tensors()).write(out);
        }
        System.err.println(out + ": " + network.tensors().size() + " tensors of "
                + network.graph().name());
        return 0;
    }
}
