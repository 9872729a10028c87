package io.softshare.cli;

import java.io.IOException;
import picocli.CommandLine.Command;

/** Trained weights to a .sws file. */
@Command(
        name = "retrain",
        mixinStandardHelpOptions = true,
        description = "Retrains given weights (--weights) under the mixture prior and writes a .sws file.")
final class RetrainCommand extends CompressCommand {
    @Override
    public Integer call() throws IOException {
        if (weights == null && !resumes()) {
            throw new UsageException("--weights is missing; name a .safetensors, or use compress to train first");
        }
        return super.call();
    }
}
