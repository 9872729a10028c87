package io.softshare.cli;

import io.softshare.pipeline.ModelSource;
import java.io.IOException;
import picocli.CommandLine.Command;

/** Trained weights to a .sws file. */
@Command(
        name = "retrain",
        mixinStandardHelpOptions = true,
        description =
                "Retrains given weights (--weights, or an .onnx as --model) under the mixture prior and writes a .sws file.")
final class RetrainCommand extends CompressCommand {
    @Override
    String command() {
        return "retrain";
    }

    @Override
    public Integer call() throws IOException {
        if (weights == null && !resumes() && (model == null || !ModelSource.isOnnx(model))) {
            throw new UsageException(
                    "--weights is missing; name a .safetensors or an .onnx as --model, or use compress to train first");
        }
        return super.call();
    }
}
